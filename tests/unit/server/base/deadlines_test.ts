/**
 * The heap of deadlines against a sorted list.
 *
 * @module
 */
import { deepEqual, equal, throws } from "node:assert/strict";
import { AssertionError } from "../../../../server/base/assert.ts";
import { Deadlines, type Timed } from "../../../../server/base/deadlines.ts";
import fc from "fast-check";

interface Entry extends Timed {
  readonly id: number;
}

let ids = 0;
const entry = (dueMs: number): Entry => ({ dueMs, heapIndex: -1, id: ++ids });

/** All that is due at `now`, in the order in which it is given out. */
function takeAll(deadlines: Deadlines<Entry>, now: number): Entry[] {
  const taken: Entry[] = [];
  for (let next = deadlines.takeDue(now); next; next = deadlines.takeDue(now)) taken.push(next);
  return taken;
}

Deno.test("Deadlines without entries has nothing due, ever", () => {
  const deadlines = new Deadlines<Entry>();
  equal(deadlines.size, 0);
  equal(deadlines.nextMs(), Infinity);
  equal(deadlines.takeDue(Infinity), undefined);
});

Deno.test("Deadlines.takeDue gives an entry at its very time and not before", () => {
  const deadlines = new Deadlines<Entry>();
  const only = entry(100.5);
  deadlines.add(only);
  equal(deadlines.nextMs(), 100.5);
  equal(deadlines.takeDue(100.4), undefined);
  equal(deadlines.takeDue(100.5), only);
  equal(only.heapIndex, -1);
  equal(deadlines.size, 0);
});

Deno.test("Deadlines.takeDue gives entries by time, whatever order they were added in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.integer({ min: 0, max: 50 }), (times, now) => {
      const deadlines = new Deadlines<Entry>();
      for (const time of times) deadlines.add(entry(time));
      const sorted = times.toSorted((a, b) => a - b);
      deepEqual(takeAll(deadlines, now).map((taken) => taken.dueMs), sorted.filter((time) => time <= now));
      deepEqual(
        takeAll(deadlines, Infinity).map((taken) => taken.dueMs),
        sorted.filter((time) => time > now),
      );
    }),
  );
});

Deno.test("Deadlines.remove withdraws exactly that entry and is harmless the second time", () => {
  const deadlines = new Deadlines<Entry>();
  const [a, b, c] = [entry(1), entry(1), entry(2)];
  for (const each of [a, b, c]) deadlines.add(each);
  deadlines.remove(a);
  deadlines.remove(a);
  equal(a.heapIndex, -1);
  deepEqual(takeAll(deadlines, 10), [b, c]);
  deadlines.remove(b);
  equal(deadlines.size, 0);
  deadlines.add(a);
  equal(deadlines.takeDue(10), a, "a withdrawn entry may come back");
});

Deno.test("Deadlines.remove keeps the order of those that stay", () => {
  const planned = fc.record({ dueMs: fc.integer({ min: 0, max: 1_000 }), stays: fc.boolean() });
  fc.assert(fc.property(fc.array(planned, { minLength: 30, maxLength: 100 }), (plan) => {
    const deadlines = new Deadlines<Entry>();
    const entries = plan.map(({ dueMs }) => entry(dueMs));
    for (const each of entries) deadlines.add(each);
    plan.forEach(({ stays }, index) => stays || deadlines.remove(entries[index] as Entry));
    const expected = plan.filter(({ stays }) => stays).map(({ dueMs }) => dueMs).toSorted((a, b) => a - b);
    deepEqual(takeAll(deadlines, Infinity).map((taken) => taken.dueMs), expected);
  }));
});

Deno.test("Deadlines agrees with a sorted list under any mix of add, remove and takeDue", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), value: fc.integer({ min: 0, max: 30 }) }),
    fc.record({ kind: fc.constant("remove" as const), value: fc.nat() }),
    fc.record({ kind: fc.constant("take" as const), value: fc.integer({ min: 0, max: 30 }) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const deadlines = new Deadlines<Entry>();
    let model: Entry[] = [];
    for (const { kind, value } of steps) {
      if (kind === "add") {
        const added = entry(value);
        deadlines.add(added);
        model.push(added);
      } else if (kind === "remove" && model.length > 0) {
        const removed = model[value % model.length] as Entry;
        deadlines.remove(removed);
        equal(removed.heapIndex, -1);
        model = model.filter((each) => each !== removed);
      } else if (kind === "take") {
        const taken = deadlines.takeDue(value);
        const earliest = Math.min(...model.map((each) => each.dueMs));
        equal(taken?.dueMs, earliest <= value ? earliest : undefined);
        model = model.filter((each) => each !== taken);
      }
      equal(deadlines.size, model.length);
      equal(deadlines.nextMs(), Math.min(...model.map((each) => each.dueMs)));
    }
    const left = takeAll(deadlines, Infinity);
    deepEqual(left.map((each) => each.id).toSorted(), model.map((each) => each.id).toSorted());
  }));
});

Deno.test("Deadlines.add asserts a finite time and one heap at most", () => {
  const deadlines = new Deadlines<Entry>();
  for (const wrong of [NaN, Infinity, -Infinity]) throws(() => deadlines.add(entry(wrong)), AssertionError);
  const once = entry(1);
  deadlines.add(once);
  throws(() => deadlines.add(once), AssertionError);
  throws(() => new Deadlines<Entry>().add(once), AssertionError);
  equal(deadlines.size, 1);
});

Deno.test("Deadlines.remove asserts that the entry is in this heap", () => {
  const [here, there] = [new Deadlines<Entry>(), new Deadlines<Entry>()];
  const stray = entry(1);
  there.add(stray);
  throws(() => here.remove(stray), AssertionError);
  equal(there.takeDue(1), stray, "and leaves it where it is");
});
