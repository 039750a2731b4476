/**
 * What looking on costs: pairs of acquire and release of a session on a directory store, with and without the
 * counts that metrics are made of, in turns.
 *
 * @module
 */
import { Libc } from "../../ffi/libc.ts";
import { SYSTEM_CLOCK } from "../../server/base/clock.ts";
import { DEFAULT_LIMITS } from "../../server/base/limits.ts";
import { CountedCalls } from "../../server/metrics/counted_calls.ts";
import { LockTally } from "../../server/metrics/lock_tally.ts";
import { StoreTally } from "../../server/metrics/store_tally.ts";
import { OPEN_ACCESS, OPEN_GATE } from "../../server/session/access.ts";
import type { Session } from "../../server/session/session.ts";
import { Sessions } from "../../server/session/sessions.ts";
import { DirectoryStore } from "../../server/store/directory/directory_store.ts";
import { temporaryDirectory } from "../support/daemon.ts";

const PAIRS = 10_000;
const ROUNDS = 21;

/**
 * Two rows, without and with: µs a pair in the fastest round, which other programs disturbed least, and the
 * ratio to the first.
 */
export function observerCosts(): string[][] {
  using libc = Libc.open();
  const [plainPlace, countedPlace] = [temporaryDirectory(), temporaryDirectory()];
  using plain = openSession(libc, plainPlace.path, false);
  using counted = openSession(libc, countedPlace.path, true);
  const micros: { plain: number[]; counted: number[] } = { plain: [], counted: [] };
  for (let round = -5; round < ROUNDS; round++) {
    const took = { plain: plain.run(), counted: counted.run() };
    if (round < 0) continue;
    micros.plain.push(took.plain);
    micros.counted.push(took.counted);
  }
  const [without, withCounts] = [Math.min(...micros.plain), Math.min(...micros.counted)];
  plainPlace[Symbol.dispose]();
  countedPlace[Symbol.dispose]();
  return [
    ["nobody looks on", without.toFixed(2), "1.00"],
    ["counts for metrics", withCounts.toFixed(2), (withCounts / without).toFixed(2)],
  ];
}

function openSession(libc: Libc, directory: string, isCounted: boolean): Disposable & { run(): number } {
  Deno.mkdirSync(`${directory}/.distrilock`);
  const limits = { ...DEFAULT_LIMITS, lockFilesMax: 100 };
  const store: DirectoryStore = DirectoryStore.local({
    calls: isCounted ? new CountedCalls(libc, new StoreTally(), SYSTEM_CLOCK) : libc,
    directory,
    effects: (effect) => sessions.deliver(effect),
    clock: SYSTEM_CLOCK,
    limits,
    keepFiles: false,
    daemon: "bench",
  });
  const sessions = new Sessions({
    store,
    clock: SYSTEM_CLOCK,
    gate: OPEN_GATE,
    newId: () => "bench",
    newSecret: () => "bench",
    limits,
    audit() {},
    observer: isCounted ? new LockTally() : undefined,
  });
  const session = sessions.open({ hear() {}, drain() {}, hangUp() {} }, undefined, {
    access: OPEN_ACCESS,
  }) as Session;
  let id = 0;
  return {
    run() {
      const start = performance.now();
      for (let pair = 0; pair < PAIRS; pair++) {
        session.acquire(++id, { names: ["bench"], mode: "EX", waitMs: 0 });
        session.release(id, id);
      }
      return (performance.now() - start) / PAIRS * 1_000;
    },
    [Symbol.dispose]: () => store.close(),
  };
}
