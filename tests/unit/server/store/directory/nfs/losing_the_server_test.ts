// What a daemon on NFS does when its file server does not answer, or has forgotten its locks. Here the worker
// is in this thread, and time is a number.
import { deepEqual, equal, ok } from "node:assert/strict";
import type { FileCalls } from "../../../../../../ffi/file_calls.ts";
import { forgetfulFiles } from "../../../../../support/forgetful_files.ts";
import { forwarded } from "../../../../../support/inline_courier.ts";
import { ERRNO } from "../../../../../../ffi/errno.ts";
import { beliefOf } from "../../../../../../server/store/directory/nfs/belief.ts";
import { HEAD_BYTES } from "../../../../../../server/store/directory/grace_mark.ts";
import type { SessionId } from "../../../../../../server/store/store.ts";
import { BENCH_LEASE_MS, type BenchDaemon, StoreBench } from "../../../../../support/store_bench.ts";

const { believedMs, beatMs } = beliefOf(BENCH_LEASE_MS);
const NFS = { over: "nfs" } as const;

function losses(daemon: BenchDaemon): string[] {
  return daemon.effects.filter((one) => one.type === "lost").map(({ lock, reason }) => `${lock} ${reason}`);
}

function cut(daemon: BenchDaemon, isCut = true): void {
  ok(daemon.courier);
  daemon.courier.cutOff = isCut;
}

function beats(daemon: BenchDaemon): number {
  return daemon.courier?.performed.filter(({ op }) => op === "beat").length ?? 0;
}

Deno.test("[P-50] a daemon that is cut off believes in its locks as long as the last proof allows, and not longer", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon(NFS);
  daemon.grant(1, "EX");
  daemon.grant(2, "PR", { name: "y" });
  daemon.grant(3, "NL", { name: "z" });
  bench.until(() => beats(daemon) > 0, 2 * beatMs);
  const provenMs = bench.nowMs;
  bench.pass(100);
  cut(daemon);
  bench.pass(provenMs + believedMs - bench.nowMs - 1);
  deepEqual(losses(daemon), []);
  bench.pass(1);
  deepEqual(losses(daemon), ["1 store", "2 store"], "NL keeps nobody out, and there is nothing to lose");
  equal(daemon.store.lockCount, 1);
  daemon.check();
});

Deno.test("a daemon whose server answers keeps its locks by one read of each in a quarter of the lease time", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon(NFS);
  daemon.grant(1, "EX");
  daemon.grant(2, "CR", { name: "y" });
  bench.pass(600);
  const before = daemon.calls.calls;
  bench.pass(6 * BENCH_LEASE_MS);
  deepEqual(losses(daemon), []);
  const perBeat = (daemon.calls.calls - before) / (6 * BENCH_LEASE_MS / beatMs);
  ok(perBeat <= 4, `${perBeat} calls a beat: one for each of two names, two for the roster`);
});

Deno.test("[I-17] requests end in time with STORE_UNAVAILABLE while the server is away, and at once when it has been for long", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon(NFS);
  daemon.grant(1, "EX");
  bench.pass(10);
  cut(daemon);
  equal(daemon.acquire(2, "EX", { name: "try" }), undefined);
  equal(daemon.acquire(3, "EX", { name: "wait", waitMs: 3_000 }), undefined);
  equal(daemon.acquire(4, "EX", { name: "ever", waitMs: Infinity }), undefined);
  equal(daemon.acquire(5, "EX", { waitMs: 500 }), undefined, "one that waits for a lock of this daemon");
  const codeOf = (request: number) => {
    const answer = daemon.answer(request);
    return answer?.type === "refused" ? answer.code : answer?.type;
  };
  equal(bench.until(() => codeOf(2) !== undefined, 1_000), 1_000);
  equal(codeOf(2), "STORE_UNAVAILABLE");
  equal(codeOf(5), "TIMEOUT", "the lock is held, which the daemon knows");
  equal(daemon.store.available, false);
  equal(bench.until(() => codeOf(3) !== undefined, 2_000), 2_000);
  equal(codeOf(3), "STORE_UNAVAILABLE");
  equal(
    daemon.refusal(6, "EX", { name: "try" }),
    "STORE_UNAVAILABLE",
    "behind one that hangs nobody waits for nothing",
  );
  bench.until(() => codeOf(4) !== undefined, believedMs);
  equal(codeOf(4), "STORE_UNAVAILABLE");
  equal(daemon.refusal(7, "EX", { name: "new" }), "STORE_UNAVAILABLE");
  deepEqual(daemon.reports, ["lost 1", "down"]);
  daemon.check();
  cut(daemon, false);
  bench.pass(2);
  equal(daemon.store.available, true);
  deepEqual(daemon.reports, ["lost 1", "down", "back"]);
  daemon.grant(8, "EX", { name: "new" });
});

Deno.test("[P-27] what is done after the request was refused is undone", () => {
  using bench = new StoreBench();
  const [daemon, other] = [bench.daemon(NFS), bench.daemon(NFS)];
  daemon.grant(1, "PR");
  cut(daemon);
  daemon.wait(2, "EX", { name: "y" });
  daemon.wait(3, "EX", { name: "z", waitMs: 50 });
  bench.pass(2 * BENCH_LEASE_MS);
  cut(daemon, false);
  bench.pass(10);
  deepEqual(daemon.grants("y").concat(daemon.grants("z")), []);
  for (const name of ["x", "y", "z"]) other.grant(name.charCodeAt(0), "EX", { name });
});

Deno.test("a grant whose proof is too old when it is told is none", () => {
  using bench = new StoreBench();
  // The server answers the read after the lock, but only when the belief that it gives has ended.
  const late = {
    ...NFS,
    wrap: (calls: FileCalls) => ({
      ...forwarded(calls),
      read: (fd: number, into: Uint8Array<ArrayBuffer>, offset: number) => {
        const count = calls.read(fd, into, offset);
        if (into.length === HEAD_BYTES) bench.nowMs += slowMs;
        return count;
      },
    }),
  };
  let slowMs = 0;
  const [daemon, other] = [bench.daemon(late), bench.daemon(NFS)];
  daemon.grant(1, "EX");
  daemon.release(1);
  slowMs = believedMs;
  const answer = daemon.acquire(2, "EX", { waitMs: Infinity });
  slowMs = 0;
  equal(answer?.type === "refused" && answer.code, "STORE_UNAVAILABLE");
  other.grant(1, "EX");
});

Deno.test("[P-50] a claim that the server has forgotten ends its locks with the next proof, and is never taken again for them", () => {
  using bench = new StoreBench();
  const [daemon, other] = [bench.daemon(NFS), bench.daemon(NFS)];
  const token = daemon.grant(1, "EX");
  bench.pass(10);
  daemon.calls.fail({ errno: ERRNO.EIO, kind: "read" });
  bench.until(() => losses(daemon).length > 0, beatMs + 1_000);
  deepEqual(losses(daemon), ["1 store"]);
  daemon.calls.heal();
  bench.pass(2 * BENCH_LEASE_MS);
  equal(daemon.grants().length, 1);
  ok(other.grant(1, "EX") > token);
  other.release(1);
  ok(daemon.grant(2, "EX") > token);
});

Deno.test("[P-50] a lock that the server forgot unseen is found out by whatever is asked next, and nothing of it is taken again", () => {
  const asks: Record<string, (daemon: BenchDaemon) => void> = {
    "another grant under the same claim": (daemon) => daemon.acquire(3, "CR", { session: "t" }),
    "a stronger claim": (daemon) => daemon.acquire(3, "PW", { session: "t" }),
    "a weaker claim": (daemon) => daemon.release(2, "t"),
    "a look at it": (daemon) => equal(daemon.verified(1), undefined),
    "nothing": () => {},
  };
  for (const [what, ask] of Object.entries(asks)) {
    using bench = new StoreBench();
    let forget = () => {};
    const wrap = (calls: FileCalls) => {
      const files = forgetfulFiles(calls);
      forget = files.forget;
      return files.calls;
    };
    const [daemon, other] = [bench.daemon({ ...NFS, wrap }), bench.daemon(NFS)];
    const token = daemon.grant(1, "CR");
    if (what === "a weaker claim") daemon.grant(2, "PW", { session: "t" });
    bench.pass(10);
    forget();
    // Somebody has it meanwhile, and gives it back: asking for the lock again will work.
    const between = other.grant(1, "EX");
    other.release(1);
    ask(daemon);
    bench.pass(what === "nothing" ? beatMs + 1_000 : 200);
    ok(losses(daemon).includes("1 store"), what);
    ok(!daemon.holds(1), what);
    ok(between > token);
    ok(other.acquire(2, "EX", { waitMs: 0 })?.type === "granted" || daemon.holds(3, "t"), what);
    daemon.check();
  }
});

Deno.test("who and explain answer within a second while the server is away", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon(NFS);
  daemon.grant(1, "EX");
  bench.pass(10);
  cut(daemon);
  daemon.store.who("s" as SessionId, 10, "x", bench.nowMs);
  daemon.store.explain("s" as SessionId, 11, "x", bench.nowMs);
  daemon.store.verify({ session: "s" as SessionId, request: 12, lock: 1 }, bench.nowMs);
  bench.pass(1_000);
  const said = daemon.effects.filter((one) => "request" in one && one.request >= 10);
  deepEqual(said.map((one) => one.type).sort(), ["described", "explained", "refused"]);
  ok(said.some((one) => one.type === "refused" && one.code === "STORE_UNAVAILABLE"));
  ok(daemon.holds(1), "that nobody answers is no proof of a loss");
});
