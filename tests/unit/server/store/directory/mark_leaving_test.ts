// When a daemon leaves grace marks in its lock files, what they say, and when they go.
import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import type { Mode } from "../../../../../client/protocol/modes.ts";
import { ERRNO } from "../../../../../ffi/errno.ts";
import { type FileCalls, LOCK_UNLOCK } from "../../../../../ffi/file_calls.ts";
import type { SessionId } from "../../../../../server/lock/effect.ts";
import {
  hasMarks,
  HEAD_BYTES,
  MARK_SLOTS,
  MARKS_AT,
  slotAt,
} from "../../../../../server/store/directory/grace_mark.ts";
import { GraceMarks } from "../../../../../server/store/directory/grace_marks.ts";
import { LockFile } from "../../../../../server/store/directory/lock_file.ts";
import { Ledger } from "../../../../../server/store/directory/ledger.ts";
import { IDLE_FILE_MS, TIDY_INTERVAL_MS } from "../../../../../server/store/directory/local_arbiter.ts";
import { writeLine } from "../../../../../server/store/directory/record.ts";
import { forwarded } from "../../../../support/inline_courier.ts";
import {
  convert,
  GRACE_MS,
  GRACED,
  marks,
  said,
  waited,
  waitedOut,
} from "../../../../support/mark_scenario.ts";
import { BENCH_START_MS, StoreBench } from "../../../../support/store_bench.ts";

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
  deepEqual(said(bench), [["PW", GRACE_MS]]);
  one.grant(1, "CR", { session: "longer again", graceMs: 2 * GRACE_MS });
  deepEqual(said(bench), [["PW", 2 * GRACE_MS]]);
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

Deno.test("[I-12] a claim that moves sideways, from CW to PR or back, takes the mark with it before", () => {
  for (const [from, to] of [["CW", "PR"], ["PR", "CW"]] as const) {
    using bench = new StoreBench();
    const [one, other] = [bench.daemon(), bench.daemon()];
    one.grant(1, "CR", { ...GRACED, session: "stays" });
    one.grant(1, from, GRACED);
    one.wait(1, to);
    one.release(1, "g");
    ok(one.holds(1));
    deepEqual(said(bench), [["CR", GRACE_MS]]);
    equal(other.acquire(1, to)?.type, "granted");
    one.release(1);
    one.grant(2, from === "CW" ? "PR" : "CW", GRACED);
  }
});

Deno.test("[I-12] while a mark cannot be weakened others are kept out, as it says", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "CR", { ...GRACED, session: "stays" });
  one.grant(1, "PW", GRACED);
  one.calls.fail({ errno: ERRNO.EIO, kind: "write" });
  one.release(1, "g");
  deepEqual(said(bench), [["PW", GRACE_MS]]);
  equal(other.refusal(1, "PR"), "BUSY");
  one.grant(2, "PR", GRACED);
  one.release(2, "g");
  deepEqual(said(bench), [["CR", GRACE_MS]]);
  other.grant(2, "PR");
});

Deno.test("a mark that could not be wiped is wiped with the next lock", () => {
  using bench = new StoreBench();
  const one = bench.daemon();
  one.grant(1, "EX", GRACED);
  one.calls.fail({ errno: ERRNO.EIO, kind: "write" });
  one.release(1, "g");
  equal(said(bench).length, 1);
  one.grant(2, "EX");
  one.release(2);
  deepEqual(said(bench), []);
});

Deno.test("[I-12] GraceMarks stays in the slot where its mark stands when the ledger gives it another", () => {
  using bench = new StoreBench();
  const path = bench.path("x.lck");
  const file = new LockFile(bench.libc, "x", path, bench.libc.open(path, "create-new"), true, 0);
  const ledger = { slot: 3 };
  const marks = new GraceMarks(bench.libc, { now: () => 0, wallMs: () => 0 }, ledger);
  file.move("EX");
  for (const [slot, mode] of [[3, "PR"], [5, "EX"]] as const) {
    ledger.slot = slot;
    marks.leave(file, new Uint8Array(HEAD_BYTES), { mode, graceMs: GRACE_MS });
    deepEqual(said(bench), [[mode, GRACE_MS]]);
  }
  ok(marks.weaken(file, "NL"));
  deepEqual(said(bench), []);
  marks.leave(file, new Uint8Array(HEAD_BYTES), { mode: "EX", graceMs: GRACE_MS });
  equal(file.marks.slot, 5);
  bench.libc.close(file.fd);
});

Deno.test("[I-12] GraceMarks finds the mark of a dead daemon in a slot that was its own before the ledger was lost", () => {
  using bench = new StoreBench();
  const path = bench.path("x.lck");
  const file = new LockFile(bench.libc, "x", path, bench.libc.open(path, "create-new"), true, 0);
  const ledger = { slot: 3 };
  const marks = new GraceMarks(bench.libc, { now: () => 0, wallMs: () => 0 }, ledger);
  const head = new Uint8Array(HEAD_BYTES);
  const wanted = { mode: "EX", graceMs: GRACE_MS } as const;
  file.move("EX");
  marks.leave(file, head, wanted);
  ok(marks.weaken(file, "NL"));
  ledger.slot = 5;
  writeLine(head, slotAt(3), { letter: "G", number: GRACE_MS * 2 ** 18, mode: "EX", origin: "d" });
  equal(marks.strongest(file, head), "EX");
  ok(marks.keepOut(file, head, wanted, 0));
  bench.libc.close(file.fd);
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
  const open = (lane: number, slot = -1) =>
    Ledger.open(bench.libc, path, { wallMs: BENCH_START_MS, lane, slot });
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
  const ledgers = Array.from(
    { length: MARK_SLOTS },
    () => Ledger.open(bench.libc, path, { wallMs: BENCH_START_MS }),
  );
  const [late, other] = [bench.daemon(), bench.daemon()];
  deepEqual([late.reports, other.reports], [["unmarked"], ["unmarked"]]);
  late.grant(1, "EX", GRACED);
  ok(!hasMarks(Deno.readFileSync(bench.path("x.lck")).subarray(0, HEAD_BYTES)));
  late.kill();
  other.grant(1, "EX");
  for (const ledger of ledgers) ledger.close();
});
