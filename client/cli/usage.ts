/**
 * What the command line says about itself, and the options that all its commands share.
 *
 * @module
 */
import process from "node:process";
import { parseAddress } from "../address.ts";

/** The words of a command line are wrong: exit code 64. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Where a daemon is looked for when nothing says otherwise. */
export const SERVER_DEFAULT = "distrilock://127.0.0.1:13123";

/** The options that every client command has, for `parseArgs`. */
export const COMMON_OPTIONS = {
  server: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** The daemon's address: the option, or `DISTRILOCK_SERVER`, or {@link SERVER_DEFAULT}. */
export function serverAddress(option: string | undefined): URL {
  const text = option ?? (process.env.DISTRILOCK_SERVER || SERVER_DEFAULT);
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** Runs `parseArgs`, whose refusals become usage errors. */
export function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (error instanceof TypeError && typeof code === "string" && code.startsWith("ERR_PARSE_ARGS")) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
}

/** Help on the options that all commands share. */
export const SERVER_HELP = `      --server URL      the daemon: distrilock://host:port, ws:// or wss://
                        (or DISTRILOCK_SERVER; ${SERVER_DEFAULT})
  -h, --help            this text`;

/** Help on `-o`. */
export const OUTPUT_HELP = "  -o, --output FORM     table, json, or jsonl: one document a line (table)";

/** Help of the whole program. */
export const HELP = `Usage: distrilock [COMMAND] [OPTION…]

Commands
  serve                 run the daemon (also without a command): distrilock serve --help
  lock NAME… -- CMD …   run a command while holding a lock
  ls [PREFIX]           list the names that are held or waited for
  who NAME              tell who holds and who waits for a name
  explain NAME          tell who waits for whom, and why
  watch [PREFIX]        print what happens to names, as it happens
  break NAME            end a lock of somebody else
  sessions              list the sessions of the daemon
  status                tell how the daemon does
  kick SESSION          end a session of somebody else
  drain                 make the daemon leave service
  doctor                tell whether a directory is fit for locks: distrilock doctor --help
  token                 make a token and its line for a tokens file: distrilock token --help

  -h, --help            this text; COMMAND --help tells more
      --version         the version

Exit codes of the client commands: 0 done, 64 wrong usage, 69 daemon unreachable, 75 lock not acquired,
76 lock lost, 77 denied, 126 command not executable, 127 command not found, 128+n ended by signal n.
`;

/** Help of `lock`. */
export const LOCK_HELP = `Usage: distrilock lock NAME… [OPTION…] -- CMD [ARG…]

Waits for the lock, runs CMD without a shell while holding it, and ends with CMD's exit code (128+n when signal n
ended it). Signals are passed on to CMD. DISTRILOCK_NAME, _TOKEN, _MODE and _SESSION tell CMD about its lock. Several
names are locked all or none; NAME and TOKEN then tell them sorted, with a space between.

  -n, --no-wait         do not wait: end at once when the lock is not free
  -w, --wait TIME       wait so long at most: seconds, or 500ms, 30s, 5m, 2h
  -m, --mode MODE       NL CR CW PR PW EX, or shared, update, exclusive (EX)
  -E, --exit-code CODE  exit code when the lock was not acquired (75)
      --reason TEXT     why, for those who wait (the first word of CMD)
      --on-lost WHAT    when the lock is lost: term, kill or ignore CMD (term)
      --kill-after TIME how long CMD may go on after the TERM of --on-lost (5s)
${SERVER_HELP}
`;

/** Help of `ls`. */
export const LS_HELP = `Usage: distrilock ls [PREFIX] [OPTION…]

Lists the names that sessions of the daemon hold or wait for, those that begin with PREFIX.

${OUTPUT_HELP}
${SERVER_HELP}
`;

/** Help of `who`. */
export const WHO_HELP = `Usage: distrilock who NAME [OPTION…]

Tells who holds a lock and who waits for it.

${OUTPUT_HELP}
${SERVER_HELP}
`;
