import { deepEqual, doesNotThrow, throws } from "node:assert/strict";
import {
  checkLimits,
  DEFAULT_LIMITS,
  LIMIT_NAMES,
  LIMIT_RULES,
  type Limits,
} from "../../../../server/base/limits.ts";

Deno.test("DEFAULT_LIMITS are the documented ones", () => {
  deepEqual(DEFAULT_LIMITS, {
    connectionsMax: 10_000,
    connectionsPerAddressMax: 10_000,
    locksPerSessionMax: 10_000,
    waitersPerSessionMax: 10_000,
    queueLengthMax: 20_000,
    watchesPerSessionMax: 16,
    frameBytesMax: 65_536,
    outputBytesMax: 1_048_576,
    idleFilesMax: 1_024,
    helloTimeoutMs: 10_000,
    requestTimeoutMs: 60_000,
    refusalPauseMs: 500,
    textSilenceMs: 300_000,
    heartbeatMs: 15_000,
    graceMsMax: 3_600_000,
    detachedSessionsMax: 10_000,
    lossesPerSessionMax: 100,
    httpLocksMax: 10_000,
    httpWaitMsMax: 600_000,
    idempotencyKeysMax: 10_000,
    eventStreamsMax: 256,
    eventReplayMax: 256,
    eventReplayMs: 60_000,
    drainTimeoutMs: 30_000,
    etcdLeaseMs: 10_000,
    etcdCallMs: 2_000,
  });
});

Deno.test("checkLimits accepts the defaults and the least of every limit", () => {
  checkLimits(DEFAULT_LIMITS);
  const least = Object.fromEntries(LIMIT_NAMES.map((limit) => [limit, LIMIT_RULES[limit].least]));
  checkLimits(least as unknown as Limits);
});

Deno.test("checkLimits refuses every limit below its least, above its most and between integers", async (t) => {
  for (const limit of LIMIT_NAMES) {
    const { least, most } = LIMIT_RULES[limit];
    for (const value of [least - 1, most + 1, least + 0.5, NaN, Infinity]) {
      await t.step(`${limit} = ${value}`, () => {
        throws(() => checkLimits({ ...DEFAULT_LIMITS, [limit]: value }), {
          name: "LimitsError",
          message: `Cannot set ${limit} to ${value}: want an integer from ${least} to ${most}`,
        });
      });
    }
  }
});

const RELATIONS: readonly [bad: Partial<Limits>, good: Partial<Limits>, message: string][] = [
  [
    { queueLengthMax: 9_999 },
    { queueLengthMax: 10_000 },
    "Cannot set queueLengthMax to 9999: want at least waitersPerSessionMax, which is 10000",
  ],
  [
    { frameBytesMax: 1_048_577 },
    { frameBytesMax: 1_048_576 },
    "Cannot set outputBytesMax to 1048576: want at least frameBytesMax, which is 1048577",
  ],
];

Deno.test("checkLimits refuses limits that contradict each other", async (t) => {
  for (const [bad, good, message] of RELATIONS) {
    await t.step(JSON.stringify(bad), () => {
      throws(() => checkLimits({ ...DEFAULT_LIMITS, ...bad }), { name: "LimitsError", message });
      doesNotThrow(() => checkLimits({ ...DEFAULT_LIMITS, ...good }));
    });
  }
});

Deno.test("checkLimits calls the limits as it is told", () => {
  throws(
    () => checkLimits({ ...DEFAULT_LIMITS, queueLengthMax: 1 }, (limit) => `<${limit}>`),
    /<queueLengthMax>.*<waitersPerSessionMax>/,
  );
});
