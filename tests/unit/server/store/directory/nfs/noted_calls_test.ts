// Calls of a worker that are written down, over real files.
import { deepEqual, equal, ok } from "node:assert/strict";
import { Libc } from "../../../../../../ffi/libc.ts";
import { emptyStatus, LOCK_TO_END, LOCK_WRITE } from "../../../../../../ffi/file_calls.ts";
import { NotedCalls } from "../../../../../../server/store/directory/nfs/noted_calls.ts";
import { temporaryDirectory } from "../../../../../support/daemon.ts";
import { directCalls } from "../../../../../support/inline_courier.ts";

Deno.test("NotedCalls writes every call down once, with its outcome and its time, and passes on what it answers", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  let nowMs = 0;
  const calls = new NotedCalls(directCalls(libc, { bootMs: () => nowMs += 500 }));
  const path = `${directory.path}/a`;
  equal(calls.openDirect(path, "existing"), -2);
  const [one, two] = [calls.openDirect(path, "create-new"), calls.open(path, "existing")];
  calls.close(calls.openForReading(directory.path));
  equal(calls.tryLock(one, LOCK_WRITE, 0, LOCK_TO_END), 0);
  ok(calls.tryLock(two, LOCK_WRITE, 0, LOCK_TO_END) < 0);
  equal(calls.conflicting(two, LOCK_WRITE, 0, 1), LOCK_WRITE);
  equal(calls.write(one, new Uint8Array(3), 0), 3);
  equal(calls.read(one, new Uint8Array(9), 0), 3);
  deepEqual([calls.sync(one), calls.status(one, emptyStatus()), calls.links(one)], [0, 0, 1]);
  equal(calls.unlink(path), 0);
  deepEqual([calls.close(one), calls.close(two)], [0, 0]);
  ok(calls.read(-1, new Uint8Array(9), 0) < 0);
  const notes = calls.take();
  deepEqual(notes.map(({ operation, outcome }) => `${operation} ${outcome}`), [
    ...["open ok", "open ok", "open ok", "open ok", "close ok", "lock ok", "lock refused", "query ok"],
    ...["write ok", "read ok", "sync ok", "status ok", "status ok", "unlink ok", "close ok", "close ok"],
    "read failed",
  ]);
  ok(notes.every(({ seconds }) => seconds === 0.5));
  deepEqual(calls.take(), [], "each is told once");
});
