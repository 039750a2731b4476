/**
 * Whether a cluster is still the one that it was. One that was restored from a snapshot, or made anew, behind
 * the addresses of an old one knows nothing of what was granted since: its revisions, and with them the
 * tokens, begin below those that were given, and locks that are held are not there.
 *
 * Two signs tell: another cluster id, and a majority that is at a lower revision than was seen before.
 * Neither needs to show when the cluster kept its id and has already come further than it was.
 *
 * @module
 */
import { EtcdFault } from "./calls.ts";
import type { ResponseHeader } from "./gen/etcd_pb.ts";

/** The cluster as one daemon has seen it. */
export class Lineage {
  /** The newest revision that was seen. */
  revision = 0;
  readonly #onReplaced: (fault: EtcdFault) => void;
  #cluster: bigint | undefined;
  #fault: EtcdFault | undefined;

  /** `onReplaced` is called once. */
  constructor(onReplaced: (fault: EtcdFault) => void) {
    this.#onReplaced = onReplaced;
  }

  /** Throws an EtcdFault when the cluster is not the one that it was: that is not taken back. */
  check(): void {
    if (this.#fault) throw this.#fault;
  }

  /**
   * Notes an answer; `since` is the newest revision before it was asked for, when a majority stands behind
   * it. Throws as {@link check}.
   */
  heard(header: Pick<ResponseHeader, "clusterId" | "revision"> | undefined, since = 0): void {
    this.check();
    // A proxy may say nothing.
    if (!header || header.clusterId === 0n) return;
    const revision = Number(header.revision);
    this.#cluster ??= header.clusterId;
    if (header.clusterId !== this.#cluster) {
      this.#replaced(`has id ${header.clusterId.toString(16)}, and had ${this.#cluster.toString(16)}`);
    }
    if (revision < since) this.#replaced(`is at revision ${revision}, and was at ${since}`);
    this.revision = Math.max(this.revision, revision);
  }

  #replaced(how: string): never {
    const message = `the cluster is not the one that it was: it ${how}; ` +
      "was it restored from a snapshot? Tokens may be lower than those that were given. Restart the daemons when that is dealt with";
    this.#fault = new EtcdFault(message, { ambiguous: false, reason: "failed" });
    this.#onReplaced(this.#fault);
    throw this.#fault;
  }
}
