/**
 * The one program: without a subcommand, or with `serve`, the daemon; everything else is the client's command
 * line.
 *
 * Exit codes of the daemon: 0 after an orderly stop, 64 for a bad flag, 69 when it cannot start, 70 when it
 * broke a rule of its own (sysexits.h).
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { run } from "../client/cli/main.ts";
import { SOFTWARE_VERSION } from "../client/protocol/version.ts";
import { Libc, LibcUnavailableError } from "../ffi/libc.ts";
import { UnsupportedPlatformError } from "../ffi/platform.ts";
import { runToken } from "./access/command.ts";
import { TokensFileError } from "./access/tokens_text.ts";
import { type Audit, AuditFile, auditInLog } from "./audit.ts";
import { SYSTEM_CLOCK } from "./base/clock.ts";
import { LimitsError } from "./base/limits.ts";
import { createLog, type Log } from "./base/log.ts";
import { isOfSystem } from "./base/system_error.ts";
import { daemonCommands } from "./commands.ts";
import { type Config, ConfigError, configHelp, readConfig } from "./config.ts";
import { openEtcdStore } from "./etcd_foundation.ts";
import { Daemon } from "./daemon.ts";
import { type ManagedMember, startMember } from "./managed_member.ts";
import { MemberError } from "./managed/member_error.ts";
import { createApp } from "./http/app.ts";
import { runDoctor } from "./doctor/command.ts";
import { UnfitDirectoryError } from "./doctor/examination.ts";
import { loadTracing } from "./metrics/tracing.ts";
import { Reloads } from "./reloads.ts";
import { SystemdNotices } from "./systemd_notices.ts";
import { LedgerError } from "./store/directory/ledger_errors.ts";
import { TlsFilesError } from "./tls_files.ts";

const STANDARD_INPUT = 0;
const EXIT = { ok: 0, usage: 64, unavailable: 69, software: 70 } as const;

const SERVE_USAGE = `Usage: distrilock [serve] [OPTION…]

Serves the locks of one directory, or of an etcd cluster (--etcd, --etcd-managed). Each option is also an environment
variable (DISTRILOCK_HTTP_ADDRESS for --http-address) and a key of the JSON file given by --config (httpAddress).

`;

async function main(): Promise<void> {
  const [command, ...rest] = Deno.args;
  if (command === undefined || command === "serve") await serve(rest);
  else if (command === "doctor") await doctor(rest);
  else if (command === "token") token(rest);
  else if (command.startsWith("-") && command !== "--help" && command !== "-h" && command !== "--version") {
    await serve(Deno.args);
  } else Deno.exit(await run(Deno.args, daemonCommands()));
}

async function serve(argv: readonly string[]): Promise<void> {
  if (argv.includes("--help") || argv.includes("-h")) {
    console.log(SERVE_USAGE + configHelp());
    Deno.exit(EXIT.ok);
  }
  const config = readConfigOrExit(argv);
  const log = createLog({ level: config.logLevel, clock: SYSTEM_CLOCK });
  const onBroken = (error: unknown) => {
    log.error("daemon.broken", { error });
    Deno.exit(EXIT.software);
  };
  const tracing = await loadTracing(config.metricClasses ?? []);
  const onlookers = tracing ? [tracing] : [];
  const reloads = new Reloads();
  // Heard from before the daemon says that it is ready: whoever waits for that may send one at once.
  const signals = hearSignals();
  const { audit, daemon, member } = await startOrExit(async () => {
    const member = await startMember(config, { log, onBroken });
    const audit = openAudit(config, log, reloads);
    const options = { createApp, openEtcdStore, log, audit, onlookers, reloads, onBroken };
    return { audit, member, daemon: Daemon.start(config, options) };
  });
  for (const [part, reload] of daemon.reloads) reloads.add(part, reload);
  audit.record("daemon.start", { version: SOFTWARE_VERSION, pid: Deno.pid });
  const notices = new SystemdNotices({
    calls: Libc.open(config.libc ?? undefined),
    env: readEnvironment,
    log,
  });
  notices.ready();
  const stop = stopper(daemon, { log, audit, member });
  signals.stop = (signal) => {
    notices.stopping();
    stop(signal);
  };
  signals.reload = () => void reloads.run(log, audit);
}

/** The audit stream; where it is in the log it is so whatever the level of the log. */
function openAudit(config: Config, log: Log, reloads: Reloads): Audit & { close?(): Promise<void> } {
  const clock = SYSTEM_CLOCK;
  if (config.auditLog === null) return auditInLog(createLog({ level: "info", clock }));
  const file = new AuditFile({ path: config.auditLog, log, clock });
  reloads.add("audit", () => file.reopen());
  return file;
}

function token(argv: readonly string[]): void {
  try {
    const readStandardInput = () => readFileSync(STANDARD_INPUT, "utf8");
    const { text, aside } = runToken(argv, { readText: Deno.readTextFileSync, readStandardInput });
    Deno.stderr.writeSync(new TextEncoder().encode(aside));
    Deno.stdout.writeSync(new TextEncoder().encode(text));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`distrilock: ${error.message}`);
    Deno.exit(EXIT.usage);
  }
}

async function doctor(argv: readonly string[]): Promise<void> {
  const sources = { env: readEnvironment, readText: Deno.readTextFileSync, wallMs: SYSTEM_CLOCK.wallMs() };
  try {
    const { text, exitCode } = await runDoctor(argv, sources);
    Deno.stdout.writeSync(new TextEncoder().encode(text));
    Deno.exit(exitCode);
  } catch (error) {
    if (!(error instanceof ConfigError) && !isStartError(error)) throw error;
    console.error(`distrilock: ${error.message}`);
    Deno.exit(error instanceof ConfigError ? EXIT.usage : EXIT.unavailable);
  }
}

function readConfigOrExit(argv: readonly string[]): Config {
  try {
    return readConfig(argv, readEnvironment, (path) => Deno.readTextFileSync(path));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`distrilock: ${error.message}`);
    Deno.exit(EXIT.usage);
  }
}

/** Where the daemon may not read its environment (no `--allow-env`), flags and file say everything. */
function readEnvironment(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

async function startOrExit<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!isStartError(error)) throw error;
    console.error(`distrilock: ${error.message}`);
    Deno.exit(EXIT.unavailable);
  }
}

/**
 * What the world can do to a start: a port that is taken, a directory that cannot be made, a missing library
 * or permission.
 */
function isStartError(error: unknown): error is Error {
  const kinds = [
    LibcUnavailableError,
    UnsupportedPlatformError,
    LedgerError,
    LimitsError,
    MemberError,
    TlsFilesError,
    TokensFileError,
    UnfitDirectoryError,
    Deno.errors.AddrInUse,
    Deno.errors.NotCapable,
  ];
  return kinds.some((kind) => error instanceof kind) || isOfSystem(error);
}

/**
 * What signals do. They come between turns of the event loop, so whoever sets it in the turn in which it
 * begins misses none.
 */
interface Signals {
  stop: (signal: Deno.Signal) => void;
  reload: () => void;
}

function hearSignals(): Signals {
  // Until there is a daemon, nobody has to be waited for.
  const signals: Signals = { stop: () => Deno.exit(EXIT.ok), reload() {} };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => signals.stop(signal));
  }
  Deno.addSignalListener("SIGHUP", () => signals.reload());
  return signals;
}

interface Stopping {
  readonly log: Log;
  readonly audit: Audit & { close?(): Promise<void> };
  readonly member: ManagedMember | undefined;
}

function stopper(daemon: Daemon, { log, audit, member }: Stopping): Signals["stop"] {
  let stopping = false;
  // An administrator can make it drain as well.
  void daemon.stopped.then(async () => {
    await member?.stop();
    audit.record("daemon.stop", { pid: Deno.pid });
    await audit.close?.();
    Deno.exit(EXIT.ok);
  });
  return (signal) => {
    log.info("daemon.signal", { signal });
    audit.record("daemon.signal", { signal });
    if (stopping) Deno.exit(EXIT.ok);
    stopping = true;
    void daemon.drain();
  };
}

await main();
