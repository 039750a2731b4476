/**
 * The directory of a member: it belongs to one daemon at a time, says whether the member has data, and knows
 * the process of a daemon that was killed.
 *
 * A daemon that is killed leaves its etcd running, which goes on as a member; nobody would end it, and its
 * ports and data are taken. So the process is written down, and whoever owns the directory next ends it
 * before it starts one of its own.
 *
 * Source: proc_pid_stat(5): the name in brackets, and field 22, when the process was started; both together
 * are no other process. Field 20, how many threads it has: its first one may have ended, as the state in
 * field 3 says, while others still have its ports.
 *
 * @module
 */
import { setTimeout as rest } from "node:timers/promises";
import { type KernelTextCalls, readKernelText } from "../../ffi/kernel_text.ts";
import { assert } from "../base/assert.ts";
import { orSay } from "../base/system_error.ts";
import { dataDirectory, logDirectory, type ManagedCluster } from "./managed_cluster.ts";
import { MemberError } from "./member_error.ts";

const SIGKILL = 9;
const SIGTERM = 15;
/** How often it is looked whether a process is gone, and how often at most before it is ended by force. */
const LOOK_MS = 50;
const LOOKS_MAX = 100;
/** Where fields are among those that follow the name: the third is the first. */
const STATE_AT = 3 - 3;
const THREADS_AT = 20 - 3;
const START_AT = 22 - 3;

/** The calls that are needed. */
export interface ProcessCalls extends KernelTextCalls {
  /** Sends a signal; a negative error number when it cannot. */
  kill(pid: number, signal: number): number;
}

/** A directory that is ours until it is disposed. */
export class MemberDirectory implements Disposable {
  readonly #cluster: ManagedCluster;
  readonly #file: Deno.FsFile;
  readonly #calls: ProcessCalls;

  /**
   * Makes it, if it is missing, and takes it. Throws a {@link MemberError}, or an error of the operating
   * system.
   */
  constructor(cluster: ManagedCluster, calls: ProcessCalls) {
    const { directory } = cluster;
    this.#cluster = cluster;
    this.#calls = calls;
    // For this user alone, as etcd wants it.
    this.#file = orSay(`Cannot make the directory ${JSON.stringify(directory)}`, () => {
      Deno.mkdirSync(dataDirectory(cluster), { recursive: true, mode: 0o700 });
      return Deno.openSync(`${directory}/etcd.pid`, { create: true, read: true, write: true });
    });
    if (this.#file.tryLockSync(true)) return;
    this.#file.close();
    throw new MemberError(`Cannot run a member of etcd in ${JSON.stringify(directory)}: another daemon does`);
  }

  /** Whether the member has decided anything here, by the same sign as etcd has: its log. */
  get hasPast(): boolean {
    try {
      return [...Deno.readDirSync(logDirectory(this.#cluster))].some(({ name }) => name.endsWith(".wal"));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  /** Removes what is left of a member without its log: the next one must not take it for its own. */
  clear(): void {
    assert(!this.hasPast, "only what is worth nothing is removed");
    try {
      Deno.removeSync(`${dataDirectory(this.#cluster)}/member`, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Writes the process down that works here now. */
  note(pid: number): void {
    this.#file.truncateSync();
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(new TextEncoder().encode(`${pid} ${this.#startOf(pid) ?? ""}\n`));
  }

  /** Ends the process of the daemon before, if that left one. Answers its id. */
  async endOrphan(): Promise<number | undefined> {
    const buffer = new Uint8Array(64);
    const length = this.#file.readSync(buffer) ?? 0;
    const [pid = 0, start] = new TextDecoder().decode(buffer.subarray(0, length)).split(" ").map(Number);
    const lives = () => pid > 0 && start !== undefined && this.#startOf(pid) === start;
    if (!lives()) return undefined;
    for (let looks = 0; lives(); looks++) {
      if (looks === 0) this.#calls.kill(pid, SIGTERM);
      else if (looks === LOOKS_MAX) this.#calls.kill(pid, SIGKILL);
      await rest(LOOK_MS);
    }
    return pid;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** When an etcd with that id was started; undefined: it is none, or has ended. */
  #startOf(pid: number): number | undefined {
    const text = readKernelText(this.#calls, `/proc/${pid}/stat`);
    const [, name, fields] = /^\d+ \((.*)\) (.*)$/s.exec(text ?? "") ?? [];
    const values = fields?.split(" ") ?? [];
    const hasEnded = values[STATE_AT] === "Z" && Number(values[THREADS_AT]) <= 1;
    return name === "etcd" && !hasEnded ? Number(values[START_AT]) : undefined;
  }
}
