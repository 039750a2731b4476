/**
 * `distrilock value`: the value block of a name.
 *
 * @module
 */
import process from "node:process";
import { VALUE_BYTES_MAX } from "../protocol/limits.ts";
import { lockNameFault } from "../protocol/names.ts";
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { readWait } from "./lock_plan.ts";
import { printData, tell } from "./output.ts";
import { jsonLines, jsonText, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { UsageError, type Words } from "./words.ts";

/** The command `value`. */
export const VALUE: Command = {
  name: "value",
  operands: "NAME [TEXT]",
  summary: "print or leave the value block of a name",
  about:
    `Without TEXT: prints what the last holder left on NAME, with a line end. Exit code 1 when there is nothing, 76 when it is invalid, since whoever left it died before its work was done; it is printed all the same. Waits for nobody.

With TEXT: takes NAME in the mode PW, leaves TEXT (at most ${VALUE_BYTES_MAX} bytes) and releases NAME. It waits until NAME is free; exit code 75 when it does not become free in time.`,
  options: [
    { name: "no-wait", short: "n", help: "do not wait: end at once when the name is not free" },
    {
      name: "wait",
      short: "w",
      value: "TIME",
      help: "wait so long at most: seconds, or 500ms, 30s, 5m, 2h (for ever)",
    },
    OUTPUT_OPTION,
    ...SERVER_OPTIONS,
  ],
  examples: [
    ["distrilock value nightly", "how far did the last one come?"],
    ["distrilock value nightly 'page 7'", "leave a word for the next one"],
  ],
  run: runValue,
};

async function runValue(words: Words): Promise<number> {
  const [name, text, ...others] = words.operands;
  if (name === undefined || others.length > 0) {
    throw new UsageError("Cannot tell a value: one NAME is needed, and one TEXT to leave it");
  }
  const fault = lockNameFault(name);
  if (fault !== undefined) throw new UsageError(`Cannot use the value of ${name}: ${fault}`);
  return text === undefined ? await read(name, words) : await leave(name, text, words);
}

async function read(name: string, words: Words): Promise<number> {
  const form = readOutputForm(words);
  if (words.has("wait") || words.has("no-wait")) {
    throw new UsageError("Cannot wait for a value: it is read at once, -n and -w are for leaving one");
  }
  const value = await withClient(words, async (client) => {
    return await client.request(name, { mode: "NL", wait: 0, reason: "value" }, ({ value }) => value);
  });
  if (form === "table") await printData(value === undefined ? "" : `${value.text}\n`);
  else await printData(form === "json" ? jsonText(value ?? null) : jsonLines([value ?? null]));
  if (value === undefined) {
    tell(`nobody left a value on ${name}`);
    return EXIT_CODES.nothing;
  }
  if (!value.valid) tell(`the value of ${name} is invalid: whoever left it died before it was done`);
  return value.valid ? EXIT_CODES.ok : EXIT_CODES.lost;
}

async function leave(name: string, text: string, words: Words): Promise<number> {
  const wait = readWait(words);
  const { length } = new TextEncoder().encode(text);
  if (length > VALUE_BYTES_MAX) {
    throw new UsageError(`Cannot leave ${length} bytes on ${name}: ${VALUE_BYTES_MAX} are the most`);
  }
  if (wait === undefined && isHeldAbove(name)) {
    throw new UsageError(
      `Cannot leave a value on ${name}: it is held for the command that this is a part of, and would never become free`,
    );
  }
  await withClient(words, async (client) => {
    await client.request(name, { mode: "PW", wait, reason: "value" }, (lock) => lock.setValue(text));
  });
  return EXIT_CODES.ok;
}

/** Whether `distrilock lock` runs above this process and holds the name in a mode that keeps a PW out. */
function isHeldAbove(name: string): boolean {
  const { DISTRILOCK_NAME = "", DISTRILOCK_MODE = "" } = process.env;
  return DISTRILOCK_NAME.split(" ").includes(name) && !["NL", "CR"].includes(DISTRILOCK_MODE);
}
