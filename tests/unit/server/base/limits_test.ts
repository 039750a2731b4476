import { deepEqual, doesNotThrow, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  checkLimits,
  DEFAULT_LIMITS,
  DESCRIPTORS_LEAST,
  LIMIT_NAMES,
  LIMIT_RULES,
  type Limits,
  LimitsError,
  planDescriptors,
  RESERVED_DESCRIPTORS,
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

const PLANS: readonly [softLimit: number, asked: number, connectionsMax: number, lockFilesMax: number][] = [
  [96, 10_000, 16, 16],
  [97, 10_000, 16, 17],
  [256, 10_000, 96, 96],
  [1_024, 10_000, 480, 480],
  [1_024, 100, 100, 860],
  [1_024, 1, 1, 959],
  [20_064, 10_000, 10_000, 10_000],
  [1_048_576, 10_000, 10_000, 1_038_512],
  [1_024.9, 10_000, 480, 480],
  [Infinity, 10_000, 10_000, 2 ** 31 - 1 - 64 - 10_000],
];

Deno.test("planDescriptors shares out the soft limit", async (t) => {
  for (const [softLimit, asked, connectionsMax, lockFilesMax] of PLANS) {
    await t.step(`${asked} connections of ${softLimit} descriptors`, () => {
      deepEqual(planDescriptors(softLimit, { connectionsMax: asked }), { connectionsMax, lockFilesMax });
    });
  }
});

Deno.test("planDescriptors refuses a soft limit below what the least needs", () => {
  for (const softLimit of [95, 64, 0, -1, NaN]) {
    throws(() => planDescriptors(softLimit, DEFAULT_LIMITS), (error) => {
      ok(error instanceof LimitsError);
      equal(
        error.message,
        `Cannot serve with ${softLimit} open files: want at least 96; raise the soft limit (ulimit -n)`,
      );
      return true;
    });
  }
});

Deno.test("planDescriptors never plans more than there is, nor less than the least", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 96, max: 2 ** 31 - 1 }),
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      (soft, asked) => {
        const plan = planDescriptors(soft, { connectionsMax: asked });
        equal(plan.connectionsMax + plan.lockFilesMax, soft - RESERVED_DESCRIPTORS);
        ok(plan.connectionsMax <= asked);
        ok(plan.connectionsMax >= Math.min(asked, DESCRIPTORS_LEAST));
        ok(plan.lockFilesMax >= DESCRIPTORS_LEAST);
      },
    ),
  );
});
