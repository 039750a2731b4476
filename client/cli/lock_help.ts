/**
 * What `distrilock lock` says about itself.
 *
 * @module
 */
import { type CommandSpec, SERVER_OPTIONS } from "./command.ts";

/** The words and options of `lock`. */
export const LOCK_SPEC: CommandSpec = {
  name: "lock",
  operands: "NAME… [OPTION…] -- CMD [ARG…]",
  summary: "run a command while holding a lock",
  about:
    `Waits for the lock, runs CMD without a shell while holding it, and ends with CMD's exit code (128+n when signal n ended it). Input, output and signals are CMD's. The lock is released as soon as CMD ends. Several names are locked all or none.

CMD is told about its lock by DISTRILOCK_NAME, _TOKEN, _MODE, _SESSION, and _EXPIRES (milliseconds since 1970) if there is a time. Several names are told sorted, their tokens in the same order, with a space between.

When the lock is lost, or soon may be somebody else's, CMD and all that it started is ended, before somebody else gets the lock where that can be foreseen. The exit code is 76 then.`,
  options: [
    { name: "no-wait", short: "n", help: "do not wait: end at once when the lock is not free" },
    {
      name: "wait",
      short: "w",
      value: "TIME",
      help: "wait so long at most: seconds, or 500ms, 30s, 5m, 2h (for ever)",
    },
    {
      name: "mode",
      short: "m",
      value: "MODE",
      choices: ["NL", "CR", "CW", "PR", "PW", "EX", "shared", "update", "exclusive"],
      help: "NL CR CW PR PW EX, or shared (PR), update (PW), exclusive (EX)",
    },
    {
      name: "exit-code",
      short: "E",
      value: "CODE",
      help: "exit code when the lock was not acquired (75)",
    },
    { name: "reason", value: "TEXT", help: "why, for those who wait (the first word of CMD)" },
    {
      name: "label",
      value: "KEY=VALUE",
      repeats: true,
      help: "a word for people and their tools, shown wherever the lock is; at most 8",
    },
    {
      name: "grace",
      value: "TIME",
      help:
        "how long the lock is kept for us when the connection is lost: to come back, or to end CMD; 0: not at all (10s, or twice --kill-after)",
    },
    {
      name: "ttl",
      value: "TIME",
      help: "let the lock end so long after its last renewal; it is renewed while CMD runs (none)",
    },
    { name: "max-hold", value: "TIME", help: "end CMD and the lock after so long at most (never)" },
    {
      name: "on-lost",
      value: "WHAT",
      choices: ["term", "kill", "ignore"],
      help: "what becomes of CMD when the lock is lost: term, kill, or ignore (term)",
    },
    {
      name: "kill-after",
      value: "TIME",
      help:
        "how long CMD may tidy up after the TERM of --on-lost; at most half of --grace, --ttl and --max-hold (5s)",
    },
    ...SERVER_OPTIONS,
  ],
  examples: [
    ["distrilock lock nightly -- /usr/local/bin/backup", "one host at a time"],
    [
      "distrilock lock nightly -n -E 0 -- /usr/local/bin/backup",
      "in cron: whoever comes second does nothing, and that is fine",
    ],
    ['distrilock lock deploy -w 5m --reason "$USER: release 7" -- make deploy', "wait for five minutes"],
    [
      "distrilock lock report -m shared -- sh -c 'psql -v token=$DISTRILOCK_TOKEN -f report.sql'",
      "readers together, with the fencing token",
    ],
  ],
};
