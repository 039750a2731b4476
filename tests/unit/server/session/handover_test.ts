/**
 * Sessions that come here from another daemon, leave for one, or are lost with the store: two sessions layers
 * on one cluster in memory.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { OPEN_ACCESS, OPEN_GATE } from "../../../../server/session/access.ts";
import { adoptSession } from "../../../../server/session/handover.ts";
import type { Session } from "../../../../server/session/session.ts";
import { Sessions } from "../../../../server/session/sessions.ts";
import type { EtcdStore } from "../../../../server/store/etcd/etcd_store.ts";
import type { Overtaken } from "../../../../server/store/overtaken.ts";
import type { Unavailable } from "../../../../server/store/store.ts";
import { Ear } from "../../../support/session_bench.ts";
import { FakeEtcdStage } from "../../../support/store_stage.ts";

const GRACE_MS = 10_000;
const LIMITS = {
  graceMsMax: 60_000,
  detachedSessionsMax: 100,
  lossesPerSessionMax: 3,
  watchesPerSessionMax: 10,
  outputBytesMax: 1_048_576,
};

/** Two daemons. */
class Bench extends FakeEtcdStage {
  readonly daemons: readonly [Sessions, Sessions];
  #ids = 0;
  #attempts = 0;

  constructor() {
    super({ daemons: 2, deliver: (effect, store) => this.daemons[store]?.deliver(effect) });
    this.daemons = this.stores.map((store) => this.#over(store)) as [Sessions, Sessions];
  }

  /** Resolves to what comes of asking a daemon for a session; null when it does not look. */
  adopt(
    at: Sessions,
    { id, secret, attempt = ++this.#attempts, subject = "anybody", ear = new Ear(), isWanted = () => true }: {
      readonly id: string;
      readonly secret: string;
      readonly attempt?: number;
      readonly subject?: string;
      readonly ear?: Ear;
      readonly isWanted?: () => boolean;
    },
  ): Promise<Session | undefined | Unavailable | Overtaken | null> {
    const access = { ...OPEN_ACCESS, subject };
    return new Promise((resolve) => {
      const options = { attempt, listener: ear, access, transport: "tcp", isWanted };
      if (!adoptSession(at, { session: id, secret }, options, resolve)) resolve(null);
    });
  }

  #over(store: EtcdStore): Sessions {
    return new Sessions({
      store,
      clock: this.clock,
      gate: OPEN_GATE,
      newId: () => `session-${++this.#ids}`,
      newSecret: () => `secret-${this.#ids}`,
      limits: LIMITS,
      audit: () => {},
    });
  }
}

async function holding(bench: Bench, ear: Ear): Promise<{ id: string; secret: string }> {
  const session = bench.daemons[0].open(ear, { name: "a" }, { access: OPEN_ACCESS, graceMs: GRACE_MS });
  ok(session);
  session.acquire(1, { names: ["x"], mode: "EX", waitMs: 0 });
  await bench.settle();
  return { id: session.id, secret: session.secret?.tell() ?? "" };
}

Deno.test("[P-15] adoptSession gives a session to whoever has its secret and is its subject, with what it has", async () => {
  await using bench = new Bench();
  const [one, two] = bench.daemons;
  const [ear, again] = [new Ear(), new Ear()];
  const { id, secret } = await holding(bench, ear);
  equal(await bench.adopt(two, { id, secret: "wrong" }), undefined);
  equal(await bench.adopt(two, { id, secret, subject: "mallory" }), undefined);
  equal(await bench.adopt(two, { id, secret, isWanted: () => false }), undefined);
  equal(await bench.adopt(two, { id: "no-such", secret }), undefined);
  equal(one.size, 1);
  const moved = await bench.adopt(two, { id, secret, ear: again });
  ok(moved && "graceMs" in moved);
  await bench.settle();
  deepEqual([one.size, two.size, ear.hungUp], [0, 1, null]);
  deepEqual([moved.graceMs, moved.client], [GRACE_MS, { name: "a" }]);
  deepEqual(bench.stores[1]?.holdingsOf(moved.id).locks.map(({ lock, name }) => [lock, name]), [[1, "x"]]);
  moved.release(2, 1);
  await bench.settle();
  deepEqual(again.heard, ["released"]);
  equal(await bench.adopt(two, { id, secret }), null, "it is here: resume is for that");
});

Deno.test("[P-16] adoptSession does nothing for an attempt that a later one has overtaken, here or at another daemon", async () => {
  await using bench = new Bench();
  const [one, two] = bench.daemons;
  const { id, secret } = await holding(bench, new Ear());
  const ear = new Ear();
  ok(await bench.adopt(two, { id, secret, attempt: 7, ear }));
  await bench.settle();
  // It lay in the socket of a daemon that was paused.
  for (const attempt of [7, 6]) {
    const late = await bench.adopt(one, { id, secret, attempt });
    ok(late && "code" in late);
    equal(late.code, "BAD_REQUEST");
    equal(
      await bench.adopt(one, { id, secret: "wrong", attempt }),
      undefined,
      "whoever guesses learns nothing",
    );
  }
  await bench.settle();
  deepEqual([two.size, ear.hungUp], [1, undefined]);
  const options = { attempt: 7, access: { ...OPEN_ACCESS, subject: "anybody" }, transport: "tcp" };
  const again = two.resume(new Ear(), { session: id, secret }, options);
  ok(again && "code" in again);
  equal(ear.hungUp, undefined);
  ok(await bench.adopt(one, { id, secret, attempt: 8 }));
});

Deno.test("[I-18] drain leaves what has something for other daemons, ends what has nothing, and takes nothing over", async () => {
  await using bench = new Bench();
  const [one, two] = bench.daemons;
  const [ear, idle, bound] = [new Ear(), new Ear(), new Ear()];
  const { id, secret } = await holding(bench, ear);
  one.open(idle, undefined, { access: OPEN_ACCESS, graceMs: GRACE_MS });
  const other = one.open(bound, undefined, { access: OPEN_ACCESS });
  other?.acquire(1, { names: ["y"], mode: "EX", waitMs: 0 });
  await bench.settle();
  one.drain(5_000);
  await bench.settle();
  deepEqual([ear.hungUp, idle.hungUp, bound.hungUp, one.size], [null, null, undefined, 1]);
  equal(await bench.adopt(one, { id, secret }), null);
  ok(await bench.adopt(two, { id, secret }));
  deepEqual(bench.etcd.keys("t/s/"), ["t/s/session-1", "t/s/session-3"]);
});
