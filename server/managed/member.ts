/**
 * The member of etcd that a daemon runs: founds a cluster or joins one, is started again when it ends, and is
 * ended after the daemon.
 *
 * ```text
 *   start ──▶ STARTING ──▶ RUNNING ──▶ RESTING ──▶ STARTING        [supervise]
 *                 │            │ [stop]     │ [stop]
 *                 ▼            ▼            ▼
 *               throws      STOPPED ◀───────┘
 * ```
 *
 * What a start does depends on what is in the directory then, not on what the start before did: a disk may be
 * lost at any time.
 *
 * @module
 */
import { setTimeout as rest } from "node:timers/promises";
import type { Log } from "../base/log.ts";
import { isOfSystem } from "../base/system_error.ts";
import type { MemberStatus } from "../store/etcd/calls.ts";
import type { Membership } from "../store/etcd/membership.ts";
import { checkPorts, type End, EtcdProcess } from "./etcd_process.ts";
import { mayFound } from "./founding.ts";
import { join } from "./joining.ts";
import {
  founders,
  hostName,
  type ManagedCluster,
  memberArguments,
  type MemberHost,
  otherHosts,
  type Start,
} from "./managed_cluster.ts";
import type { MemberDirectory } from "./member_directory.ts";
import { MemberError } from "./member_error.ts";
import type { Peers } from "./peers.ts";

/**
 * How often a first start is tried, and the rest between, in milliseconds: the others may not know yet that
 * they took us in.
 */
const STARTS_MAX = 3;
const REST_MS = 1_000;
/** The rest before a restart grows up to this, in milliseconds. */
const REST_MS_MAX = 5_000;
/** A member that lived so long has got over what ended the one before, in milliseconds. */
const STEADY_MS = 30_000;
/**
 * How long a daemon waits for its member before it serves without, in milliseconds: a majority may be
 * missing.
 */
const UP_MS = 10_000;
const LOOK_MS = 100;

/** What a member is run with. */
export interface MemberParts {
  readonly directory: MemberDirectory;
  readonly peers: Peers;
  /** Of the other members. */
  readonly membership: Membership;
  /** What our member says of itself. */
  readonly status: () => Promise<MemberStatus | undefined>;
  readonly log: Log;
  /** Called when looking after it broke a rule of its own. */
  readonly onBroken: (error: unknown) => void;
}

/** A member that is looked after until it is stopped. */
export class Member {
  readonly #cluster: ManagedCluster;
  readonly #parts: MemberParts;
  readonly #ended = new AbortController();
  #process: EtcdProcess | undefined;
  #supervision = Promise.resolve();
  /** What was said since it ran last, each only once: the members that do not help take turns. */
  readonly #waitedFor = new Set<string>();

  private constructor(cluster: ManagedCluster, parts: MemberParts) {
    this.#cluster = cluster;
    this.#parts = parts;
  }

  /**
   * Starts the member, and waits until it serves or only a majority is missing. Throws a {@link MemberError}
   * when it cannot start.
   */
  static async start(cluster: ManagedCluster, parts: MemberParts): Promise<Member> {
    const member = new Member(cluster, parts);
    // However this process ends, its etcd does not outlive it, unless it is killed.
    globalThis.addEventListener("unload", () => member.#process?.kill());
    try {
      const orphan = await parts.directory.endOrphan();
      if (orphan !== undefined) parts.log.warn("etcd.orphan_ended", { pid: orphan });
      const first = await member.#startFirst();
      await member.#checkCluster();
      member.#supervision = member.#supervise(first).catch(parts.onBroken);
      return member;
    } catch (error) {
      await member.stop();
      throw error;
    }
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    this.#ended.abort();
    const end = await this.#process?.stop();
    await this.#supervision;
    if (end) this.#parts.log.info("etcd.stopped", { code: end.code, signal: end.signal });
  }

  async #startFirst(): Promise<EtcdProcess> {
    for (let starts = 1;; starts++) {
      const process = await this.#spawn();
      const end = await this.#endBeforeUp(process);
      if (!end) return process;
      if (starts === STARTS_MAX) throw new MemberError(`Cannot run etcd: ${endWords(end)}${this.#advice()}`);
      await this.#rest(REST_MS);
    }
  }

  async #supervise(first: EtcdProcess): Promise<void> {
    const { log } = this.#parts;
    let process: EtcdProcess | undefined = first;
    for (let restMs = REST_MS; !this.#ended.signal.aborted; restMs = Math.min(2 * restMs, REST_MS_MAX)) {
      const sinceMs = performance.now();
      const end = await process?.ended;
      if (this.#ended.signal.aborted) return;
      if (performance.now() - sinceMs > STEADY_MS) restMs = REST_MS;
      if (end) log.error("etcd.ended", { ...end, againInMs: restMs });
      try {
        await this.#rest(restMs);
        process = await this.#spawn();
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        if (!isOfWorld(error)) throw error;
        log.error("etcd.ended", { error, againInMs: restMs });
        process = undefined;
      }
    }
  }

  async #spawn(): Promise<EtcdProcess> {
    const { directory, log } = this.#parts;
    checkPorts(this.#cluster);
    await this.#checkSelf();
    const start = await this.#plan();
    this.#ended.signal.throwIfAborted();
    this.#waitedFor.clear();
    const process = this.#process = new EtcdProcess(memberArguments(this.#cluster, start), log);
    try {
      directory.note(process.pid);
    } catch (error) {
      await process.stop();
      throw error;
    }
    log.info("etcd.started", { pid: process.pid, member: hostName(this.#cluster.self), state: start.state });
    return process;
  }

  /** What is done depends on what is there. */
  async #plan(): Promise<Start> {
    const { directory, peers, membership } = this.#parts;
    const cluster = this.#cluster;
    const waiting = { waits: (reason: string) => this.#waits(reason), signal: this.#ended.signal };
    if (directory.hasPast) return { state: "existing", members: founders(cluster) };
    directory.clear();
    if (cluster.bootstrap && await mayFound(cluster, { peers, ...waiting })) {
      return { state: "new", members: founders(cluster) };
    }
    if (otherHosts(cluster).length === 0) {
      const where = JSON.stringify(cluster.directory);
      throw new MemberError(
        `Cannot run etcd: there is no data in ${where}, want --bootstrap for a first start`,
      );
    }
    return { state: "existing", members: await join(cluster, { membership, ...waiting }) };
  }

  /**
   * How it ended, if it did so before it served; undefined: it serves, or has taken so long that only a
   * majority can be missing.
   */
  async #endBeforeUp(process: EtcdProcess): Promise<End | undefined> {
    let end: End | undefined;
    void process.ended.then((ended) => end = ended);
    const isUp = async () => (await this.#parts.status())?.hasLeader === true;
    for (const endMs = performance.now() + UP_MS; performance.now() < endMs;) {
      const serves = await Promise.race([isUp(), process.ended.then(() => false)]);
      if (end || serves) return end;
      await this.#rest(LOOK_MS);
    }
    this.#waits("a majority of the members");
    return undefined;
  }

  /**
   * Our ports are free, so whoever answers at our name is another host: its member must not be removed as if
   * it had been ours.
   */
  async #checkSelf(): Promise<void> {
    const { self } = this.#cluster;
    if (await this.#parts.peers.ask(self) instanceof Error) return;
    const name = hostName(self);
    throw new MemberError(
      `Cannot run etcd: another host answers at ${name}, want as --etcd-self which of --etcd-managed this host is`,
    );
  }

  /** Two clusters on the same hosts would both give the same locks away. */
  async #checkCluster(): Promise<void> {
    const { peers } = this.#parts;
    const { self, directory } = this.#cluster;
    const clusterOf = async (host: MemberHost) => {
      const word = await peers.ask(host);
      return word instanceof Error ? undefined : word.clusterId;
    };
    const ours = await clusterOf(self);
    for (const host of otherHosts(this.#cluster)) {
      const theirs = await clusterOf(host);
      if (ours === undefined || theirs === undefined || theirs === ours) continue;
      const where = JSON.stringify(directory);
      throw new MemberError(
        `Cannot run etcd: the data in ${where} is of cluster ${ours}, and ${
          hostName(host)
        } is in ${theirs}; move it ` +
          "away to join that one",
      );
    }
  }

  /** A disk that the others have gone on without cannot come back as what it was. */
  #advice(): string {
    const where = JSON.stringify(this.#cluster.directory);
    return this.#parts.directory.hasPast
      ? `; if the data in ${where} is old, move it away to join as a new member`
      : "";
  }

  #rest(ms: number): Promise<void> {
    return rest(ms, undefined, { signal: this.#ended.signal });
  }

  #waits(reason: string): void {
    if (!this.#waitedFor.has(reason)) this.#parts.log.warn("etcd.waiting", { for: reason });
    this.#waitedFor.add(reason);
  }
}

function endWords({ code, signal, said }: End): string {
  return said || `it ended with ${signal ?? `code ${code}`}`;
}

/** What may go away by itself; anything else is a mistake of ours. */
function isOfWorld(error: unknown): boolean {
  return error instanceof MemberError || isOfSystem(error) ||
    Object.values(Deno.errors).some((kind) => error instanceof kind);
}
