/**
 * Assertions throw, name what is wrong and narrow types.
 *
 * @module
 */
import { assert, AssertionError, assertNever } from "../../../../server/base/assert.ts";
import { equal, throws } from "node:assert/strict";

Deno.test("assert throws an AssertionError with its message for everything falsy", () => {
  for (const falsy of [false, 0, "", null, undefined, NaN]) {
    throws(() => assert(falsy, "what should be true"), (error) => {
      equal(error instanceof AssertionError, true);
      equal((error as AssertionError).name, "AssertionError");
      equal((error as AssertionError).message, "what should be true");
      return true;
    });
  }
});

Deno.test("assert passes for everything truthy and narrows the type", () => {
  for (const truthy of [true, 1, "x", {}, []]) assert(truthy, "never thrown");
  const maybe: string | undefined = ["text"].at(0);
  assert(maybe !== undefined, "it is there");
  equal(maybe.length, 4);
});

Deno.test("assertNever names what was unexpected", () => {
  throws(() => assertNever("surprise" as never, "mode"), {
    name: "AssertionError",
    message: 'unexpected mode: "surprise"',
  });
});
