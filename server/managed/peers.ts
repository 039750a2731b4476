/**
 * What a member tells the others of itself, at the address that is for them: the list of the members that it
 * knows. etcd does so from its start on, long before it serves. A daemon that is about to found a cluster
 * answers in the same place with an empty list: nobody has been a member yet.
 *
 * Source: etcd `server/etcdserver/api/etcdhttp/peer.go` (`/members`): JSON, an array; a member has client
 * URLs from when it was in a majority.
 *
 * @module
 */
import { type ManagedCluster, type MemberHost, peerUrl } from "./managed_cluster.ts";

/** Where the list is. */
export const MEMBERS_PATH = "/members";
/** Says, beside an empty list, which cluster its daemon wants to found. */
export const FOUNDERS_HEADER = "distrilock-founders";
const CLUSTER_HEADER = "x-etcd-cluster-id";
const ANSWER_MS = 1_000;

/** What a peer said. */
export interface PeerWord {
  /** In its cluster something may have been written: there was a majority once. */
  readonly hasPast: boolean;
  /** The cluster that it belongs to; undefined: to none yet. */
  readonly clusterId: string | undefined;
  /** Who it wants to found a cluster with; undefined: it has one. */
  readonly founders: string | undefined;
}

/** Asks members for what they know. */
export class Peers implements Disposable {
  readonly #cluster: ManagedCluster;
  readonly #client: Deno.HttpClient;

  /** Throws an error of the operating system when a PEM file cannot be read. */
  constructor(cluster: ManagedCluster) {
    this.#cluster = cluster;
    const { tls } = cluster;
    const read = (path: string) => Deno.readTextFileSync(path);
    // A connection of its own for each question: who answers at an address changes in the middle, from the
    // daemon to etcd. Whoever speaks HTTP/2 with TLS there is taken for a client of gRPC.
    const way = { poolMaxIdlePerHost: 0, http2: false };
    this.#client = Deno.createHttpClient(
      tls ? { ...way, caCerts: [read(tls.ca)], cert: read(tls.cert), key: read(tls.key) } : way,
    );
  }

  /** What the member of a host says, or why it says nothing that one could use. */
  async ask(host: MemberHost): Promise<PeerWord | Error> {
    try {
      const response = await fetch(peerUrl(this.#cluster, host) + MEMBERS_PATH, {
        client: this.#client,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const members: unknown = await response.json();
      if (!response.ok || !Array.isArray(members)) return new Error("something else answers there");
      return {
        hasPast: members.some(({ clientURLs }) => Array.isArray(clientURLs) && clientURLs.length > 0),
        clusterId: response.headers.get(CLUSTER_HEADER) ?? undefined,
        founders: response.headers.get(FOUNDERS_HEADER) ?? undefined,
      };
    } catch (error) {
      // Nobody there, somebody else, or too slow. A permission that is missing will not come by itself.
      if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
      const { message } = error.cause instanceof Error ? error.cause : error;
      // Before it comes how the runtime asked.
      return new Error(message.replace(/^.*: /, ""), { cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
