/**
 * `distrilock doctor`: examines the directory of a daemon. It takes the options of `serve`, so that it looks
 * at what the daemon would use.
 *
 * @module
 */
import { Libc } from "../../ffi/libc.ts";
import { SYSTEM_CLOCK } from "../base/clock.ts";
import { type Config, ConfigError, readConfig } from "../config.ts";
import { openCluster } from "../etcd_foundation.ts";
import { examineCluster } from "./etcd_examination.ts";
import { examineDirectory } from "./examination.ts";
import { type Finding, findingLines, worstOf } from "./finding.ts";
import { playRival, RIVAL_FLAG, startRival } from "./rival.ts";

/** Help of `doctor`. */
export const DOCTOR_HELP = `Usage: distrilock doctor [--directory PATH] [-o FORM] [OPTION…]

Looks whether a daemon can keep locks in a directory: the file system and its mount, whether files can be made
and locks exclude (also between two processes), open files, free space, and the clock. Exit code 1 when locks may
not exclude, else 0. A daemon does the same before it serves, but for the second process.

      --directory PATH  the directory of the lock files (./locks)
  -o, --output FORM     table or json (table)
  -h, --help            this text

With --etcd URL,… it looks at the cluster instead: whether a majority answers, versions, room, and a lease with a key on trial.
The other options are those of serve, also from the environment and --config.
`;

/** Where `doctor` reads its configuration. */
export interface ConfigSources {
  readonly env: (name: string) => string | undefined;
  readonly readText: (path: string) => string;
  /** The wall clock, in milliseconds since 1970. */
  readonly wallMs: number;
}

/** What is to be printed, and the exit code. */
export interface DoctorResult {
  readonly text: string;
  readonly exitCode: number;
}

/** Runs `doctor`. Throws a ConfigError for a wrong option, and what `Libc.open` throws. */
export function runDoctor(
  argv: readonly string[],
  { env, readText, wallMs }: ConfigSources,
): DoctorResult | Promise<DoctorResult> {
  if (argv.includes("--help") || argv.includes("-h")) return { text: DOCTOR_HELP, exitCode: 0 };
  const { form, rivalOf, rest } = readOwnOptions(argv);
  const config = readConfig(rest, env, readText);
  if (config.etcd) return runEtcdDoctor(config, form);
  using libc = Libc.open(config.libc ?? undefined);
  if (rivalOf !== undefined) {
    return { text: JSON.stringify(playRival(libc, rivalOf)) + "\n", exitCode: 0 };
  }
  return report({ directory: config.directory }, examine(libc, config, wallMs), form);
}

async function runEtcdDoctor(config: Config, form: OwnOptions["form"]): Promise<DoctorResult> {
  const calls = openCluster(config, config.limits.etcdCallMs);
  try {
    const { etcd, etcdPrefix: prefix } = config;
    const now = () => SYSTEM_CLOCK.now();
    return report({ etcd }, await examineCluster({ calls, prefix, trialId: crypto.randomUUID(), now }), form);
  } finally {
    calls.close();
  }
}

function report(subject: object, findings: readonly Finding[], form: OwnOptions["form"]): DoctorResult {
  const verdict = worstOf(findings);
  const text = form === "json"
    ? JSON.stringify({ ...subject, verdict, findings }, null, 2) + "\n"
    : findingLines(findings);
  return { text, exitCode: verdict === "fail" ? 1 : 0 };
}

function examine(libc: Libc, { directory, limits }: Config, wallMs: number) {
  const rival = (path: string) => startRival(path, libc.path);
  return examineDirectory({ calls: libc, directory, limits, wallMs, trialId: crypto.randomUUID(), rival });
}

interface OwnOptions {
  readonly form: "table" | "json";
  readonly rivalOf: string | undefined;
  readonly rest: readonly string[];
}

/** Takes out what `serve` has not. */
function readOwnOptions(argv: readonly string[]): OwnOptions {
  const rest: string[] = [];
  let form = "table";
  let rivalOf: string | undefined;
  for (let index = 0; index < argv.length; index++) {
    const [word = "", next = ""] = [argv[index], argv[index + 1]];
    const [flag, ...inline] = word.split("=");
    if (flag === "-o" || flag === "--output") form = inline.length > 0 ? inline.join("=") : (index++, next);
    else if (flag === RIVAL_FLAG) rivalOf = (index++, next);
    else rest.push(word);
  }
  if (form === "table" || form === "json") return { form, rivalOf, rest };
  throw new ConfigError(`Cannot use --output ${JSON.stringify(form)}: want table or json`);
}
