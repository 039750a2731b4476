/**
 * Lock files: how many are open, when they go, and what others do to them.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { LOCK_TO_END, LOCK_WRITE } from "../../../../../ffi/file_calls.ts";
import { HEAD_BYTES } from "../../../../../server/store/directory/grace_mark.ts";
import { IDLE_FILE_MS, TIDY_INTERVAL_MS } from "../../../../../server/store/directory/local_arbiter.ts";
import { type BenchDaemon, StoreBench } from "../../../../support/store_bench.ts";

/** The ledger is one. */
const openFiles = (daemon: BenchDaemon) => daemon.calls.openDescriptors.length - 1;

/** Longer than any idle file stays open. */
const LONG_MS = IDLE_FILE_MS + 2 * TIDY_INTERVAL_MS;

function refusalText(daemon: BenchDaemon, request: number): string {
  const answer = daemon.answer(request);
  ok(answer?.type === "refused");
  return `${answer.code}: ${answer.message}`;
}

Deno.test("a lock file is made for a lock, kept for the next one, and removed when it was idle for long", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon();
  daemon.grant(1, "EX");
  deepEqual(bench.lockFiles(), ["x.lck"]);
  bench.pass(LONG_MS);
  equal(openFiles(daemon), 1, "a file in use stays");
  daemon.release(1);
  bench.pass(IDLE_FILE_MS - TIDY_INTERVAL_MS);
  equal(openFiles(daemon), 1);
  bench.pass(3 * TIDY_INTERVAL_MS);
  equal(openFiles(daemon), 0);
  deepEqual(bench.lockFiles(), []);
  equal(daemon.store.nextDueMs, Infinity);
});

Deno.test("no more idle files than idleFilesMax stay open, the longest idle go first", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon({ idleFilesMax: 2 });
  ["a", "b", "c", "d"].forEach((name, index) => {
    daemon.grant(index + 1, "EX", { name });
    daemon.release(index + 1);
    bench.pass(1);
  });
  bench.pass(TIDY_INTERVAL_MS);
  deepEqual(bench.lockFiles(), ["c.lck", "d.lck"]);
});

Deno.test("keepFiles leaves the lock files where they are, and closes them all the same", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon({ keepFiles: true });
  daemon.grant(1, "EX");
  daemon.release(1);
  bench.pass(LONG_MS);
  equal(openFiles(daemon), 0);
  deepEqual(bench.lockFiles(), ["x.lck"]);
  daemon.close();
  deepEqual(bench.lockFiles(), ["x.lck"]);
});

Deno.test("[P-29] LIMIT when no lock file can be opened, and nothing that is there is touched", () => {
  using bench = new StoreBench();
  const [daemon, other] = [bench.daemon({ lockFilesMax: 3 }), bench.daemon()];
  daemon.grant(1, "EX", { name: "a" });
  daemon.grant(2, "EX", { name: "b" });
  other.grant(1, "EX", { name: "c" });
  daemon.wait(3, "EX", { name: "c" });
  equal(daemon.refusal(4, "EX", { name: "d" }), "LIMIT");
  equal(daemon.refusal(5, "EX", { name: "d", waitMs: Infinity }), "LIMIT");
  match(refusalText(daemon, 5), /lockFilesMax/);
  daemon.wait(6, "PR", { name: "a" });
  equal(other.refusal(2, "EX", { name: "a" }), "BUSY");
  other.release(1);
  bench.until(() => daemon.holds(3), 100);
  daemon.release(2);
  daemon.grant(7, "EX", { name: "d" }); // the idle file of b makes room
  equal(openFiles(daemon), 3);
  deepEqual(bench.lockFiles(), ["a.lck", "c.lck", "d.lck"]);
  daemon.check();
});

Deno.test("[P-29] LIMIT when the process has no descriptor left, and idle files are closed first", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon();
  for (const [index, name] of ["a", "b", "c"].entries()) daemon.grant(index + 1, "EX", { name });
  daemon.release(2);
  daemon.calls.fail({ errno: 24, kind: "open", times: 1 });
  daemon.grant(4, "EX", { name: "d" });
  deepEqual(bench.lockFiles(), ["a.lck", "c.lck", "d.lck"]);
  daemon.calls.fail({ errno: 24, kind: "open", times: Infinity });
  equal(daemon.refusal(5, "EX", { name: "e" }), "LIMIT");
  match(refusalText(daemon, 5), /no file descriptor is left \(EMFILE\)/);
  daemon.calls.heal();
  daemon.grant(6, "EX", { name: "e" });
});

Deno.test("after all stores are closed no lock file and no descriptor is left", () => {
  using bench = new StoreBench();
  const daemons = [bench.daemon(), bench.daemon(), bench.daemon()];
  daemons.forEach((daemon, index) => {
    daemon.grant(1, "PR", { name: "shared" });
    daemon.grant(2, "EX", { name: `own${index}` });
    daemon.acquire(3, "EX", { name: "own0", waitMs: Infinity });
    daemon.grant(4, "CR", { name: "idle" });
    daemon.release(4);
  });
  bench.pass(30);
  for (const daemon of daemons) daemon.close();
  deepEqual(bench.lockFiles(), []);
  deepEqual(daemons.map((daemon) => daemon.calls.openDescriptors), [[], [], []]);
});

Deno.test("a file that one daemon made and another one used first is removed in the end", () => {
  using bench = new StoreBench();
  const [maker, user] = [bench.daemon(), bench.daemon()];
  let used = false;
  // The other daemon comes just between the making of the file and the claim on it.
  const { tryLock } = bench.libc;
  bench.libc.tryLock = (...args) => {
    bench.libc.tryLock = tryLock;
    user.grant(1, "EX");
    used = true;
    return bench.libc.tryLock(...args);
  };
  equal(maker.refusal(1, "EX"), "BUSY");
  ok(used);
  user.release(1);
  bench.pass(LONG_MS);
  deepEqual(bench.lockFiles(), []);
});

Deno.test("a lock file that was deleted while idle is made anew", () => {
  using bench = new StoreBench();
  const [daemon, other] = [bench.daemon(), bench.daemon()];
  const token = daemon.grant(1, "EX");
  daemon.release(1);
  Deno.removeSync(bench.path("x.lck"));
  ok(other.grant(1, "EX") > token);
  equal(daemon.refusal(2, "EX"), "BUSY", "the daemon that had it open looks at the new file");
  other.release(1);
  ok(daemon.grant(3, "EX") > token + 1);
});

Deno.test("a lock file that was deleted while a daemon waits for it costs nobody the lock", () => {
  using bench = new StoreBench();
  const [daemon, other] = [bench.daemon(), bench.daemon()];
  const token = daemon.grant(1, "EX");
  other.wait(1, "EX");
  bench.pass(30);
  daemon.release(1);
  Deno.removeSync(bench.path("x.lck"));
  bench.until(() => other.holds(1), 100);
  ok((other.grants()[0]?.token ?? 0) > token);
  equal(daemon.refusal(2, "EX"), "BUSY");
});

Deno.test("[P-50] a lock file that is deleted while held: the holders are told, the waiters get the new file", () => {
  using bench = new StoreBench();
  const [daemon, other] = [bench.daemon(), bench.daemon()];
  const token = daemon.grant(1, "EX");
  daemon.wait(2, "PR", { session: "t" });
  daemon.wait(3, "PR", { session: "t" });
  Deno.removeSync(bench.path("x.lck"));
  bench.pass(TIDY_INTERVAL_MS + 1);
  const lost = daemon.effects.filter((effect) => effect.type === "lost");
  deepEqual(lost, [{ type: "lost", session: "s", lock: 1, name: "x", token, reason: "store" }]);
  ok(daemon.holds(2, "t") && daemon.holds(3, "t"));
  ok(daemon.grants().slice(1).every((grant) => grant.token > token));
  deepEqual(bench.lockFiles(), ["x.lck"]);
  equal(other.refusal(1, "EX"), "BUSY", "other daemons see the claim of those who waited");
  daemon.release(2, "t");
  daemon.release(3, "t");
  other.grant(2, "EX");
  bench.pass(TIDY_INTERVAL_MS + 1);
  equal(daemon.effects.filter((effect) => effect.type === "lost").length, 1);
});

Deno.test("[P-50] a deleted file that somebody else holds anew: the waiters wait for that one", () => {
  using bench = new StoreBench();
  const [daemon, other] = [bench.daemon(), bench.daemon()];
  daemon.grant(1, "EX");
  daemon.wait(2, "EX");
  Deno.removeSync(bench.path("x.lck"));
  const token = other.grant(1, "EX");
  bench.pass(TIDY_INTERVAL_MS + 1);
  ok(!daemon.holds(1) && !daemon.holds(2));
  other.release(1);
  bench.until(() => daemon.holds(2), 100);
  ok((daemon.grants()[1]?.token ?? 0) > token);
});

Deno.test("STORE_UNAVAILABLE for a name whose file is a directory, a link or a pipe, until it is gone", () => {
  for (const plant of ["directory", "link", "dangling link", "pipe"] as const) {
    using bench = new StoreBench();
    const path = bench.path("x.lck");
    const target = bench.path(".distrilock/target");
    if (plant === "directory") Deno.mkdirSync(path);
    else if (plant === "pipe") new Deno.Command("mkfifo", { args: [path] }).outputSync();
    else {
      if (plant === "link") Deno.writeTextFileSync(target, "precious");
      Deno.symlinkSync(target, path);
    }
    const daemon = bench.daemon();
    equal(daemon.refusal(1, "EX"), "STORE_UNAVAILABLE", plant);
    match(refusalText(daemon, 1), /Cannot (open|use) .*x\.lck: /);
    equal(daemon.refusal(2, "EX", { waitMs: Infinity }), "STORE_UNAVAILABLE", plant);
    daemon.grant(3, "EX", { name: "y" });
    equal(openFiles(daemon), 1, "nothing of it stays open");
    bench.pass(LONG_MS);
    deepEqual(bench.lockFiles(), ["x.lck", "y.lck"], "and it is not removed");
    if (plant === "link") equal(Deno.readTextFileSync(target), "precious");
    Deno.removeSync(path);
    daemon.grant(4, "EX");
  }
});

Deno.test("[P-50] a held lock file that is replaced by something else: the lock is lost, waiters are refused", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon();
  daemon.grant(1, "EX");
  daemon.wait(2, "EX");
  Deno.removeSync(bench.path("x.lck"));
  Deno.mkdirSync(bench.path("x.lck"));
  bench.pass(TIDY_INTERVAL_MS + 1);
  ok(daemon.effects.some((effect) => effect.type === "lost"));
  match(refusalText(daemon, 2), /^STORE_UNAVAILABLE: Cannot /);
  Deno.removeSync(bench.path("x.lck"));
  daemon.grant(3, "EX");
  daemon.check();
});

Deno.test("a lock file with foreign content is no lock, and is never removed", () => {
  for (
    const content of ["", "4711\n", "x".repeat(5_000), "\0".repeat(64), "T0000000000000001 EX d deadbeef\n"]
  ) {
    using bench = new StoreBench();
    Deno.writeTextFileSync(bench.path("x.lck"), content);
    const [daemon, other] = [bench.daemon({ idleFilesMax: 0 }), bench.daemon({ idleFilesMax: 0 })];
    const token = daemon.grant(1, "EX");
    daemon.release(1);
    ok(other.grant(1, "PR") > token);
    other.release(1);
    bench.pass(LONG_MS);
    deepEqual(bench.lockFiles(), ["x.lck"], JSON.stringify(content));
    for (const one of [daemon, other]) one.close();
    deepEqual(bench.lockFiles(), ["x.lck"]);
  }
});

Deno.test("a lock file that another program locks is not removed from under it", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon({ idleFilesMax: 0 });
  daemon.grant(1, "EX");
  daemon.release(1);
  const fd = bench.libc.open(bench.path("x.lck"), "existing");
  equal(bench.libc.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END), 0);
  bench.pass(2 * TIDY_INTERVAL_MS);
  deepEqual(bench.lockFiles(), ["x.lck"]);
  bench.libc.close(fd);
});

Deno.test("a lock file with a second name, or under whose name another file stands, is left alone", () => {
  for (const links of [1, 2]) {
    using bench = new StoreBench();
    const daemon = bench.daemon();
    daemon.grant(1, "EX");
    daemon.release(1);
    Deno.linkSync(bench.path("x.lck"), bench.path("second"));
    if (links === 1) {
      Deno.removeSync(bench.path("x.lck"));
      Deno.writeTextFileSync(bench.path("x.lck"), "somebody else's");
    }
    daemon.close();
    deepEqual(bench.lockFiles(), ["second", "x.lck"]);
  }
});

Deno.test("no holder note is written through the descriptor of a file that was closed", () => {
  using bench = new StoreBench();
  const [daemon, other] = [bench.daemon({ lockFilesMax: 2 }), bench.daemon()];
  const token = other.grant(1, "EX", { name: "z" });
  bench.pass(100);
  daemon.grant(1, "EX");
  daemon.release(1);
  daemon.grant(2, "EX", { name: "y" });
  // Makes room: the file of x is closed before it was noted who holds it, and this one gets its number.
  daemon.wait(3, "EX", { name: "z" });
  daemon.release(2);
  daemon.grant(4, "EX");
  bench.pass(100);
  match(Deno.readTextFileSync(bench.path("z.lck")).slice(HEAD_BYTES), new RegExp(`^{.*"token":${token},`));
});
