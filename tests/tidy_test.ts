import { ok } from "node:assert/strict";
import { checkReadmePaths, checkVersions } from "./tidy/documents.ts";
import { checkCircles, checkFloors, checkPackages } from "./tidy/imports.ts";
import { checkRulesExist, checkRulesHaveTests } from "./tidy/rules.ts";
import {
  checkCommentWidths,
  checkFileLengths,
  checkFileNames,
  checkFunctionLengths,
  checkModuleComments,
} from "./tidy/shape.ts";
import type { SourceFile } from "./tidy/source_file.ts";
import { readTree } from "./tidy/tree.ts";
import { checkClocks, checkConsole, checkConstructs, checkPurity, checkUnfinished } from "./tidy/words.ts";

/** Each check is seen failing, on a planted violation, in `tests/tidy/*_test.ts`. */
const CHECKS: Readonly<Record<string, (files: readonly SourceFile[]) => string[]>> = {
  "imports follow the floors": checkFloors,
  "imports make no circle": checkCircles,
  "packages are agreed": checkPackages,
  "deciding is pure": checkPurity,
  "the client lives by a monotonic clock": checkClocks,
  "files are short": checkFileLengths,
  "comments are no wider than code": checkCommentWidths,
  "functions are short": checkFunctionLengths,
  "files have telling names": checkFileNames,
  "files say what they are for": checkModuleComments,
  "constructs are those of the house": checkConstructs,
  "only edges talk to people": checkConsole,
  "nothing is unfinished": checkUnfinished,
  "every rule has a test": checkRulesHaveTests,
  "every rule that is named exists": checkRulesExist,
  "the README names paths that exist": checkReadmePaths,
  "the version is one": checkVersions,
};

const files = readTree();

for (const [name, check] of Object.entries(CHECKS)) {
  Deno.test(`tidy: ${name}`, () => {
    const violations = check(files);
    ok(violations.length === 0, `\n${violations.join("\n")}`);
  });
}
