/**
 * Real daemons for tests: in this process, where a test wants to be quick, or as processes of their own with
 * the narrow permissions that the README names, where it wants to kill them.
 *
 * @module
 */
import { Libc } from "../../ffi/libc.ts";
import { readConfig } from "../../server/config.ts";
import { SILENT_LOG } from "../../server/base/log.ts";
import { Daemon } from "../../server/daemon.ts";
import { openEtcdStore } from "../../server/etcd_foundation.ts";
import { createApp } from "../../server/http/app.ts";

const MAIN = new URL("../../server/main.ts", import.meta.url).pathname;
const PROGRAM = new URL("../../", import.meta.url).pathname;
const ANY_PORTS = ["--address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];

/** A directory of its own for one test, removed at the end. */
export function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "distrilock-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** Where a test finds a daemon. */
export interface Place {
  /** `distrilock://…` for the native protocol on TCP. */
  readonly url: string;
  /** `ws://…` for the same on WebSocket. */
  readonly webSocketUrl: string;
  readonly tcpPort: number;
  readonly httpPort: number;
}

/** The flags, and the directory of the locks where they are in one. */
function storeFlags(directory: string, flags: readonly string[]): readonly string[] {
  const isOnEtcd = flags.includes("--etcd") || flags.includes("--etcd-managed");
  return isOnEtcd ? flags : ["--directory", directory, ...flags];
}

/** A daemon in this process. A rule that it breaks fails the test as an uncaught error. */
export function startDaemon(
  directory: string,
  flags: readonly string[] = [],
): Place & AsyncDisposable & { readonly daemon: Daemon } {
  const config = readConfig([...ANY_PORTS, ...storeFlags(directory, flags)], () => undefined, () => "");
  const daemon = Daemon.start(config, {
    createApp,
    openEtcdStore,
    log: SILENT_LOG,
    onBroken: (error) => reportError(error),
  });
  const { tcp, http } = daemon.addresses;
  return { daemon, ...place(tcp?.port ?? 0, http?.port ?? 0), [Symbol.asyncDispose]: () => daemon.stop() };
}

/** A daemon as a process of its own. */
export interface DaemonProcess extends Place, AsyncDisposable {
  readonly pid: number;
  readonly status: Promise<Deno.CommandStatus>;
  /** What it logged so far, an object a line. */
  readonly log: readonly { readonly event: string; readonly [field: string]: unknown }[];
  /** Sends a signal. */
  kill(signal: Deno.Signal): void;
}

/** The permissions that a daemon needs, as the README names them. */
export function daemonPermissions(directory: string, hasWorkers = false): string[] {
  using libc = Libc.open();
  return [
    `--allow-ffi=${libc.path}`,
    "--allow-net=127.0.0.1",
    // A daemon on NFS has workers, which are read like files.
    `--allow-read=${directory}${hasWorkers ? `,${PROGRAM}` : ""}`,
    `--allow-write=${directory}`,
  ];
}

/**
 * Starts a daemon process and waits until it says that it is ready. `through` is a command that runs the one
 * that is given behind it, such as `nsenter`; it must become it; the daemon gets the permissions of one on
 * NFS then.
 */
export async function startDaemonProcess(
  directory: string,
  flags: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
  morePermissions: readonly string[] = [],
  through: readonly string[] = [],
): Promise<DaemonProcess> {
  const [program = "", ...before] = [...through, Deno.execPath()];
  const child = new Deno.Command(program, {
    args: [
      ...before,
      "run",
      "--no-prompt",
      "--quiet",
      ...daemonPermissions(directory, through.length > 0),
      ...morePermissions,
      MAIN,
      ...ANY_PORTS,
      ...storeFlags(directory, flags),
    ],
    env: environment,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log: { event: string; [field: string]: unknown }[] = [];
  const ready = Promise.withResolvers<void>();
  const reading = readLog(child.stderr, log, ready);
  await ready.promise;
  const { tcp, http } = log.find(({ event }) => event === "daemon.ready") as unknown as {
    tcp: string;
    http: string;
  };
  return {
    pid: child.pid,
    status: child.status,
    log,
    ...place(portOf(tcp), portOf(http)),
    kill: (signal) => child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError)) throw error;
      }
      await child.status;
      await reading;
    },
  };
}

async function readLog(
  stderr: ReadableStream<Uint8Array<ArrayBuffer>>,
  log: { event: string; [field: string]: unknown }[],
  ready: PromiseWithResolvers<void>,
): Promise<void> {
  let rest = "";
  for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("{")) console.error(`daemon: ${line}`);
      else log.push(JSON.parse(line));
      if (log.at(-1)?.event === "daemon.ready") ready.resolve();
    }
  }
  ready.reject(new Error(`the daemon ended before it was ready: ${rest || JSON.stringify(log)}`));
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

function place(tcpPort: number, httpPort: number): Place {
  const url = `distrilock://127.0.0.1:${tcpPort}`;
  return { url, webSocketUrl: `ws://127.0.0.1:${httpPort}/v1/ws`, tcpPort, httpPort };
}
