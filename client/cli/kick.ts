/**
 * `distrilock kick`: ends the session of somebody else.
 *
 * @module
 */
import { ConnectionError, LockError } from "../errors.ts";
import { textFault } from "../protocol/text.ts";
import { type Command, OUTPUT_OPTION, SERVER_OPTIONS } from "./command.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { tell } from "./output.ts";
import { printOne, readOutputForm } from "./output_form.ts";
import { withClient } from "./session.ts";
import { onlyOperand, UsageError, type Words } from "./words.ts";

/** The command `kick`. */
export const KICK: Command = {
  name: "kick",
  operands: "SESSION --reason TEXT",
  summary: "end a session of somebody else",
  about:
    "Ends a session, with its locks and waits; its client is told. SESSION is what sessions lists. When there is no such session the exit code is 76.",
  options: [
    { name: "reason", value: "TEXT", help: "why: for the client and the daemon's audit log" },
    OUTPUT_OPTION,
    ...SERVER_OPTIONS,
  ],
  examples: [["distrilock kick hq2v7m1x --reason 'hangs since noon'", "see sessions"]],
  run: runKick,
};

async function runKick(words: Words): Promise<number> {
  const { session, reason } = readKickPlan(words);
  const form = readOutputForm(words);
  try {
    await withClient(words, ({ administrator }) => administrator.kick(session, reason));
  } catch (error) {
    // What was meant is gone; a daemon that cannot be reached is another thing.
    if (!(error instanceof LockError) || error instanceof ConnectionError || error.code !== "SESSION_GONE") {
      throw error;
    }
    tell(error.message);
    return EXIT_CODES.lost;
  }
  tell(`kicked ${session}`);
  await printOne(form, { session }, () => "");
  return EXIT_CODES.ok;
}

/**
 * Which session is to be kicked, and why.
 *
 * @throws {UsageError} when one of them is missing or makes no sense.
 */
export function readKickPlan(words: Words): { readonly session: string; readonly reason: string } {
  const session = onlyOperand(words, "kick", "SESSION, see sessions,");
  return { session, reason: readWhy(words, `kick ${session}`) };
}

/**
 * The reason that people have to give.
 *
 * @throws {UsageError} when it is missing, or no text that a daemon takes.
 */
export function readWhy(words: Words, verb: string): string {
  const reason = words.text("reason");
  if (!reason) throw new UsageError(`Cannot ${verb}: a --reason is needed`);
  const fault = textFault(reason);
  if (fault !== undefined) throw new UsageError(`Cannot use --reason: ${fault}`);
  return reason;
}
