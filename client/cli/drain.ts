/**
 * `distrilock drain`: makes a daemon leave service.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { EXIT_CODES } from "./exit_codes.ts";
import { printData, tell } from "./output.ts";
import { withClient } from "./session.ts";
import { COMMON_OPTIONS, parsed, SERVER_HELP, serverAddress, UsageError } from "./usage.ts";

/** Help of `drain`. */
export const DRAIN_HELP = `Usage: distrilock drain [OPTION…]

Makes the daemon leave service as SIGTERM does: it takes no new sessions and grants no new locks, holders keep theirs until they
release them or its --drain-timeout is over, then its process ends. Does not wait for that.

${SERVER_HELP}
`;

/** Drains a daemon; gives the exit code. */
export async function runDrain(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options: COMMON_OPTIONS, allowPositionals: true })
  );
  if (values.help) {
    await printData(DRAIN_HELP);
    return EXIT_CODES.ok;
  }
  if (positionals.length > 0) {
    throw new UsageError(`Cannot drain ${positionals[0]}: no word is needed, see --server`);
  }
  const closesInMs = await withClient(
    serverAddress(values.server),
    ({ administrator }) => administrator.drain(),
  );
  tell(`the daemon leaves service, within ${Math.ceil(closesInMs / 1_000)} s`);
  return EXIT_CODES.ok;
}
