import { deepEqual, equal } from "node:assert/strict";
import { SILENT_LOG } from "../../../../server/base/log.ts";
import { Reception } from "../../../../server/transport/reception.ts";

Deno.test("Reception counts every failed accept, and tells of those at a port once a second", () => {
  const clock = { ms: 1_000 };
  const told: unknown[][] = [];
  const reception = new Reception({
    clock: { now: () => clock.ms, wallMs: () => 0 },
    log: { ...SILENT_LOG, warn: (event, fields) => void told.push([event, fields?.["failed"]]) },
    limits: {
      connectionsMax: 10,
      connectionsPerAddressMax: 10,
      refusalPauseMs: 0,
      frameBytesMax: 100,
      outputBytesMax: 100,
      helloTimeoutMs: 200,
    },
    afterTurn() {},
    onBroken() {},
  });
  const error = new Error("EMFILE");
  for (let count = 0; count < 3; count++) reception.acceptFailed("tcp", error);
  reception.acceptFailed("http", error);
  clock.ms += 999;
  reception.acceptFailed("tcp", error);
  clock.ms += 1;
  reception.acceptFailed("tcp", error);
  deepEqual(told, [["tcp.accept_failed", 1], ["http.accept_failed", 4], ["tcp.accept_failed", 6]]);
  equal(reception.counts.failedAccepts, 6);
});
