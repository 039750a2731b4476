// Calls on files that count themselves, over real files.
import { deepEqual, equal } from "node:assert/strict";
import { Libc } from "../../../../ffi/libc.ts";
import { emptyStatus, LOCK_TO_END, LOCK_UNLOCK, LOCK_WRITE } from "../../../../ffi/file_calls.ts";
import { CountedCalls } from "../../../../server/metrics/counted_calls.ts";
import { StoreTally } from "../../../../server/metrics/store_tally.ts";
import { temporaryDirectory } from "../../../support/daemon.ts";

function counts(tally: StoreTally): Record<string, readonly number[]> {
  const all = [...tally.all].map(([kind, { ok, refused, failed }]) => [kind, [ok, refused, failed]] as const);
  return Object.fromEntries(all.filter(([, numbers]) => numbers.some((number) => number > 0)));
}

Deno.test("CountedCalls counts calls by their outcome, and passes on what they answer", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const tally = new StoreTally();
  let nowMs = 0;
  const calls = new CountedCalls(libc, tally, { now: () => nowMs += 2, wallMs: () => 0 });
  const path = `${directory.path}/a`;
  equal(calls.open(path, "existing"), -2);
  const [one, two] = [calls.open(path, "create-new"), calls.open(path, "existing")];
  equal(calls.tryLock(one, LOCK_WRITE, 0, LOCK_TO_END), 0);
  equal(calls.tryLock(two, LOCK_WRITE, 0, LOCK_TO_END) < 0, true);
  equal(calls.tryLock(two, LOCK_UNLOCK, 0, LOCK_TO_END), 0);
  equal(calls.conflicting(two, LOCK_WRITE, 0, 1), LOCK_WRITE);
  equal(calls.write(one, new Uint8Array(3), 0), 3);
  equal(calls.read(one, new Uint8Array(9), 0), 3);
  equal(calls.sync(one), 0);
  equal(calls.status(one, emptyStatus()), 0);
  equal(calls.links(one), 1);
  equal(calls.unlink(path), 0);
  equal(calls.unlink(path), -2);
  deepEqual([calls.close(one), calls.close(two)], [0, 0]);
  equal(calls.read(one, new Uint8Array(9), 0) < 0, true);
  deepEqual(counts(tally), {
    open: [3, 0, 0],
    close: [2, 0, 0],
    lock: [2, 1, 0],
    query: [1, 0, 0],
    read: [1, 0, 1],
    write: [1, 0, 0],
    sync: [1, 0, 0],
    status: [2, 0, 0],
    unlink: [2, 0, 0],
  });
  deepEqual(tally.operation("sync").durations.of(0)?.sum, 0.002);
  equal(tally.operation("lock").durations.of(0), undefined);
});

Deno.test("StoreTally counts what somebody else has timed", () => {
  const tally = new StoreTally();
  tally.note({ operation: "lock", outcome: "refused", seconds: 0.25 });
  tally.note({ operation: "lock", outcome: "ok", seconds: 0.5 });
  deepEqual(counts(tally), { lock: [1, 1, 0] });
  deepEqual(tally.operation("lock").durations.of(0)?.sum, 0.75);
});

Deno.test("CountedCalls counts a call on a descriptor that is no file as failed", () => {
  using libc = Libc.open();
  const tally = new StoreTally();
  const calls = new CountedCalls(libc, tally, { now: () => 0, wallMs: () => 0 });
  calls.tryLock(-1, LOCK_WRITE, 0, 1);
  calls.open("/proc/1/nothing/that/is/there", "create-new");
  calls.open("/dev/null/x", "create-new");
  calls.sync(-1);
  calls.unlink("/proc/version");
  deepEqual(counts(tally), { open: [1, 0, 1], lock: [0, 0, 1], sync: [0, 0, 1], unlink: [0, 0, 1] });
});
