/**
 * The shape of files: how long they and their functions may be, what they may be called, and how they begin.
 *
 * @module
 */
import { linesOf, type SourceFile } from "./source_file.ts";

/** Longest TypeScript file, in lines. */
export const FILE_LINES_MAX = 300;

/** Longest function, in lines from its head to its closing brace. */
export const FUNCTION_LINES_MAX = 60;

/** Longest line of a comment, in characters: that of the formatter, which wraps code only. */
export const COMMENT_WIDTH_MAX = 110;

const SNAKE_CASE = /^[a-z0-9]+(?:_[a-z0-9]+)*(?:\.d)?\.[tj]s$/;
const EMPTY_NAME = /(?:^|_)(?:utils?|helpers?|types?|index|managers?)(?=_|\.|$)/;

/** Files that are too long. */
export function checkFileLengths(files: readonly SourceFile[]): string[] {
  return files.filter(({ isTypeScript }) => isTypeScript).flatMap(({ path, text }) => {
    const { length } = linesOf(text);
    if (length <= FILE_LINES_MAX) return [];
    return [`${path}: a file of ${length} lines is banned, use files of at most ${FILE_LINES_MAX}`];
  });
}

/** Comments that are too wide. Examples, diagrams and tables are as wide as they have to be. */
export function checkCommentWidths(files: readonly SourceFile[]): string[] {
  return files.filter(({ isTypeScript }) => isTypeScript).flatMap((file) => {
    let isFenced = false;
    return linesOf(file.text).flatMap((line, index) => {
      const [, text] = /^\s*(?:\/\/|\/\*\*|\*)(?!\/) ?(.*)$/.exec(line) ?? [];
      if (text === undefined) {
        isFenced = false;
        return [];
      }
      if (text.startsWith("```")) isFenced = !isFenced;
      const width = [...line].length;
      if (isFenced || text.startsWith("|") || width <= COMMENT_WIDTH_MAX) return [];
      return [
        `${file.at(index + 1)}: a comment of ${width} columns is banned, use at most ${COMMENT_WIDTH_MAX}`,
      ];
    });
  });
}

/** Functions that are too long. */
export function checkFunctionLengths(files: readonly SourceFile[]): string[] {
  return files.filter(({ isTypeScript }) => isTypeScript).flatMap((file) =>
    file.facts.functions.filter(({ what }) => what.lines > FUNCTION_LINES_MAX).map(({ what, line }) =>
      `${
        file.at(line)
      }: a function of ${what.lines} lines is banned, use functions of at most ${FUNCTION_LINES_MAX}: ${what.name}`
    )
  );
}

/** Names that are not in snake case, or that say nothing. */
export function checkFileNames(files: readonly SourceFile[]): string[] {
  return files.filter(({ isTypeScript }) => isTypeScript).flatMap(({ path }) => {
    const parts = path.split("/");
    const empty = parts.filter((part) => EMPTY_NAME.test(part));
    return [
      ...empty.map((part) => `${path}: the name ${part} is banned, use a noun that says what is in it`),
      ...(SNAKE_CASE.test(parts.at(-1) ?? "") ? [] : [`${path}: that name is banned, use snake_case.ts`]),
    ];
  });
}

/** Files that do not begin with a doc comment that says what they are for. Tests say it with their names. */
export function checkModuleComments(files: readonly SourceFile[]): string[] {
  return files.filter(({ path, isTypeScript }) => isTypeScript && !path.endsWith("_test.ts")).flatMap(
    ({ path, text }) => {
      const [comment = ""] = /^(?:#!.*\n)?\/\*\*(?:[^*]|\*(?!\/))*\*\//.exec(text) ?? [];
      if (/^ \* @module$/m.test(comment)) return [];
      return [
        `${path}:1: a file without a first comment is banned, use /** … @module */ that says what it is for`,
      ];
    },
  );
}
