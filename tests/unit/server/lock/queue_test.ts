/**
 * The lists that places stand in, against plain arrays.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { type Mode, MODES } from "../../../../client/protocol/modes.ts";
import { blockersOf } from "../../../../server/lock/blockers.ts";
import type { SessionId } from "../../../../server/lock/effect.ts";
import { MODE_BIT } from "../../../../server/lock/mode.ts";
import { WaitQueue } from "../../../../server/lock/queue.ts";
import { LockRequest, Place, PlaceList, type RequestState } from "../../../../server/lock/request.ts";
import { Resource } from "../../../../server/lock/resource.ts";
import { SessionLocks } from "../../../../server/lock/session_locks.ts";
import { friends } from "../../../support/lock_model_parts.ts";

const SESSION = new SessionLocks("s" as SessionId, undefined);

function request(mode: Mode, arrival: number, waitMs = 7): LockRequest {
  const wanted = { session: SESSION.id, request: arrival, names: ["x"], mode, waitMs };
  return new LockRequest(SESSION, wanted, arrival, 100);
}

/** The place of a request; of one of two names if it is told to be. */
function place(mode: Mode, arrival: number, { resource = new Resource("x"), several = false } = {}): Place {
  const one = request(mode, arrival);
  one.places = [new Place(one, resource, mode)];
  if (several) one.places = [...one.places, new Place(one, new Resource("y"), mode)];
  return one.place;
}

const ids = (places: Iterable<Place>) => [...places].map((one) => one.request.id);
const modes = fc.constantFrom(...MODES);

Deno.test("LockRequest is due its wait after its arrival, or never", () => {
  equal(request("EX", 1).dueMs, 107);
  equal(request("EX", 1, Infinity).dueMs, Infinity);
});

Deno.test("PlaceList keeps the order of arrival whatever is inserted and removed", () => {
  const steps = fc.array(fc.record({ arrival: fc.nat(40), remove: fc.boolean() }), { maxLength: 60 });
  fc.assert(fc.property(steps, (steps) => {
    const list = new PlaceList();
    let plain: Place[] = [];
    for (const { arrival, remove } of steps) {
      const known = plain.find((one) => one.request.arrival === arrival);
      if (known && remove) {
        list.remove(known);
        plain = plain.filter((one) => one !== known);
        deepEqual([known.previous, known.next], [undefined, undefined]);
      } else if (!known) {
        const added = place("EX", arrival);
        list.insert(added);
        plain = [...plain, added].sort((a, b) => a.request.arrival - b.request.arrival);
      }
      deepEqual(ids(list), ids(plain));
      equal(list.size, plain.length);
      equal(list.first, plain[0]);
      equal(list.last, plain.at(-1));
    }
  }));
});

Deno.test("PlaceList.push adds at the end, whatever the arrival", () => {
  const list = new PlaceList();
  for (const arrival of [5, 3, 4]) list.push(place("PR", arrival));
  deepEqual(ids(list), [5, 3, 4]);
});

Deno.test("[P-23] WaitQueue.next is the earliest that neither a lock nor an earlier waiter stands in the way of", () => {
  const step = fc.record({ mode: modes, remove: fc.boolean(), at: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(63), fc.nat(63), (steps, held, passed) => {
      const queue = new WaitQueue();
      const plain: Place[] = [];
      for (const change of steps) alter(queue, plain, change);
      const expected = plain.find((one, index) =>
        !(passed & MODE_BIT[one.mode]) &&
        MODES.every((mode) => !(held & MODE_BIT[mode]) || friends(mode, one.mode)) &&
        plain.slice(0, index).every((earlier) => friends(earlier.mode, one.mode))
      );
      equal(queue.next(held, passed, () => true)?.request.id, expected?.request.id);
      deepEqual(ids(queue.inOrder()), ids(plain));
      equal(queue.size, plain.length);
      equal(queue.modes, plain.reduce((bits, one) => bits | MODE_BIT[one.mode], 0));
    }),
    { numRuns: 500 },
  );
});

Deno.test("[P-23] [P-32] WaitQueue.next passes over waiters of several names that are not ready, and their conflicts stay", () => {
  const step = fc.record({ mode: modes, remove: fc.boolean(), at: fc.nat(20), several: fc.boolean() });
  const kept = fc.uniqueArray(fc.nat(40));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(63), kept, (steps, held, kept) => {
      const queue = new WaitQueue();
      const plain: Place[] = [];
      for (const change of steps) alter(queue, plain, change);
      const ready = ({ request: { id, places } }: Place) => places.length === 1 || !kept.includes(id);
      const conflictsBefore = (mode: Mode, index: number) =>
        plain.slice(0, index).some((earlier) => !friends(earlier.mode, mode));
      const expected = plain.find((one, index) =>
        MODES.every((mode) => !(held & MODE_BIT[mode]) || friends(mode, one.mode)) &&
        !conflictsBefore(one.mode, index) && ready(one)
      );
      equal(queue.next(held, 0, ready)?.request.id, expected?.request.id);
      for (const mode of MODES) {
        plain.forEach(({ request: { arrival } }, index) => {
          equal(
            queue.conflictsBefore(mode, arrival),
            conflictsBefore(mode, index),
            `${mode} before ${arrival}`,
          );
        });
      }
      deepEqual(ids(queue.inOrder()), ids(plain));
    }),
    { numRuns: 1_000 },
  );
});

/** Adds a waiter to a queue and a list, or takes one out of both. */
function alter(
  queue: WaitQueue,
  plain: Place[],
  { mode, remove, at, several = false }: { mode: Mode; remove: boolean; at: number; several?: boolean },
): void {
  const known = plain[at];
  if (remove && known) {
    plain.splice(at, 1);
    queue.remove(known);
  } else {
    const added = place(mode, (plain.at(-1)?.request.arrival ?? 0) + 1, { several });
    plain.push(added);
    queue.add(added);
  }
}

Deno.test("Resource knows which modes are reserved, each as often as it is", () => {
  fc.assert(fc.property(fc.array(fc.tuple(modes, fc.boolean(), fc.nat(10))), (steps) => {
    const resource = new Resource("x");
    const plain: Place[] = [];
    for (const [mode, drop, at] of steps) {
      const known = plain[at];
      if (drop && known) {
        plain.splice(at, 1);
        resource.drop(known);
      } else {
        const added = place(mode, plain.length, { resource });
        plain.push(added);
        resource.hold(added);
      }
      const bits = (places: Place[]) => places.reduce((set, one) => set | MODE_BIT[one.mode], 0);
      equal(resource.heldModes, bits(plain));
      for (const one of plain) {
        equal(resource.heldModesWithout(one), bits(plain.filter((other) => other !== one)));
      }
      equal(resource.empty, plain.length === 0);
      for (const newcomer of MODES) {
        equal(resource.blocks(newcomer), plain.some((one) => !friends(one.mode, newcomer)));
      }
    }
  }));
});

Deno.test("[P-26] blockersOf names holders first, then earlier waiters", () => {
  const resource = new Resource("x");
  const made = (mode: Mode, arrival: number, state: RequestState, orphan = false) => {
    const one = place(mode, arrival, { resource });
    one.request.state = state;
    one.orphan = orphan;
    if (state === "waiting") resource.enqueue(one);
    else resource.hold(one);
    return one.request;
  };
  const admitting = made("CW", 1, "admitting");
  made("CR", 2, "held");
  made("CW", 3, "held");
  made("CW", 4, "ended", true);
  made("PR", 5, "waiting");
  const waiter = made("PR", 6, "waiting");
  made("EX", 7, "waiting");
  deepEqual(ids(blockersOf(waiter)), [3, 1], "CR and PR are compatible, 4 is no one's any more");
  const late = place("EX", 6.5, { resource }).request;
  deepEqual(ids(blockersOf(late)), [2, 3, 1, 5, 6]);
  deepEqual(ids(blockersOf(admitting)), [], "its own reservation is not in its way");
  deepEqual(ids(resource.undecided()), [1, 5, 6, 7]);
});
