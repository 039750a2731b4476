// A daemon that has its directory for itself.
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { type Mode, MODES } from "../../../../../client/protocol/modes.ts";
import { ERRNO } from "../../../../../ffi/errno.ts";
import { LOCK_TO_END, LOCK_UNLOCK, LOCK_WRITE } from "../../../../../ffi/file_calls.ts";
import { SharingError } from "../../../../../server/store/directory/ledger_errors.ts";
import { HEAD_BYTES } from "../../../../../server/store/directory/grace_mark.ts";
import { TIDY_INTERVAL_MS } from "../../../../../server/store/directory/local_arbiter.ts";
import { soleCalls } from "../../../../../server/store/directory/sole_calls.ts";
import { FaultyFiles } from "../../../../support/faulty_files.ts";
import { friends } from "../../../../support/lock_model_parts.ts";
import { GRACED, waited, waitedOut } from "../../../../support/mark_scenario.ts";
import { RETRY_MS_MAX } from "../../../../../server/store/directory/turns.ts";
import { type BenchDaemon, StoreBench } from "../../../../support/store_bench.ts";

const SOLE = { sole: true } as const;

/** The calls that a daemon makes meanwhile. */
function callsOf({ calls }: BenchDaemon, act: () => void): string[] {
  const before = calls.calls;
  act();
  return calls.trace.slice(before);
}

Deno.test("a sole daemon asks the kernel for nothing: an acquire writes its token at most, a release does nothing", () => {
  const writes: Readonly<Record<Mode, number>> = { NL: 0, CR: 0, CW: 0, PR: 0, PW: 1, EX: 1 };
  using bench = new StoreBench();
  const daemon = bench.daemon(SOLE);
  let id = 0;
  for (const mode of MODES) {
    const name = `of ${mode}`.replace(" ", "-");
    daemon.grant(++id, mode, { name });
    daemon.release(id);
    const calls = callsOf(daemon, () => {
      daemon.grant(++id, mode, { name });
      daemon.release(id);
    });
    deepEqual(calls, Array.from({ length: writes[mode] }, () => "write"), mode);
  }
});

Deno.test("[P-22] a sole daemon gives its sessions all 36 pairs of modes as the matrix says", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon(SOLE);
  let id = 0;
  for (const held of MODES) {
    for (const wanted of MODES) {
      const holder = ++id;
      daemon.grant(holder, held, { session: "holder" });
      const answer = daemon.acquire(++id, wanted, { session: "other" });
      equal(answer?.type === "granted", friends(held, wanted), `${wanted} beside ${held}`);
      if (answer?.type === "granted") daemon.release(id, "other");
      daemon.release(holder, "holder");
      daemon.check();
    }
  }
});

Deno.test("a sole daemon is not there beside others, nor others beside it, and each says what to do", () => {
  using bench = new StoreBench();
  const sole = bench.daemon(SOLE);
  for (const options of [{}, SOLE]) {
    throws(() => bench.daemon(options), SharingError);
  }
  throws(
    () => bench.daemon(),
    /^SharingError: Cannot use .*ledger: a daemon has the directory alone \(--sole\); stop it/,
  );
  sole.kill();
  const shared = bench.daemon();
  throws(() => bench.daemon(SOLE), /^SharingError: Cannot have .*ledger alone \(--sole\): other daemons use/);
  const other = bench.daemon();
  shared.grant(1, "EX");
  equal(other.refusal(1, "EX"), "BUSY");
});

Deno.test("[P-24] [I-2] tokens grow from shared daemons to sole ones and back, across kills, for every pair of modes", () => {
  using bench = new StoreBench();
  let last = 0;
  let id = 0;
  for (const first of ["EX", "PW", "PR"] as const) {
    for (const end of ["close", "kill"] as const) {
      for (const options of [{}, SOLE]) {
        const daemon = bench.daemon(options);
        for (let round = 0; round < 100; round++) {
          const token = daemon.grant(++id, round % 2 === 0 ? "EX" : first);
          ok(token > last, `${token} after ${last}`);
          last = token;
          daemon.release(id);
        }
        daemon[end]();
      }
    }
  }
});

Deno.test("a sole daemon verifies its locks, and keeps values for its successor", () => {
  using bench = new StoreBench();
  const sole = bench.daemon(SOLE);
  const token = sole.grant(1, "EX");
  equal(sole.verified(1), token);
  sole.setValue(1, "left here");
  sole.release(1);
  sole.kill();
  const next = bench.daemon();
  next.grant(1, "PR");
  const granted = next.answer(1);
  ok(granted?.type === "granted");
  deepEqual(granted.fenced[0].value, { text: "left here", valid: true });
});

Deno.test("[P-58] deleting a lock file that is held does nothing to the lock of a sole daemon, nor does verifying it", () => {
  using bench = new StoreBench();
  const sole = bench.daemon(SOLE);
  const token = sole.grant(1, "PR");
  Deno.removeSync(bench.path("x.lck"));
  bench.pass(2 * TIDY_INTERVAL_MS);
  equal(sole.verified(1), token);
  equal(sole.refusal(2, "EX", { session: "t" }), "BUSY");
});

Deno.test("soleCalls knows what the beginning of a file says, until a write is not done", () => {
  using bench = new StoreBench();
  const { libc } = bench;
  const path = `${bench.directories[0]}/f`;
  const faulty = new FaultyFiles(libc);
  const calls = soleCalls(faulty);
  const fd = calls.open(path, "create-new");
  const read = (offset = 0, length = 4) => {
    const into = new Uint8Array(length);
    const bytes = calls.read(fd, into, offset);
    return bytes < 0 ? String(bytes) : new TextDecoder().decode(into.subarray(0, bytes));
  };
  equal(read(), "");
  equal(calls.write(fd, new TextEncoder().encode("abcd"), 0), 4);
  equal(read(), "abcd");
  // Only this daemon writes: what others do is not seen.
  Deno.writeTextFileSync(path, "ABCD");
  equal(read(), "abcd");
  equal(read(2, HEAD_BYTES), "CD");
  faulty.fail({ errno: ERRNO.ENOSPC, kind: "write" });
  equal(calls.write(fd, new TextEncoder().encode("x"), 0), -ERRNO.ENOSPC);
  equal(read(), "ABCD");
  // A hole is filled by the file, not by memory.
  equal(calls.write(fd, new TextEncoder().encode("h"), 6), 1);
  equal(read(4), "\0\0h");
  calls.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END);
  const other = calls.open(path, "existing");
  equal(calls.conflicting(other, LOCK_WRITE, 0, 1), LOCK_WRITE);
  equal(calls.conflicting(fd, LOCK_WRITE, 0, 1), LOCK_UNLOCK);
  calls.close(fd);
  equal(calls.conflicting(other, LOCK_WRITE, 0, 1), LOCK_UNLOCK);
  calls.close(other);
});

Deno.test("[I-12] the locks of a sole daemon that is killed are kept for the grace of their sessions, by a shared one and by a sole one", () => {
  for (const options of [{}, SOLE]) {
    using bench = new StoreBench();
    const sole = bench.daemon(SOLE);
    sole.grant(1, "EX", GRACED);
    sole.grant(2, "EX", { ...GRACED, name: "released" });
    sole.release(2, GRACED.session);
    sole.kill();
    const next = bench.daemon(options);
    equal(next.acquire(1, "EX", { name: "released" })?.type, "granted");
    ok(waitedOut(waited(bench, next, 2, "EX"), RETRY_MS_MAX));
  }
});

for (const how of ["deleted", "moved", "moved with the directory"] as const) {
  Deno.test(`[I-1] a sole daemon whose ledger is ${how} gives up its locks, and gives no more: others may have come`, () => {
    using bench = new StoreBench();
    const sole = bench.daemon(SOLE);
    sole.grant(1, "EX", GRACED);
    sole.grant(2, "PR", { name: "y" });
    sole.wait(3, "EX", { name: "y" });
    const ledger = bench.path(".distrilock/ledger");
    if (how === "deleted") Deno.removeSync(ledger);
    else if (how === "moved") Deno.renameSync(ledger, `${ledger}.old`);
    else {
      Deno.renameSync(bench.path(".distrilock"), bench.path(".old"));
      Deno.mkdirSync(bench.path(".distrilock"));
    }
    const other = bench.daemon();
    bench.pass(TIDY_INTERVAL_MS);
    deepEqual([sole.holds(1, "g"), sole.holds(2)], [false, false]);
    const refusal = sole.answer(3);
    ok(refusal?.type === "refused" && refusal.code === "STORE_UNAVAILABLE");
    ok(refusal.message.includes("restart all daemons"), refusal.message);
    equal(sole.refusal(4, "CR", { name: "z" }), "STORE_UNAVAILABLE");
    equal(sole.store.available, false);
    ok(waitedOut(waited(bench, other, 1, "EX")), "the client may not have heard of it");
    other.grant(2, "EX", { name: "y" });
  });
}
