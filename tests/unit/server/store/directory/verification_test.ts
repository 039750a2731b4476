// What comes of asking the kernel whether a lock is held, when it cannot be asked.
import { deepEqual, equal, ok } from "node:assert/strict";
import { ERRNO } from "../../../../../ffi/errno.ts";
import type { CallKind } from "../../../../support/faulty_files.ts";
import { StoreBench } from "../../../../support/store_bench.ts";

const FAULTS: readonly [CallKind, number][] = [
  ["open", ERRNO.EMFILE],
  ["open", ERRNO.ENFILE],
  ["open", ERRNO.EACCES],
  ["read", ERRNO.EIO],
  ["status", ERRNO.ENOMEM],
  ["conflicting", ERRNO.ENOLCK],
];

for (const [kind, errno] of FAULTS) {
  Deno.test(`[P-58] verify is refused, and the lock stays, when ${kind} fails with ${errno}`, () => {
    using bench = new StoreBench();
    const [daemon, other] = [bench.daemon(), bench.daemon()];
    const token = daemon.grant(1, "EX");
    daemon.calls.fail({ kind, errno, times: Infinity });
    equal(daemon.verified(1), undefined);
    const said = daemon.effects.at(-1);
    ok(said?.type === "refused");
    equal(said.code, "STORE_UNAVAILABLE");
    daemon.calls.heal();
    deepEqual([daemon.holds(1), other.refusal(1, "EX")], [true, "BUSY"]);
    equal(daemon.verified(1), token);
    deepEqual(daemon.calls.openDescriptors.length, 2, "the ledger and the lock file");
  });
}
