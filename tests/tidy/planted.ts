/**
 * Files that exist only in a test: the planted violations that the tidy checks must find.
 *
 * @module
 */
import { SourceFile } from "./source_file.ts";

/** Files with these texts, by their paths. */
export function plant(texts: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(texts).map(([path, text]) => new SourceFile(path, text));
}
