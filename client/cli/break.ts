/**
 * `distrilock break`: ends the locks of somebody else.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Party } from "../protocol/messages.ts";
import { lockNameFault } from "../protocol/names.ts";
import { textFault } from "../protocol/text.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { printData, tell } from "./output.ts";
import { withClient } from "./session.ts";
import { clientText } from "./table.ts";
import { COMMON_OPTIONS, parsed, SERVER_HELP, serverAddress, UsageError } from "./usage.ts";

/** Help of `break`. */
export const BREAK_HELP = `Usage: distrilock break NAME --token N --reason TEXT [OPTION…]

Ends the locks of NAME that have this fencing token, whoever holds them; the holders are told. For a holder that is gone
for good, or has to give way. The token is what who tells: when the lock has passed to somebody else meanwhile, nobody is
hit, and the exit code is 76.

      --token N         the fencing token of the lock to end
      --reason TEXT     why: for the holder and the daemon's audit log
${SERVER_HELP}
`;

const OPTIONS = { ...COMMON_OPTIONS, token: { type: "string" }, reason: { type: "string" } } as const;

/** One run of `distrilock break`. */
export interface BreakPlan {
  readonly name: string;
  readonly token: number;
  readonly reason: string;
  readonly server: string | undefined;
}

/** Breaks locks; gives the exit code. */
export async function runBreak(args: readonly string[]): Promise<number> {
  const plan = parseBreakPlan(args);
  if (plan === undefined) {
    await printData(BREAK_HELP);
    return EXIT_CODES.ok;
  }
  const { name, token, reason, server } = plan;
  const broken = await withClient(
    serverAddress(server),
    (client) => client.break(name, { token, reason }),
  );
  for (const party of broken) tell(`broke ${name} in ${party.mode}, held by ${holderText(party)}`);
  return EXIT_CODES.ok;
}

/**
 * Reads the words after `distrilock break`; undefined when they ask for help.
 *
 * @throws {UsageError} when they make no sense.
 */
export function parseBreakPlan(args: readonly string[]): BreakPlan | undefined {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  );
  if (values.help) return undefined;
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) throw new UsageError("Cannot break: one NAME is needed");
  const fault = lockNameFault(name);
  if (fault !== undefined) throw new UsageError(`Cannot break ${name}: ${fault}`);
  const { token, reason, server } = values;
  if (token === undefined) throw new UsageError(`Cannot break ${name}: --token is needed, see who ${name}`);
  const number = /^\d+$/.test(token) ? Number(token) : 0;
  if (number < 1 || !Number.isSafeInteger(number)) {
    throw new UsageError(`Cannot use --token ${token}: it is no fencing token`);
  }
  if (!reason) throw new UsageError(`Cannot break ${name}: a --reason is needed`);
  const reasonFault = textFault(reason);
  if (reasonFault !== undefined) throw new UsageError(`Cannot use --reason: ${reasonFault}`);
  return { name, token: number, reason, server };
}

function holderText({ client, session, since }: Party): string {
  return `${clientText(client) || session} since ${new Date(since).toISOString()}`;
}
