import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  DESCRIPTORS_LEAST,
  planDescriptors,
  RESERVED_DESCRIPTORS,
} from "../../../../server/base/descriptor_plan.ts";
import { DEFAULT_LIMITS, LimitsError } from "../../../../server/base/limits.ts";

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
