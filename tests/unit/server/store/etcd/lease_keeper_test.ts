import { deepEqual } from "node:assert/strict";
import { type EtcdCalls, EtcdFault, type KeepAliveListener } from "../../../../../server/store/etcd/calls.ts";
import { LeaseKeeper } from "../../../../../server/store/etcd/lease_keeper.ts";

/** A keeper whose streams are in the hands of the test. */
class Bench {
  nowMs = 0;
  /** What was asked and told, in order. */
  said: string[] = [];
  readonly streams: KeepAliveListener[] = [];
  readonly keeper: LeaseKeeper;

  constructor() {
    const calls = {
      keepAlive: (listener: KeepAliveListener) => {
        const index = this.streams.push(listener);
        return {
          ask: (lease: number) => this.said.push(`${index} asks ${lease}`),
          close: () => this.said.push(`${index} closed`),
          giveUp: () => this.said.push(`${index} given up`),
        };
      },
    } as unknown as EtcdCalls;
    this.keeper = new LeaseKeeper({
      calls,
      clock: { now: () => this.nowMs, wallMs: () => 0 },
      leaseMs: 9_000,
      callMs: 1_000,
      listener: {
        renewed: (lease, sentMs) => this.said.push(`${lease} since ${sentMs}`),
        gone: (lease) => this.said.push(`${lease} gone`),
      },
    });
  }

  at(ms: number): string[] {
    this.nowMs = ms;
    this.keeper.tick(ms);
    return this.said.splice(0);
  }

  hear(stream: number, lease: number, ttlS: number): string[] {
    this.streams[stream - 1]?.renewed(lease, ttlS);
    return this.said.splice(0);
  }
}

Deno.test("LeaseKeeper asks three times within a lease, over one stream, and counts from when it asked", () => {
  const bench = new Bench();
  bench.keeper.add(1, 0);
  bench.keeper.add(2, 1_000);
  deepEqual(bench.at(2_999), []);
  deepEqual(bench.at(3_000), ["1 asks 1"]);
  bench.nowMs = 3_900;
  deepEqual(bench.hear(1, 1, 9), ["1 since 3000"]);
  deepEqual(bench.at(4_000), ["1 asks 2"]);
  deepEqual(bench.hear(1, 2, 0), ["2 gone"]);
  deepEqual(bench.at(6_000), ["1 asks 1"]);
  bench.keeper.close();
  deepEqual(bench.said, ["1 closed"]);
});

Deno.test("LeaseKeeper gives a stream up that does not answer in time, and asks anew; late answers do not count", () => {
  const bench = new Bench();
  bench.keeper.add(1, 0);
  deepEqual(bench.at(3_000), ["1 asks 1"]);
  deepEqual(bench.at(3_999), []);
  deepEqual(bench.at(4_000), ["1 given up", "2 asks 1"]);
  deepEqual(bench.hear(1, 1, 9), []);
  deepEqual(bench.hear(2, 1, 9), ["1 since 4000"]);
  bench.keeper.close();
});

Deno.test("LeaseKeeper opens a stream again that ended, after a rest", () => {
  const bench = new Bench();
  bench.keeper.add(1, 0);
  bench.at(3_000);
  bench.streams[0]?.ended(new EtcdFault("cut", { ambiguous: true, reason: "failed" }));
  deepEqual(bench.at(3_100), []);
  deepEqual(bench.at(3_200), ["2 asks 1"]);
  bench.keeper.close();
});
