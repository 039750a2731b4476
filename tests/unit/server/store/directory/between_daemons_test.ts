/**
 * Several daemons on one directory: the kernel arbitrates between their open file descriptions.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { LOCK_WRITE } from "../../../../../ffi/file_calls.ts";
import { type Mode, MODES } from "../../../../../client/protocol/modes.ts";
import { friends } from "../../../../support/lock_model_parts.ts";
import { type BenchDaemon, StoreBench } from "../../../../support/store_bench.ts";
import { RETRY_MS_MAX } from "../../../../../server/store/directory/turns.ts";

/** A new daemon's view on which modes it could be given now. */
function possible(daemon: BenchDaemon, firstId: number): Mode[] {
  return MODES.filter((mode, index) => {
    const granted = daemon.acquire(firstId + index, mode)?.type === "granted";
    if (granted) daemon.release(firstId + index);
    return granted;
  });
}

Deno.test("[P-22] two daemons hold all 36 pairs of modes as the matrix says", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  let id = 0;
  for (const held of MODES) {
    for (const wanted of MODES) {
      id++;
      one.grant(id, held);
      const answer = other.acquire(id, wanted);
      equal(answer?.type === "granted", friends(held, wanted), `${wanted} beside ${held}`);
      if (answer?.type === "granted") other.release(id);
      else deepEqual(answer?.type === "refused" && [answer.code, answer.blockedBy], ["BUSY", []]);
      one.release(id);
      [one, other].forEach((daemon) => daemon.check());
    }
  }
  equal(id, 36);
});

Deno.test("[P-22] a claim that moves between any two sets of modes keeps out exactly what is held", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  let id = 0;
  for (const first of MODES) {
    for (const second of MODES) {
      // Held one after the other (where they conflict the second waits), and together where they may.
      const [a, b] = [++id, ++id];
      one.grant(a, first, { session: "a" });
      const together = one.acquire(b, second, { session: "b", waitMs: Infinity })?.type === "granted";
      equal(together, friends(first, second));
      const both = together ? [first, second] : [first];
      deepEqual(possible(other, id), MODES.filter((mode) => both.every((held) => friends(held, mode))));
      one.release(a, "a");
      ok(one.holds(b, "b"));
      id += 10;
      deepEqual(
        possible(other, id),
        MODES.filter((mode) => friends(second, mode)),
        `${first} then ${second}`,
      );
      one.release(b, "b");
      id += 10;
      deepEqual(possible(other, id), MODES, `after ${first} and ${second}`);
      id += 10;
    }
  }
});

Deno.test("[P-22] a claim stays whole while the stronger of two locks goes and comes", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  let id = 0;
  one.grant(++id, "CR", { session: "reader" });
  for (const mode of ["CW", "PR", "PW", "CW", "PW", "PR"] as const) {
    one.grant(++id, mode, { session: "a" });
    deepEqual(possible(other, id * 100), MODES.filter((wanted) => friends(mode, wanted)), `CR with ${mode}`);
    one.release(id, "a");
    deepEqual(possible(other, id * 100 + 6), MODES.filter((wanted) => wanted !== "EX"), `CR after ${mode}`);
  }
});

Deno.test("[P-24] [P-22] a session waits for a lock of another daemon and gets it soon after its release", () => {
  for (const held of MODES) {
    for (const wanted of MODES.filter((mode) => !friends(held, mode))) {
      using bench = new StoreBench();
      const [one, other] = [bench.daemon(), bench.daemon()];
      const token = one.grant(1, held);
      other.wait(1, wanted);
      bench.pass(200);
      ok(!other.holds(1));
      one.release(1);
      ok(bench.until(() => other.holds(1), RETRY_MS_MAX + 1) <= RETRY_MS_MAX + 1);
      ok((other.grants()[0]?.token ?? 0) > token, `${wanted} after ${held}`);
      bench.pass(100);
      equal(one.store.nextDueMs - bench.nowMs <= 1_000, true, "nothing but tidying is due");
    }
  }
});

Deno.test("a session gets the lock of a daemon that was killed", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  const token = one.grant(1, "EX");
  other.wait(1, "PR");
  bench.pass(50);
  one.kill();
  bench.until(() => other.holds(1), RETRY_MS_MAX + 1);
  ok((other.grants()[0]?.token ?? 0) > token);
});

Deno.test("[P-23] [P-27] a wait for another daemon ends in time, and leaves nothing behind", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "EX");
  equal(other.acquire(1, "EX", { waitMs: 300 }), undefined);
  other.wait(2, "PR");
  bench.pass(300);
  const answer = other.answer(1);
  ok(answer?.type === "refused" && answer.code === "TIMEOUT");
  deepEqual(answer.blockedBy?.map((party) => [party.daemon, party.mode]), [["daemon-0", "EX"]]);
  other.store.cancel("s" as never, 9, 2, bench.nowMs);
  one.release(1);
  bench.pass(100);
  deepEqual(other.grants(), []);
  equal(other.store.nextDueMs - bench.nowMs <= 1_000, true);
  one.grant(2, "EX");
});

Deno.test("[P-13] the end of a session lets another daemon in", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "PR");
  one.grant(2, "CR");
  other.wait(1, "EX");
  one.end();
  bench.until(() => other.holds(1), RETRY_MS_MAX + 1);
});

Deno.test("[P-40] who tells the strongest mode that other daemons hold", () => {
  using bench = new StoreBench();
  const [one, other, third, observer] = [bench.daemon(), bench.daemon(), bench.daemon(), bench.daemon()];
  equal(observer.outside(), null);
  deepEqual(bench.lockFiles(), [], "asking makes no file");
  MODES.forEach((mode, index) => {
    one.grant(index + 1, mode);
    equal(observer.outside(), mode === "NL" ? null : mode);
    equal(one.outside(), null, "a daemon's own locks are not outside of it");
    one.release(index + 1);
    equal(observer.outside(), null);
  });
  let id = 10;
  for (
    const [first, second] of [["CW", "CW"], ["CR", "CW"], ["CR", "PR"], ["PR", "PR"], ["PW", "CR"]] as const
  ) {
    one.grant(++id, first);
    other.grant(id, second);
    third.grant(id, "CR");
    equal(
      observer.outside(),
      MODES[Math.max(MODES.indexOf(first), MODES.indexOf(second))],
      `${first}, ${second}`,
    );
    equal(one.outside(), second, "without its own");
    for (const daemon of [one, other, third]) daemon.release(id);
  }
});

Deno.test("NL needs no lock of the kernel and is granted whatever others hold", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "EX");
  other.grant(1, "NL");
  equal(one.store.lockCount + other.store.lockCount, 2);
  other.release(1);
});

Deno.test("a daemon that is stopped within a transaction of the ledger delays others, and costs them nothing", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon();
  daemon.grant(1, "CR");
  const fd = bench.libc.open(bench.path(".distrilock/ledger"), "existing");
  equal(bench.libc.tryLock(fd, LOCK_WRITE, 0, 1), 0);
  equal(daemon.refusal(2, "EX", { name: "new" }), "BUSY");
  daemon.wait(3, "EX", { name: "new" });
  bench.pass(3);
  ok(!daemon.holds(3) && daemon.holds(1));
  bench.libc.close(fd);
  bench.until(() => daemon.holds(3), RETRY_MS_MAX + 1);
  daemon.check();
});
