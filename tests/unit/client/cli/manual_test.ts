/**
 * The manual page, the help texts and the tables of the commands say the same.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { optionsOf, OUTPUT_OPTION, SERVER_OPTIONS } from "../../../../client/cli/command.ts";
import { completionCommand } from "../../../../client/cli/completion.ts";
import { EXIT_CODES } from "../../../../client/cli/exit_codes.ts";
import { commandHelp, optionHead, programHelp } from "../../../../client/cli/help_text.ts";
import { COMMANDS } from "../../../../client/cli/main.ts";

const MANUAL = Deno.readTextFileSync(new URL("../../../../docs/cli.md", import.meta.url));
const ALL = [...COMMANDS, completionCommand(COMMANDS)];

/** The section of a heading, without those of its own rank. */
function section(heading: string): string {
  const [, rank = "", rest = ""] = new RegExp(`^(#+) ${heading}\n([^]*)`, "m").exec(MANUAL) ?? [];
  ok(rank !== "", `docs/cli.md has no section ${heading}`);
  const end = rest.search(new RegExp(`^#{1,${rank.length}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The options that a text describes, as `**-w**, **--wait** *TIME*` at the beginning of a line. */
function describedOptions(text: string): string[] {
  return [...text.matchAll(/^\*\*-(?:\w\*\*, \*\*--|-)([\w-]+)\*\*/gm)].map(([, name = ""]) => name);
}

Deno.test("docs/cli.md has the sections of a manual page, in their order", () => {
  const headings = [...MANUAL.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  deepEqual(headings, [
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "COMMANDS",
    "OPTIONS",
    "EXIT STATUS",
    "ENVIRONMENT",
    "SIGNALS",
    "LOSS",
    "EXAMPLES",
    "SEE ALSO",
  ]);
});

Deno.test("docs/cli.md describes each command with its words and its options, and no other", () => {
  const common = new Set(["help", OUTPUT_OPTION.name, ...SERVER_OPTIONS.map(({ name }) => name)]);
  deepEqual(describedOptions(section("OPTIONS")).toSorted(), [...common, "version"].toSorted());
  for (const command of ALL) {
    const text = section(`distrilock ${command.name}`);
    equal(
      text.includes(`distrilock ${command.name} ${command.operands}`.trimEnd()),
      true,
      `usage of ${command.name}`,
    );
    const own = optionsOf(command).map(({ name }) => name).filter((name) => !common.has(name));
    const described = describedOptions(text);
    if (command.name === "lock") deepEqual(described.toSorted(), own.toSorted(), command.name);
    else for (const name of own) ok(text.includes(`**--${name}**`), `${command.name} --${name}`);
    for (const { name, short } of optionsOf(command)) {
      if (short !== undefined) {
        ok(MANUAL.includes(`**-${short}**, **--${name}**`), `-${short} of ${command.name}`);
      }
    }
  }
  const written = [...MANUAL.matchAll(/^### distrilock ([\w-]+)$/gm)].map(([, name]) => name);
  deepEqual(
    written.filter((name) => !["serve", "doctor", "token"].includes(name!)),
    ALL.map(({ name }) => name),
  );
});

Deno.test("docs/cli.md has every exit code and every variable", () => {
  const codes = section("EXIT STATUS");
  for (const code of Object.values(EXIT_CODES)) ok(codes.includes(`| ${code} |`), String(code));
  const sources = [...Deno.readDirSync(new URL("../../../../client/cli/", import.meta.url))].map(({ name }) =>
    Deno.readTextFileSync(new URL(`../../../../client/cli/${name}`, import.meta.url))
  ).join("\n");
  const variables = new Set([...sources.matchAll(/\bDISTRILOCK_[A-Z_]+\b/g)].map(([name]) => name));
  for (const name of variables) ok(section("ENVIRONMENT").includes(`**${name}**`), name);
});

Deno.test("commandHelp has every option and fits a terminal", () => {
  for (const command of ALL) {
    const text = commandHelp(command);
    for (const option of optionsOf(command)) {
      ok(text.includes(optionHead(option)), `${command.name} ${option.name}`);
    }
    const lines = text.slice(0, text.indexOf("\nExamples")).split("\n");
    for (const line of lines) ok([...line].length <= 80, line);
    ok(command.examples.length > 0, `${command.name} has an example`);
  }
});

Deno.test("programHelp lists the commands, and says what the client alone has not", () => {
  const text = programHelp(ALL, ["serve"]);
  for (const { name, summary } of ALL) ok(text.includes(name) && text.includes(summary));
  ok(text.includes("This is the client alone: serve"));
  equal(programHelp(ALL, []).includes("client alone"), false);
  for (const line of text.split("\n")) ok([...line].length <= 80, line);
});
