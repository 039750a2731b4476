// HTTP locks and the moments that a request over a socket cannot be made to hit. The clock is a number,
// clients are abort signals.
import { deepEqual, equal, rejects } from "node:assert/strict";
import { Refusal } from "../../../../server/dialect/rest_problem.ts";
import type { RestAcquire } from "../../../../server/dialect/rest_request.ts";
import { type Asker, type HttpLock, HttpLocks } from "../../../../server/http/http_locks.ts";
import { LockKeys } from "../../../../server/http/lock_keys.ts";
import { REMEMBERED_MS } from "../../../../server/http/replays.ts";
import { OPEN_ACCESS } from "../../../../server/session/access.ts";
import { PartialAccess } from "../../../support/partial_access.ts";
import { Ear, SessionBench } from "../../../support/session_bench.ts";

class LockBench extends SessionBench {
  readonly locks = new HttpLocks({
    sessions: this.sessions,
    turn: (work) => work(),
    keys: new LockKeys(new Uint8Array(32)),
    limits: { httpLocksMax: 100, idempotencyKeysMax: 10 },
  });

  /** Asks for `x` in EX as one client that is there until it leaves. */
  ask(
    { ttlMs = 30_000, waitMs = 60_000, ...asker }: Partial<Asker> & { ttlMs?: number; waitMs?: number } = {},
  ): { readonly lock: Promise<HttpLock>; leave(): void } {
    const client = new AbortController();
    const asked: RestAcquire = { wish: { names: ["x"], mode: "EX", waitMs, ttlMs } };
    const lock = this.locks.acquire(asked, {
      caller: OPEN_ACCESS,
      profile: undefined,
      signal: client.signal,
      ...asker,
    });
    lock.catch(() => {});
    return { lock, leave: () => client.abort() };
  }

  /** Nothing is held, waited for or open; HTTP knows of nothing. */
  async checkEmpty(): Promise<void> {
    // Sessions end in a microtask after their last lock.
    await Promise.resolve();
    await Promise.resolve();
    this.check();
    const { lockCount, waiterCount } = this.store;
    deepEqual([this.locks.size, this.sessions.size, lockCount, waiterCount], [0, 0, 0, 0]);
  }
}

function refusedAs(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Refusal && error.error.code === code;
}

Deno.test("[H-7] acquire gives back a lock whose client left in the very moment of its grant", async () => {
  using bench = new LockBench();
  const holder = bench.open(new Ear());
  bench.acquire(holder, 1);
  const { lock, leave } = bench.ask();
  // Within one turn of the event loop: the grant, and then the news that the client had left.
  holder.release(2, 1);
  equal(bench.store.lockCount, 1);
  leave();
  await rejects(lock, refusedAs("NOT_HELD"));
  holder.end();
  await bench.checkEmpty();
});

Deno.test("[H-7] acquire hears of a client that left while the grant was on its way to be told", async () => {
  using bench = new LockBench();
  const holder = bench.open(new Ear());
  bench.acquire(holder, 1);
  const { lock, leave } = bench.ask();
  holder.release(2, 1);
  queueMicrotask(() => queueMicrotask(leave));
  await rejects(lock, refusedAs("NOT_HELD"));
  holder.end();
  await bench.checkEmpty();
});

Deno.test("[H-7] acquire of a client that has left already takes nothing", async () => {
  using bench = new LockBench();
  const left = AbortSignal.abort();
  const { lock } = bench.ask({ signal: left });
  await rejects(lock, Refusal);
  await bench.checkEmpty();
});

Deno.test("[H-7] unsent gives back a lock that its client was not told of", async () => {
  using bench = new LockBench();
  bench.locks.unsent(await bench.ask().lock);
  await bench.checkEmpty();
});

Deno.test("[H-9] unsent keeps a lock that its client can ask for again", async () => {
  using bench = new LockBench();
  const lock = await bench.ask({ idempotencyKey: "k" }).lock;
  bench.locks.unsent(lock);
  equal(await bench.ask({ idempotencyKey: "k" }).lock, lock);
  await bench.locks.release(lock);
  await bench.checkEmpty();
});

Deno.test("[H-9] a wait goes on while one of its clients is there", async () => {
  using bench = new LockBench();
  const holder = bench.open(new Ear());
  bench.acquire(holder, 1);
  const asks = ["one", "two", "three"].map(() => bench.ask({ idempotencyKey: "k" }));
  asks[0]?.leave();
  asks[2]?.leave();
  equal(bench.store.waiterCount, 1);
  holder.release(2, 1);
  const lock = await asks[1]?.lock;
  equal(bench.locks.size, 1);
  if (lock) await bench.locks.release(lock);
  holder.end();
  await bench.checkEmpty();
});

Deno.test("[H-9] a key is for one caller: another one gets a lock of its own, or none", async () => {
  using bench = new LockBench();
  const lock = await bench.ask({ idempotencyKey: "k" }).lock;
  const other = bench.ask({
    idempotencyKey: "k",
    caller: new PartialAccess("other", "acquire:*"),
    waitMs: 0,
  });
  await rejects(other.lock, refusedAs("BUSY"));
  await bench.locks.release(lock);
});

Deno.test("[H-9] a key is forgotten some time after its lock has ended, and not before", async () => {
  using bench = new LockBench();
  const lock = await bench.ask({ idempotencyKey: "k", ttlMs: 1_000 }).lock;
  bench.pass(1_000);
  equal(bench.locks.size, 0);
  await Promise.resolve();
  bench.pass(REMEMBERED_MS - 1);
  await rejects(bench.ask({ idempotencyKey: "k", ttlMs: 1_000 }).lock, refusedAs("NOT_HELD"));
  bench.pass(1);
  const later = await bench.ask({ idempotencyKey: "k", ttlMs: 1_000 }).lock;
  equal(later.id === lock.id, false);
  await bench.locks.release(later);
  await bench.checkEmpty();
});

Deno.test("[H-6] a lock whose time is over takes its session with it, and calls whoever cares", async () => {
  using bench = new LockBench();
  let ended = 0;
  const lock = await bench.ask({ ttlMs: 1_000, onEnd: () => ended++ }).lock;
  const key = bench.locks.keyOf(lock);
  equal(bench.locks.find(lock.id, { key, caller: OPEN_ACCESS }), lock);
  bench.pass(999);
  equal(bench.locks.find(lock.id, { key, caller: OPEN_ACCESS }), lock);
  bench.pass(1);
  equal(ended, 1);
  await rejects(
    () => Promise.resolve().then(() => bench.locks.find(lock.id, { key, caller: OPEN_ACCESS })),
    refusedAs("NOT_HELD"),
  );
  await bench.checkEmpty();
});

Deno.test("[H-8] find tells a wrong key, a missing one and a lock that is not there apart", async () => {
  using bench = new LockBench();
  const lock = await bench.ask().lock;
  const find = (id: string, key?: string) =>
    Promise.resolve().then(() => bench.locks.find(id, { key, caller: OPEN_ACCESS }));
  await rejects(find(lock.id), refusedAs("BAD_REQUEST"));
  await rejects(find(lock.id, "x"), refusedAs("DENIED"));
  await rejects(find("other.1", bench.locks.keyOf(lock)), refusedAs("NOT_HELD"));
  await rejects(find(`${lock.sessionId}.2`, bench.locks.keyOf(lock)), refusedAs("NOT_HELD"));
});

Deno.test("[H-8] find does not give a lock that is waited for", async () => {
  using bench = new LockBench();
  const holder = bench.open(new Ear());
  bench.acquire(holder, 1);
  const { lock, leave } = bench.ask();
  const [session] = [...bench.sessions.all()].filter(({ id }) => id !== holder.id);
  const id = `${session?.id}.1`;
  const key = new LockKeys(new Uint8Array(32)).keyOf(session?.id ?? "");
  await rejects(
    () => Promise.resolve().then(() => bench.locks.find(id, { key, caller: OPEN_ACCESS })),
    refusedAs("NOT_HELD"),
  );
  leave();
  await rejects(lock, Refusal);
});

Deno.test("[H-15] acquire says DRAINING when the daemon ends the session of a lock just granted", async () => {
  using bench = new LockBench();
  const holder = bench.open(new Ear());
  bench.acquire(holder, 1);
  const { lock } = bench.ask();
  holder.end();
  bench.sessions.hangUp("all");
  await rejects(lock, refusedAs("DRAINING"));
  await bench.checkEmpty();
});

Deno.test("[H-6] [P-18] expiresInMs is what is left of a lock's time, and no more than the store vouches for", async () => {
  using bench = new LockBench();
  const lock = await bench.ask({ ttlMs: 30_000 }).lock;
  const { expires } = await lock.granted;
  bench.nowMs += 1_000.5;
  equal(bench.locks.expiresInMs(lock, expires), 28_999);
  bench.store.validForMs = () => 12_345.6;
  equal(bench.locks.expiresInMs(lock, expires), 12_345);
  bench.store.validForMs = () => -1;
  equal(bench.locks.expiresInMs(lock, expires), 0);
});
