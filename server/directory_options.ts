/**
 * The options of the directory store.
 *
 * @module
 */
import { type Option, PATH, SWITCH } from "./option_form.ts";

/** What the daemon was told of its directory. */
export interface DirectoryConfig {
  /** Directory of the lock files, absolute or relative to the working directory. */
  readonly directory: string;
  /** Never removes lock files that nobody uses. */
  readonly keepFiles: boolean;
  /** Has the directory for itself. */
  readonly sole: boolean;
  /** Serves even a directory where locks may not exclude. */
  readonly force: boolean;
}

/** Its options, for the table of all. */
export const DIRECTORY_OPTIONS = {
  directory: { form: PATH, initial: "./locks", help: "directory of the lock files, made if missing" },
  keepFiles: { form: SWITCH, initial: "false", help: "never remove lock files that nobody uses" },
  sole: {
    form: SWITCH,
    initial: "false",
    help: "have the directory alone: quicker, but keeps no other program out",
  },
  force: { form: SWITCH, initial: "false", help: "serve a directory that distrilock doctor finds unfit" },
} as const satisfies Record<string, Option<unknown>>;

/** An option that is not as it is unless somebody says so; undefined when all are. */
export function directoryOptionOf(config: DirectoryConfig): keyof DirectoryConfig | undefined {
  const keys = Object.keys(DIRECTORY_OPTIONS) as (keyof DirectoryConfig)[];
  return keys.find((key) => String(config[key]) !== DIRECTORY_OPTIONS[key].initial);
}
