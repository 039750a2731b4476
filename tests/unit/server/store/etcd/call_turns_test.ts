import { deepEqual, equal, rejects } from "node:assert/strict";
import { CALLS_MAX, CallTurns } from "../../../../../server/store/etcd/call_turns.ts";

Deno.test("CallTurns lets so many work at a time, the others in their order, also behind one that fails", async () => {
  const turns = new CallTurns();
  const begun: number[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const works = Array.from({ length: CALLS_MAX + 3 }, (_, index) =>
    turns.take(() => {
      begun.push(index);
      return (ends[index] = Promise.withResolvers<void>()).promise;
    }));
  await Promise.resolve();
  equal(begun.length, CALLS_MAX);
  const failed = rejects(works[5] as Promise<void>, /no/);
  ends[5]?.reject(new Error("no"));
  await failed;
  ends[0]?.resolve();
  await works[0];
  deepEqual(begun.slice(CALLS_MAX), [CALLS_MAX, CALLS_MAX + 1]);
  for (const end of ends) end.resolve();
  await works[CALLS_MAX + 1];
  ends[CALLS_MAX + 2]?.resolve();
  await works[CALLS_MAX + 2];
  let most = 0;
  let now = 0;
  const order: number[] = [];
  await Promise.all(Array.from({ length: 20 * CALLS_MAX }, (_, index) =>
    turns.take(async () => {
      order.push(index);
      most = Math.max(most, ++now);
      await Promise.resolve();
      now--;
    })));
  equal(most, CALLS_MAX, "every turn was given back");
  deepEqual(order, [...order.keys()]);
});
