/**
 * Locks of a directory within this process, without a daemon: what runs is a daemon without ports, and a
 * client that is connected to it by hand. Other processes, daemons too, that lock in the same directory take
 * part as they do with every daemon.
 *
 * @module
 */
import type { Client } from "../client/client.ts";
import { type ConnectOptions, connectWith } from "../client/connect.ts";
import type { OpenTransport } from "../client/transport/transport.ts";
import { SYSTEM_CLOCK } from "./base/clock.ts";
import { createLog, SILENT_LOG } from "./base/log.ts";
import { readConfig } from "./config.ts";
import type { Daemon } from "./daemon.ts";

/** What stands for the address of a daemon that has none. */
const ADDRESS = "distrilock://in-process";

/**
 * How to open a directory, and what to say of oneself: other people see it when this process stands in their
 * way.
 */
export interface DirectoryOptions extends Pick<ConnectOptions, "name" | "host" | "reason" | "labels"> {
  /** Path of the C library; looked for unless given. */
  readonly libc?: string | undefined;
  /** True: lock files that nobody uses are never removed. */
  readonly keepFiles?: boolean | undefined;
  /**
   * True: opens even a directory where locks may not exclude, such as one on a file system that does not
   * arbitrate.
   */
  readonly force?: boolean | undefined;
  /**
   * Takes the lines of the log, one JSON object each: doubts about the directory, say. Nothing is logged
   * unless it is given.
   */
  readonly log?: ((line: string) => void) | undefined;
}

/**
 * Opens a directory of locks, which is made if it is missing. What it gives is a client like any other, with
 * one session; its locks are kernel locks of this process, so they end with it, however it ends. Closing the
 * client closes all files.
 *
 * It needs Linux, and the permissions of a daemon but for the network: `--allow-ffi` (the C library), and
 * `--allow-read` and `--allow-write` (the directory). It keeps no process alive: one that has nothing else to
 * do ends, and its locks with it. Save on NFS, where locks are proven to the server again and again, by
 * workers, which are read like files: there it keeps the process alive until it is closed.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * const directory = Deno.makeTempDirSync();
 * {
 *   await using locks = await openDirectory(directory, { name: "nightly" });
 *   await locks.request("backup", { reason: "backup of the books" }, async (lock) => {
 *     equal(lock.guarantee, "local");
 *     equal(await locks.tryAcquire("backup"), null);
 *   });
 * }
 * Deno.removeSync(directory, { recursive: true });
 * ```
 *
 * @throws {Error} when the directory cannot be used, or there is no C library: the message says which and
 *   why.
 * @throws {LockError} with the code `BAD_REQUEST` for a name that is none.
 */
export async function openDirectory(directory: string, options: DirectoryOptions = {}): Promise<Client> {
  const { name, host, reason, labels } = options;
  const { promise: broken, reject: onBroken } = Promise.withResolvers<never>();
  const daemon = await startPortless(directory, options, onBroken);
  const dial = () => Promise.resolve(openerFor(daemon, broken));
  // There is one daemon, and it ends with its client: nobody is there to connect to once more.
  const introduction = { name, host, reason, labels, reconnect: false };
  try {
    return await connectWith(ADDRESS, introduction, { dial });
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}

/** The channel to the daemon, which is stopped with it. */
function openerFor(daemon: Daemon, broken: Promise<never>): OpenTransport {
  return (events) => {
    let isOver = false;
    const end = (cause: Error | undefined) => {
      if (!isOver) events.onClose(cause);
      isOver = true;
    };
    // Nothing can be trusted any more. The kernel keeps what is locked until the process ends, so nobody else
    // can have it.
    broken.catch((cause) => end(new Error("the lock table broke a rule of its own", { cause })));
    const onClose = () => void daemon.stop().then(() => end(undefined), end);
    return Promise.resolve(daemon.join({ onMessage: (text) => isOver || events.onMessage(text), onClose }));
  };
}

async function startPortless(
  directory: string,
  options: DirectoryOptions,
  onBroken: (error: unknown) => void,
): Promise<Daemon> {
  // Only now, so that a program that merely connects loads no daemon.
  const { Daemon } = await import("./daemon.ts");
  const { libc, keepFiles = false, force = false, log: write } = options;
  // Both ends are here: nobody has to be asked for a sign of life.
  const flags = ["--heartbeat=0s", `--directory=${directory}`];
  if (libc !== undefined) flags.push(`--libc=${libc}`);
  if (keepFiles) flags.push("--keep-files");
  if (force) flags.push("--force");
  const config = { ...readConfig(flags, () => undefined, () => ""), address: null, httpAddress: null };
  const log = write ? createLog({ level: "info", write, clock: SYSTEM_CLOCK }) : SILENT_LOG;
  return Daemon.start(config, { log, onBroken });
}
