// Which store fits a directory, and what clients on NFS are held to.
import { deepEqual, equal, ok } from "node:assert/strict";
import { Libc } from "../../../ffi/libc.ts";
import { DEFAULT_LIMITS } from "../../../server/base/limits.ts";
import { SYSTEM_CLOCK } from "../../../server/base/clock.ts";
import { createLog, SILENT_LOG } from "../../../server/base/log.ts";
import { clientLimits, lookAtNfs } from "../../../server/open_store.ts";
import { beliefOf } from "../../../server/store/directory/nfs/belief.ts";
import { temporaryDirectory } from "../../support/daemon.ts";

Deno.test("[I-12] clientLimits lets clients miss their daemon before the server may give its locks away, whatever the lease time", () => {
  for (const leaseMs of [5_000, 10_000, 30_000, 90_000, 3_600_000]) {
    const { believedMs, beatMs } = beliefOf(leaseMs);
    const { heartbeatMs, graceMsMax } = clientLimits(DEFAULT_LIMITS, leaseMs, SILENT_LOG);
    // The last proof was a beat and a round of beats old when the daemon spoke last.
    const leftMs = believedMs - 1.2 * beatMs;
    ok(heartbeatMs > 0 && 4 * heartbeatMs <= leftMs, `${heartbeatMs} of ${leftMs}`);
    ok(graceMsMax > 0 && graceMsMax <= leftMs, `${graceMsMax} of ${leftMs}`);
    ok(heartbeatMs <= DEFAULT_LIMITS.heartbeatMs && graceMsMax <= DEFAULT_LIMITS.graceMsMax, "never raised");
  }
});

Deno.test("clientLimits leaves the limits of a local directory alone, and says what it lowers", () => {
  const { heartbeatMs, graceMsMax } = DEFAULT_LIMITS;
  deepEqual(clientLimits(DEFAULT_LIMITS, undefined, SILENT_LOG), { heartbeatMs, graceMsMax });
  const lines: string[] = [];
  const log = createLog({ level: "info", clock: SYSTEM_CLOCK, write: (line) => lines.push(line) });
  clientLimits({ ...DEFAULT_LIMITS, heartbeatMs: 0 }, 90_000, log);
  deepEqual(lines.map((line) => JSON.parse(line).event), ["limits.lowered"]);
});

Deno.test("lookAtNfs finds no NFS mount under a directory of this machine", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  equal(lookAtNfs(libc, directory.path), undefined);
  equal(lookAtNfs(libc, `${directory.path}/none`), undefined);
});
