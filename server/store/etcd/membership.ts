/**
 * Who is in a cluster, and how that is changed: the part of etcd's API that a daemon with a member of its own
 * speaks.
 *
 * Source: https://etcd.io/docs/v3.5/op-guide/runtime-configuration/
 *
 * @module
 */
import { type CallOptions, createClient } from "@connectrpc/connect";
import { EtcdFault } from "./calls.ts";
import { type ClusterOptions, Endpoints } from "./endpoints.ts";
import { Cluster, type Member } from "./gen/etcd_pb.ts";
import { faultOf } from "./grpc_faults.ts";

/** One member of a cluster. */
export interface ClusterMember {
  /** In hexadecimal, as etcd's tools write it. */
  readonly id: string;
  /** Empty until it has started once. */
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/**
 * Reads and changes who is in a cluster. Every call ends within the call deadline, with an answer or an
 * {@link EtcdFault}.
 */
export interface Membership {
  list(): Promise<readonly ClusterMember[]>;
  /** Takes a voting member in; answers all that are in then. */
  add(peerUrl: string): Promise<readonly ClusterMember[]>;
  remove(id: string): Promise<void>;
}

/** The real thing: asks the first member that answers. */
export class GrpcMembership implements Membership, Disposable {
  readonly #endpoints: Endpoints;
  readonly #callMs: number;

  constructor(options: ClusterOptions) {
    this.#endpoints = new Endpoints(options);
    this.#callMs = options.callMs;
  }

  async list(): Promise<readonly ClusterMember[]> {
    const { members } = await this.#ask((cluster, options) => cluster.memberList({}, options));
    return members.map(memberOf);
  }

  async add(peerUrl: string): Promise<readonly ClusterMember[]> {
    const { members } = await this.#ask((cluster, options) => {
      return cluster.memberAdd({ peerURLs: [peerUrl] }, options);
    });
    return members.map(memberOf);
  }

  async remove(id: string): Promise<void> {
    await this.#ask((cluster, options) => cluster.memberRemove({ ID: BigInt(`0x${id}`) }, options));
  }

  [Symbol.dispose](): void {
    this.#endpoints.close();
  }

  /** Asks once. The next question goes to another member, when this one's answer is in doubt. */
  async #ask<T>(ask: (cluster: ClusterClient, options: CallOptions) => Promise<T>): Promise<T> {
    const endpoint = this.#endpoints.current;
    try {
      const client = createClient(Cluster, endpoint.transport);
      return await this.#endpoints.loggedIn(() => ask(client, { timeoutMs: this.#callMs }));
    } catch (error) {
      const fault: EtcdFault = faultOf(error, endpoint.url);
      if (fault.ambiguous) this.#endpoints.leave(endpoint);
      throw fault;
    }
  }
}

type ClusterClient = ReturnType<typeof createClient<typeof Cluster>>;

function memberOf({ ID, name, peerURLs }: Member): ClusterMember {
  return { id: ID.toString(16), name, peerUrls: peerURLs };
}
