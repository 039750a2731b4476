/**
 * etcd over gRPC: calls with a deadline, on the current member; streams that end when it is left.
 *
 * Source: etcd API reference.
 *
 * @module
 */
import { Code, createClient } from "@connectrpc/connect";
import type { DescService } from "@bufbuild/protobuf";
import { assert } from "../../base/assert.ts";
import { AsyncQueue } from "./async_queue.ts";
import { CallTurns } from "./call_turns.ts";
import {
  type ChangeListener,
  type EtcdCalls,
  EtcdFault,
  type KeepAliveListener,
  type KeepAlives,
  type MemberStatus,
  type Page,
  type PageQuery,
} from "./calls.ts";
import { type ClusterOptions, type Endpoint, Endpoints } from "./endpoints.ts";
import {
  AlarmType,
  KV,
  Lease,
  type LeaseKeepAliveRequest,
  Maintenance,
  Watch,
  type WatchRequest,
  type WatchResponse,
} from "./gen/etcd_pb.ts";
import { codeOf, faultOf, faultOfWatch, isStaleLogin } from "./grpc_faults.ts";
import { Lineage } from "./lineage.ts";
import type { Outcome, Transaction } from "./transaction.ts";
import { branchOf, changesOf, entryOf, keyBytes, requestOf } from "./wire_form.ts";

/** The real thing. */
export class GrpcCalls implements EtcdCalls {
  readonly #endpoints: Endpoints;
  readonly #callMs: number;
  readonly #ended = new AbortController();
  readonly #lineage: Lineage;
  readonly #turns = new CallTurns();

  /** `onReplaced` hears when the cluster turns out not to be the one that it was. */
  constructor(options: ClusterOptions, onReplaced: (fault: EtcdFault) => void = () => {}) {
    assert(options.endpoints.length > 0, "a cluster has a member");
    this.#endpoints = new Endpoints(options);
    this.#callMs = options.callMs;
    this.#lineage = new Lineage((fault) => {
      // Streams too: what they say is of another cluster.
      this.#endpoints.close();
      onReplaced(fault);
    });
  }

  transact(transaction: Transaction): Promise<Outcome> {
    return this.#call(async (endpoint, options) => {
      const since = this.#lineage.revision;
      const answer = await clientOf(KV, endpoint).txn(requestOf(transaction), options);
      this.#lineage.heard(answer.header, since);
      return { ...branchOf(answer), revision: Number(answer.header?.revision ?? 0n) };
    });
  }

  list({ key, end, revision = 0, limit }: PageQuery): Promise<Page> {
    const range = {
      key: keyBytes(key),
      rangeEnd: keyBytes(end),
      revision: BigInt(revision),
      limit: BigInt(limit),
    };
    return this.#anywhere(async (endpoint, options) => {
      const since = this.#lineage.revision;
      const { header, kvs, more } = await clientOf(KV, endpoint).range(range, options);
      this.#lineage.heard(header, since);
      return { entries: kvs.map(entryOf), revision: Number(header?.revision ?? 0n), more };
    });
  }

  grantLease(lease: number, ttlS: number): Promise<"made" | "there"> {
    return this.#anywhere(async (endpoint, options) => {
      try {
        const asked = { ID: BigInt(lease), TTL: BigInt(ttlS) };
        await clientOf(Lease, endpoint).leaseGrant(asked, options);
        return "made";
      } catch (error) {
        // Its ids are random: who else can have made it but an earlier attempt of ours?
        if (codeOf(error) === Code.FailedPrecondition && /lease already exists/.test(String(error))) {
          return "there";
        }
        throw error;
      }
    });
  }

  revokeLease(lease: number): Promise<void> {
    return this.#anywhere(async (endpoint, options) => {
      try {
        await clientOf(Lease, endpoint).leaseRevoke({ ID: BigInt(lease) }, options);
      } catch (error) {
        if (codeOf(error) !== Code.NotFound) throw error;
      }
    });
  }

  keepAlive(listener: KeepAliveListener): KeepAlives {
    const questions = new AsyncQueue<LeaseKeepAliveRequest>();
    const abort = new AbortController();
    const endpoint = this.#endpoints.current;
    const close = () => {
      questions.end();
      abort.abort();
    };
    this.#stream(endpoint, { abort, listener }, async (signal) => {
      const answers = clientOf(Lease, endpoint).leaseKeepAlive(questions, { signal });
      for await (const { ID, TTL, header } of answers) {
        this.#lineage.heard(header);
        listener.renewed(Number(ID), Number(TTL));
      }
    });
    return {
      ask: (lease) => questions.push({ ID: BigInt(lease) } as LeaseKeepAliveRequest),
      close,
      giveUp: () => {
        close();
        this.#endpoints.leave(endpoint);
      },
    };
  }

  watch(
    { key, end, from = 0 }: { readonly key: string; readonly end: string; readonly from?: number },
    listener: ChangeListener,
  ): Disposable {
    const questions = new AsyncQueue<WatchRequest>();
    const abort = new AbortController();
    const value = {
      key: keyBytes(key),
      rangeEnd: keyBytes(end),
      startRevision: BigInt(from),
      progressNotify: true,
    };
    const endpoint = this.#endpoints.current;
    questions.push({ requestUnion: { case: "createRequest", value } } as WatchRequest);
    this.#stream(endpoint, { abort, listener }, async (signal) => {
      const answers = clientOf(Watch, endpoint).watch(questions, { signal });
      for await (const answer of answers) {
        this.#lineage.heard(answer.header);
        // A member that is behind, or a cluster that went back: a watch of what is to come would then be
        // silent for long. A majority knows.
        if (answer.created && Number(answer.header?.revision ?? 0n) < from - 1) {
          await this.list({ key, end: `${key}\0`, limit: 1 });
        }
        tellChanges(answer, listener);
      }
    });
    return {
      [Symbol.dispose]: () => {
        questions.end();
        abort.abort();
      },
    };
  }

  status(): ReturnType<EtcdCalls["status"]> {
    return Promise.all(this.#endpoints.all.map(async (endpoint) => {
      try {
        return await this.#ask(endpoint, async (each, options): Promise<MemberStatus> => {
          const { header, version, dbSize, dbSizeInUse, leader, errors } = await clientOf(Maintenance, each)
            .status(
              {},
              options,
            );
          return {
            endpoint: each.url,
            clusterId: (header?.clusterId ?? 0n).toString(16),
            version,
            dbBytes: Number(dbSize),
            dbBytesInUse: Number(dbSizeInUse),
            revision: Number(header?.revision ?? 0n),
            hasLeader: leader !== 0n,
            errors,
          };
        });
      } catch (error) {
        return { endpoint: endpoint.url, fault: faultOf(error, endpoint.url) };
      }
    }));
  }

  isFull(): Promise<boolean> {
    return this.#anywhere(async (endpoint, options) => {
      const { alarms } = await clientOf(Maintenance, endpoint).alarm({}, options);
      return alarms.some(({ alarm }) => alarm === AlarmType.NOSPACE);
    });
  }

  close(): void {
    this.#ended.abort();
    this.#endpoints.close();
  }

  /** Asks the current member, once, when it is its turn. */
  #call<T>(ask: Ask<T>): Promise<T> {
    return this.#turns.take(() => this.#callNow(ask));
  }

  async #callNow<T>(ask: Ask<T>): Promise<T> {
    const endpoint = this.#endpoints.current;
    try {
      return await this.#ask(endpoint, ask);
    } catch (error) {
      const fault = faultOf(error, endpoint.url);
      if (fault.ambiguous) this.#endpoints.leave(endpoint);
      throw fault;
    }
  }

  /** Asks one member after the other, which must not matter. */
  async #anywhere<T>(ask: Ask<T>): Promise<T> {
    for (let left = this.#endpoints.all.length;; left--) {
      try {
        return await this.#call(ask);
      } catch (error) {
        const isLast = left <= 1 || this.#ended.signal.aborted;
        if (!(error instanceof EtcdFault) || !error.ambiguous || isLast) throw error;
      }
    }
  }

  async #ask<T>(endpoint: Endpoint, ask: Ask<T>): Promise<T> {
    const options = { timeoutMs: this.#callMs, signal: this.#ended.signal };
    this.#lineage.check();
    return await this.#endpoints.loggedIn(() => ask(endpoint, options));
  }

  #stream(
    endpoint: Endpoint,
    { abort, listener }: {
      readonly abort: AbortController;
      readonly listener: { ended(fault: EtcdFault): void };
    },
    run: (signal: AbortSignal) => Promise<void>,
  ): void {
    const signal = AbortSignal.any([abort.signal, this.#ended.signal]);
    const whole = async () => {
      try {
        await this.#endpoints.login();
        this.#lineage.check();
        await run(signal);
        throw new EtcdFault(`${endpoint.url} ended the stream`, { ambiguous: true, reason: "failed" });
      } catch (error) {
        if (signal.aborted) return;
        const fault = faultOf(error, endpoint.url);
        if (fault.ambiguous) this.#endpoints.leave(endpoint);
        if (isStaleLogin(error)) await this.#endpoints.login(true).catch(() => {});
        listener.ended(fault);
      }
    };
    void whole();
  }
}

type Ask<T> = (
  endpoint: Endpoint,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<T>;

function clientOf<S extends DescService>(service: S, endpoint: Endpoint) {
  return createClient(service, endpoint.transport);
}

function tellChanges(answer: WatchResponse, listener: ChangeListener): void {
  const { created, canceled, compactRevision, cancelReason, header } = answer;
  if (canceled && compactRevision > 0n) {
    const message = `etcd has forgotten what was before revision ${compactRevision}`;
    throw new EtcdFault(message, { ambiguous: false, reason: "compacted" });
  }
  if (canceled) throw faultOfWatch(cancelReason);
  if (created) listener.begun(Number(header?.revision ?? 0n));
  else listener.changed(changesOf(answer));
}
