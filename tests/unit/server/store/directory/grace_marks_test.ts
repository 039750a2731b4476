// A daemon that dies with locks of sessions with a grace: nobody gets what conflicts with them before the
// graces are over.
import { deepEqual, equal, ok } from "node:assert/strict";
import { MODES } from "../../../../../client/protocol/modes.ts";
import { MARK_SLOTS } from "../../../../../server/store/directory/grace_mark.ts";
import { MARK_RETRY_MS } from "../../../../../server/store/directory/grace_marks.ts";
import { IDLE_FILE_MS, TIDY_INTERVAL_MS } from "../../../../../server/store/directory/local_arbiter.ts";
import { NFS_RETRY_MS_MAX, RETRY_MS_MAX } from "../../../../../server/store/directory/turns.ts";
import { friends } from "../../../../support/lock_model_parts.ts";
import { convert, GRACE_MS, GRACED, said, waited, waitedOut } from "../../../../support/mark_scenario.ts";
import { StoreBench } from "../../../../support/store_bench.ts";

for (const [over, retryMs] of [["local", RETRY_MS_MAX], ["nfs", NFS_RETRY_MS_MAX]] as const) {
  Deno.test(`[I-12] the locks of a killed daemon are kept for the grace of their sessions, all 36 pairs of modes (${over})`, () => {
    for (const held of MODES) {
      for (const wanted of MODES) {
        using bench = new StoreBench();
        const [one, other] = [bench.daemon({ over }), bench.daemon({ over })];
        one.grant(1, held, GRACED);
        bench.pass(7);
        one.kill();
        const ms = waited(bench, other, 1, wanted);
        if (friends(held, wanted)) equal(ms, 0, `${wanted} after ${held}`);
        else ok(waitedOut(ms, retryMs), `${wanted} after ${held} came after ${ms} ms`);
        const stays = friends(held, wanted) && held !== "NL";
        deepEqual(said(bench), stays ? [[held, GRACE_MS]] : [], `${wanted} after ${held}`);
      }
    }
  });

  Deno.test(`[I-14] who only tries, less often than files are kept open, waits out a grace once (${over})`, () => {
    using bench = new StoreBench();
    const [one, other] = [bench.daemon({ over }), bench.daemon({ over })];
    one.grant(1, "EX", GRACED);
    one.kill();
    equal(other.acquire(1, "EX")?.type, "refused");
    // For longer than a file stays open without a lock.
    bench.pass(60_000);
    equal(other.acquire(2, "EX")?.type, "granted");
  });

  Deno.test(`[I-12] a mark whose time is not over stays in a file that is closed (${over})`, () => {
    using bench = new StoreBench();
    const [one, other] = [bench.daemon({ over }), bench.daemon({ over, idleFilesMax: 0 })];
    one.grant(1, "EX", GRACED);
    one.kill();
    equal(other.acquire(1, "EX")?.type, "refused");
    bench.pass(GRACE_MS - 1);
    deepEqual(said(bench), [["EX", GRACE_MS]]);
    equal(bench.daemon({ over }).acquire(1, "EX")?.type, "refused");
  });

  Deno.test(`without a grace, or after a release, the next one gets the lock at once (${over})`, () => {
    using bench = new StoreBench();
    const [one, other] = [bench.daemon({ over }), bench.daemon({ over })];
    one.grant(1, "EX", GRACED);
    deepEqual(said(bench), [["EX", GRACE_MS]]);
    one.release(1, "g");
    deepEqual(said(bench), []);
    one.grant(2, "PR", GRACED);
    deepEqual(said(bench), [["PR", GRACE_MS]]);
    one.end("g");
    one.grant(1, "EX", { session: "without" });
    deepEqual(said(bench), []);
    one.kill();
    equal(other.acquire(1, "EX")?.type, "granted");
  });
}

Deno.test("[I-15] two daemons wait for a grace: the second is not held up by the first one's mark", () => {
  using bench = new StoreBench();
  const [one, early, late] = [bench.daemon(), bench.daemon(), bench.daemon()];
  one.grant(1, "EX", GRACED);
  one.kill();
  early.wait(1, "EX");
  bench.pass(GRACE_MS / 2);
  late.wait(1, "EX");
  bench.until(() => early.holds(1), GRACE_MS / 2 + RETRY_MS_MAX);
  early.release(1);
  bench.until(() => late.holds(1), MARK_RETRY_MS + RETRY_MS_MAX);
});

Deno.test("[I-12] a daemon that is killed while it waits for a grace leaves the next one to wait anew", () => {
  using bench = new StoreBench();
  const [one, other, third] = [bench.daemon(), bench.daemon(), bench.daemon()];
  one.grant(1, "EX", GRACED);
  one.kill();
  other.wait(1, "EX", GRACED);
  bench.pass(GRACE_MS - 1);
  other.kill();
  ok(waitedOut(waited(bench, third, 1, "PR")));
});

Deno.test("[I-12] the mark of a daemon that was killed again is waited for again", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "EX", GRACED);
  one.kill();
  ok(waitedOut(waited(bench, other, 1, "EX")));
  other.release(1);
  // In the slot that the first one had.
  bench.nowMs = Math.ceil(bench.nowMs / MARK_SLOTS) * MARK_SLOTS - bench.daemons.length;
  const again = bench.daemon();
  again.grant(1, "EX", GRACED);
  again.kill();
  ok(waitedOut(waited(bench, other, 2, "EX")));
});

Deno.test("[I-15] a mark that shared locks of others keep from being wiped is waited for once", () => {
  using bench = new StoreBench();
  const [one, reader, other] = [bench.daemon(), bench.daemon(), bench.daemon()];
  one.grant(1, "CW", GRACED);
  reader.grant(1, "CR");
  one.kill();
  ok(waitedOut(waited(bench, other, 1, "PR")));
  deepEqual(said(bench), [["CW", GRACE_MS]], "the reader is in the way");
  equal(other.outside(), "CR");
  other.release(1);
  equal(other.acquire(2, "PW")?.type, "granted");
  other.release(2);
  reader.release(1);
  equal(other.acquire(3, "PR")?.type, "granted");
  deepEqual(said(bench), []);
  equal(reader.acquire(2, "PR")?.type, "granted", "the claim is PR again");
  equal(reader.acquire(3, "CW")?.type, "refused");
});

Deno.test("[I-12] a daemon whose slot has the mark of a dead one does not write over it while it counts", () => {
  using bench = new StoreBench();
  const one = bench.daemon();
  one.grant(1, "PR", GRACED);
  one.kill();
  bench.nowMs = MARK_SLOTS - 1;
  const again = bench.daemon();
  again.grant(1, "PR", { session: "without" });
  again.grant(1, "NL", GRACED);
  again.wait(2, "PR", GRACED);
  bench.pass(GRACE_MS - 1);
  ok(!again.holds(2, "g"));
  deepEqual(said(bench), [["PR", GRACE_MS]]);
  bench.until(() => again.holds(2, "g"), RETRY_MS_MAX);
  deepEqual(said(bench), [["PR", GRACE_MS]]);
  again.kill();
  ok(waitedOut(waited(bench, bench.daemon(), 1, "EX")));
});

Deno.test("[I-7] [I-12] a conversion upward waits for a grace, and the old mode is held meanwhile", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "PW", GRACED);
  other.grant(1, "CR", GRACED);
  one.kill();
  convert(bench, other, 1, "PR");
  equal(other.effects.at(-1)?.type, "granted");
  bench.pass(GRACE_MS - 1);
  ok(!other.effects.some(({ type }) => type === "converted"));
  deepEqual(said(bench).sort(), [["CR", GRACE_MS], ["PW", GRACE_MS]]);
  bench.until(() => other.effects.some(({ type }) => type === "converted"), RETRY_MS_MAX);
  deepEqual(said(bench), [["PR", GRACE_MS]]);
});

Deno.test("[I-8] of several names none is held while one is kept for a grace", () => {
  using bench = new StoreBench();
  const [one, other, third] = [bench.daemon(), bench.daemon(), bench.daemon()];
  one.grant(1, "EX", { ...GRACED, name: "b" });
  one.kill();
  equal(other.acquireAll(1, ["a", "b"], Infinity, GRACE_MS), undefined);
  deepEqual(said(bench, "a.lck"), []);
  third.grant(1, "EX", { name: "a" });
  third.release(1);
  bench.pass(GRACE_MS - 1);
  ok(!other.holds(1));
  bench.until(() => other.holds(1), RETRY_MS_MAX);
});

Deno.test("[P-23] [P-40] a wait for a grace ends in time, tells who held, and leaves nothing behind", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "EX", GRACED);
  bench.pass(60);
  one.kill();
  equal(other.outside(), "EX");
  other.wait(1, "EX", { waitMs: 300 });
  bench.pass(300);
  for (const id of [1, 2]) {
    const answer = id === 1 ? other.answer(1) : other.acquire(id, "PR");
    ok(answer?.type === "refused" && answer.code === (id === 1 ? "TIMEOUT" : "BUSY"));
    deepEqual(answer.blockedBy?.map((party) => [party.daemon, party.mode]), [["daemon-0", "EX"]]);
  }
  bench.pass(RETRY_MS_MAX);
  equal(other.store.nextDueMs - bench.nowMs <= TIDY_INTERVAL_MS, true);
  equal(other.refusal(3, "PR"), "BUSY");
  bench.pass(GRACE_MS);
  equal(other.acquire(4, "PR")?.type, "granted");
  equal(bench.daemon().outside(), "PR");
});

Deno.test("[I-15] whoever only tries, now and then, gets the lock when the grace is over", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  const graceMs = 6 * IDLE_FILE_MS;
  one.grant(1, "PW", { ...GRACED, graceMs });
  one.kill();
  const tries = 5;
  for (let id = 1; id < tries; id++) {
    equal(other.refusal(2 * id, "PR"), "BUSY");
    other.grant(2 * id + 1, "CR");
    other.release(2 * id + 1);
    bench.pass(graceMs / (tries - 1));
  }
  other.grant(2 * tries, "PR");
});

Deno.test("a lock file that is emptied or deleted while nobody holds it keeps nobody waiting", () => {
  for (const clean of [Deno.removeSync, (path: string) => Deno.truncateSync(path)]) {
    using bench = new StoreBench();
    const [one, other] = [bench.daemon(), bench.daemon()];
    one.grant(1, "EX", GRACED);
    one.kill();
    other.wait(1, "EX");
    bench.pass(10);
    clean(bench.path("x.lck"));
    bench.until(() => other.holds(1), MARK_RETRY_MS + RETRY_MS_MAX);
  }
});
