/**
 * A daemon that dies with locks of sessions with a grace: nobody gets what conflicts with them before the graces are over.
 *
 * @module
 */
import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import type { FileCalls } from "../../../../../ffi/file_calls.ts";
import { ERRNO } from "../../../../../ffi/errno.ts";
import { LOCK_UNLOCK } from "../../../../../ffi/file_calls.ts";
import { type Mode, MODES } from "../../../../../client/protocol/modes.ts";
import type { SessionId } from "../../../../../server/lock/effect.ts";
import {
  graceOf,
  hasMarks,
  HEAD_BYTES,
  type Mark,
  MARK_SLOTS,
  MARKS_AT,
  readMark,
} from "../../../../../server/store/directory/grace_mark.ts";
import { MARK_RETRY_MS } from "../../../../../server/store/directory/grace_marks.ts";
import { Ledger } from "../../../../../server/store/directory/ledger.ts";
import { IDLE_FILE_MS, TIDY_INTERVAL_MS } from "../../../../../server/store/directory/local_arbiter.ts";
import { NFS_RETRY_MS_MAX, RETRY_MS_MAX } from "../../../../../server/store/directory/turns.ts";
import { forwarded } from "../../../../support/inline_courier.ts";
import { friends } from "../../../../support/lock_model_parts.ts";
import { BENCH_START_MS, type BenchDaemon, StoreBench } from "../../../../support/store_bench.ts";

const GRACE_MS = 5_000;
/** A session with a grace, and how it asks. */
const GRACED = { session: "g", graceMs: GRACE_MS } as const;

/** The marks that stand in a lock file. */
function marks(bench: StoreBench, file = "x.lck"): Mark[] {
  const head = new Uint8Array(HEAD_BYTES);
  head.set(Deno.readFileSync(bench.path(file)).subarray(0, HEAD_BYTES));
  return [...Array(MARK_SLOTS).keys()].map((slot) => readMark(head, slot)).filter((mark) =>
    mark !== undefined
  );
}

function said(bench: StoreBench, file?: string): [Mode, number][] {
  return marks(bench, file).map((mark) => [mark.mode, graceOf(mark)]);
}

/** Has a daemon ask, and answers how long it had to wait, in milliseconds. */
function waited(bench: StoreBench, daemon: BenchDaemon, id: number, mode: Mode): number {
  if (daemon.acquire(id, mode, { waitMs: Infinity })?.type === "granted") return 0;
  return bench.until(() => daemon.holds(id), 3 * GRACE_MS);
}

function waitedOut(ms: number, retryMs = RETRY_MS_MAX): boolean {
  return ms >= GRACE_MS && ms <= GRACE_MS + retryMs;
}

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

Deno.test("[I-12] a mark is weakened before the lock is: whoever is in time finds none that conflicts", () => {
  using bench = new StoreBench();
  let next: (() => void) | undefined;
  const wrap = (calls: FileCalls): FileCalls => ({
    ...forwarded(calls),
    tryLock: (fd, type, start, length) => {
      const answer = calls.tryLock(fd, type, start, length);
      if (type === LOCK_UNLOCK) next?.();
      return answer;
    },
  });
  const [one, other] = [bench.daemon({ wrap }), bench.daemon()];
  const got: (string | undefined)[] = [];
  let id = 0;
  const asks = (mode: Mode) => () => got.push(other.acquire(++id, mode)?.type);
  one.grant(1, "EX", GRACED);
  next = asks("PR");
  convert(bench, one, 1, "PR");
  next = undefined;
  deepEqual(said(bench), [["PR", GRACE_MS]]);
  other.end();
  next = asks("EX");
  one.release(1, "g");
  // A conversion may unlock in several steps, of which only the last lets a PR in.
  deepEqual([got.at(-2), got.at(-1)], ["granted", "granted"]);
});

Deno.test("[I-12] a mark says what all sessions with a grace hold, and the longest grace", () => {
  using bench = new StoreBench();
  const one = bench.daemon();
  one.grant(1, "CR", GRACED);
  one.grant(1, "CR", { session: "longer", graceMs: 2 * GRACE_MS });
  one.grant(1, "PW", { session: "without" });
  deepEqual(said(bench), [["CR", 2 * GRACE_MS]]);
  one.release(1, "without");
  const before = marks(bench);
  one.grant(2, "CR", GRACED);
  deepEqual(marks(bench), before, "what stands will do");
  one.grant(3, "PR", GRACED);
  deepEqual(said(bench), [["PR", 2 * GRACE_MS]]);
  one.release(3, "g");
  deepEqual(said(bench), [["CR", 2 * GRACE_MS]]);
  one.end("g");
  one.end("longer");
  deepEqual(said(bench), []);
  one.grant(4, "PW", { ...GRACED, session: "writer" });
  one.grant(1, "CR", { session: "longer again", graceMs: 2 * GRACE_MS });
  deepEqual(said(bench), [["PW", 2 * GRACE_MS]]);
});

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

Deno.test("a lock file with a mark is not removed, and without one it is", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  const longMs = GRACE_MS + IDLE_FILE_MS + 2 * TIDY_INTERVAL_MS;
  one.grant(1, "CR", GRACED);
  one.kill();
  other.grant(1, "PR");
  other.release(1);
  bench.pass(longMs);
  deepEqual(bench.lockFiles(), ["x.lck"]);
  ok(waitedOut(waited(bench, other, 2, "EX")));
  other.release(2);
  bench.pass(longMs);
  deepEqual(bench.lockFiles(), []);
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

Deno.test("the mark in a file that was made anew is that of its holders, not of those who lost the old one", () => {
  using bench = new StoreBench();
  const one = bench.daemon();
  one.grant(1, "EX", GRACED);
  one.wait(2, "PR", GRACED);
  Deno.removeSync(bench.path("x.lck"));
  bench.until(() => one.holds(2, "g"), TIDY_INTERVAL_MS + 1);
  deepEqual(said(bench), [["PR", GRACE_MS]]);
});

Deno.test("[I-12] a daemon that ends keeps the locks of sessions that it leaves to their clients, and of no other", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "EX", { ...GRACED, name: "left" });
  one.grant(1, "EX", { name: "without" });
  one.grant(1, "EX", { ...GRACED, session: "ended", name: "ended" });
  one.wait(1, "EX", { ...GRACED, session: "waits", name: "left" });
  const leaves = (session: string) => one.store.leaveSession(session as SessionId);
  deepEqual(["g", "s", "waits", "nobody"].map(leaves), [true, false, false, false]);
  one.end("ended");
  one.close();
  deepEqual(["without", "ended"].map((name, id) => other.acquire(id + 1, "EX", { name })?.type), [
    "granted",
    "granted",
  ]);
  equal(other.refusal(3, "EX", { name: "left" }), "BUSY");
});

Deno.test("STORE_UNAVAILABLE when the mark of a grant cannot be written, and nothing is held", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "EX");
  one.release(1);
  for (const effect of ["none", "done"] as const) {
    one.calls.fail({ errno: ERRNO.ENOSPC, kind: "write", from: 2, effect });
    equal(one.refusal(effect === "none" ? 1 : 2, "EX", GRACED), "STORE_UNAVAILABLE");
    one.calls.heal();
    one.check();
    deepEqual(said(bench), [], effect);
  }
  other.grant(1, "EX");
});

Deno.test("[I-12] a mark that could not be wiped delays others once, its daemon not at all, and is none of a later lock", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "EX", GRACED);
  one.calls.fail({ errno: ERRNO.EIO, kind: "write" });
  one.release(1, "g");
  one.calls.heal();
  const [left] = marks(bench);
  equal(left?.mode, "EX");
  ok(waitedOut(waited(bench, other, 1, "EX")));
  other.release(1);
  one.grant(2, "EX", GRACED);
  notDeepEqual(marks(bench), [left]);
  one.release(2, "g");
  one.grant(3, "EX", GRACED);
  one.calls.fail({ errno: ERRNO.EIO, kind: "write" });
  one.release(3, "g");
  one.calls.heal();
  const [again] = marks(bench);
  one.grant(4, "EX", GRACED);
  notDeepEqual(marks(bench), [again], "who has waited that one out waits for the new one");
  one.release(4, "g");
  other.grant(2, "EX");
});

Deno.test("a damaged mark is none", () => {
  for (let at = 0; at < 31; at += 3) {
    using bench = new StoreBench();
    const [one, other] = [bench.daemon(), bench.daemon()];
    one.grant(1, "EX", GRACED);
    one.kill();
    const bytes = Deno.readFileSync(bench.path("x.lck"));
    const slot = bytes.indexOf("G".charCodeAt(0), MARKS_AT);
    bytes[slot + at] = 0x7e;
    Deno.writeFileSync(bench.path("x.lck"), bytes);
    equal(other.acquire(1, "EX")?.type, "granted", `byte ${at}`);
  }
});

Deno.test("Ledger gives each daemon a slot of its own, by lanes, the one that it had if it can", () => {
  using bench = new StoreBench();
  const path = bench.path(".distrilock/ledger");
  const open = (lane: number, slot = -1) => Ledger.open(bench.libc, path, BENCH_START_MS, { lane, slot });
  const ledgers = Array.from({ length: MARK_SLOTS }, () => open(0));
  equal(new Set(ledgers.map(({ slot }) => slot)).size, MARK_SLOTS);
  ok(ledgers.every(({ slot }) => slot >= 0 && slot < MARK_SLOTS));
  const [other, late] = [open(1, 7), open(0)];
  deepEqual([other.slot, late.slot], [7, -1]);
  ledgers[5]?.close();
  const next = open(0, 7);
  equal(next.slot, ledgers[5]?.slot);
  for (const ledger of [...ledgers.filter((_, index) => index !== 5), other, late, next]) ledger.close();
});

Deno.test("a daemon that finds no slot says so, and serves without marks", () => {
  using bench = new StoreBench();
  const path = bench.path(".distrilock/ledger");
  const ledgers = Array.from({ length: MARK_SLOTS }, () => Ledger.open(bench.libc, path, BENCH_START_MS));
  const [late, other] = [bench.daemon(), bench.daemon()];
  deepEqual([late.reports, other.reports], [["unmarked"], ["unmarked"]]);
  late.grant(1, "EX", GRACED);
  ok(!hasMarks(Deno.readFileSync(bench.path("x.lck")).subarray(0, HEAD_BYTES)));
  late.kill();
  other.grant(1, "EX");
  for (const ledger of ledgers) ledger.close();
});

function convert(bench: StoreBench, daemon: BenchDaemon, lock: number, mode: Mode): void {
  const session = GRACED.session as string as SessionId;
  daemon.store.convert({ session, request: 4_000_000 + lock, lock, mode, waitMs: Infinity }, bench.nowMs);
}
