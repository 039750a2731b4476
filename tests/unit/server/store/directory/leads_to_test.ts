// What daemons do whose ledger was moved away while they run.
import { deepEqual, equal } from "node:assert/strict";
import { ERRNO } from "../../../../../ffi/errno.ts";
import { TIDY_INTERVAL_MS } from "../../../../../server/store/directory/local_arbiter.ts";
import { StoreBench } from "../../../../support/store_bench.ts";

Deno.test("[I-2] a daemon whose ledger was moved gives no token below those of another that was made instead", () => {
  using bench = new StoreBench();
  const old = bench.daemon();
  old.grant(1, "PR", { name: "y" });
  Deno.renameSync(bench.path(".distrilock"), bench.path(".distrilock.old"));
  Deno.mkdirSync(bench.path(".distrilock"));
  bench.pass(TIDY_INTERVAL_MS);
  const young = bench.daemon({ idleFilesMax: 0 });
  young.grant(1, "EX");
  young.release(1);
  bench.pass(TIDY_INTERVAL_MS);
  deepEqual(bench.lockFiles(), [".distrilock.old", "y.lck"]);
  equal(old.refusal(2, "EX"), "STORE_UNAVAILABLE");
  deepEqual([old.store.available, old.holds(1)], [false, true]);
});

Deno.test("leadsTo that cannot look, with no descriptor left, costs a sole daemon nothing", () => {
  for (const kind of ["open", "status"] as const) {
    using bench = new StoreBench();
    const sole = bench.daemon({ sole: true });
    sole.grant(1, "EX");
    sole.calls.fail({ kind, errno: ERRNO.EMFILE, times: Infinity });
    bench.pass(2 * TIDY_INTERVAL_MS);
    sole.calls.heal();
    deepEqual([sole.holds(1), sole.calls.openDescriptors.length], [true, 2]);
    sole.grant(2, "EX", { name: "y" });
  }
});
