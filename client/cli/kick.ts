/**
 * `distrilock kick`: ends the session of somebody else.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { ConnectionError, LockError } from "../errors.ts";
import { textFault } from "../protocol/text.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printData, tell } from "./output.ts";
import { withClient } from "./session.ts";
import { COMMON_OPTIONS, parsed, SERVER_HELP, serverAddress, UsageError } from "./usage.ts";

/** Help of `kick`. */
export const KICK_HELP = `Usage: distrilock kick SESSION --reason TEXT [OPTION…]

Ends a session, with its locks and waits; its client is told. SESSION is what sessions lists. There is no such session: exit
code 76.

      --reason TEXT     why: for the client and the daemon's audit log
${SERVER_HELP}
`;

const OPTIONS = { ...COMMON_OPTIONS, reason: { type: "string" } } as const;

/** One run of `distrilock kick`. */
export interface KickPlan {
  readonly session: string;
  readonly reason: string;
  readonly server: string | undefined;
}

/** Kicks a session; gives the exit code. */
export async function runKick(args: readonly string[]): Promise<number> {
  const plan = parseKickPlan(args);
  if (plan === undefined) {
    await printData(KICK_HELP);
    return EXIT_CODES.ok;
  }
  const { session, reason, server } = plan;
  try {
    await withClient(serverAddress(server), ({ administrator }) => administrator.kick(session, reason));
  } catch (error) {
    // What was meant is gone; a daemon that cannot be reached is another thing.
    if (!(error instanceof LockError) || error instanceof ConnectionError || error.code !== "SESSION_GONE") {
      throw error;
    }
    tell(error.message);
    return EXIT_CODES.lost;
  }
  tell(`kicked ${session}`);
  return EXIT_CODES.ok;
}

/**
 * Reads the words after `distrilock kick`; undefined when they ask for help.
 *
 * @throws {UsageError} when they make no sense.
 */
export function parseKickPlan(args: readonly string[]): KickPlan | undefined {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  );
  if (values.help) return undefined;
  const [session, ...others] = positionals;
  if (!session || others.length > 0) throw new UsageError("Cannot kick: one SESSION is needed, see sessions");
  const { reason, server } = values;
  if (!reason) throw new UsageError(`Cannot kick ${session}: a --reason is needed`);
  const fault = textFault(reason);
  if (fault !== undefined) throw new UsageError(`Cannot use --reason: ${fault}`);
  return { session, reason, server };
}
