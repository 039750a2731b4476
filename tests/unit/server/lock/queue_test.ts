/**
 * The lists that requests stand in, against plain arrays.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { type Mode, MODES } from "../../../../client/protocol/modes.ts";
import type { SessionId } from "../../../../server/lock/effect.ts";
import { MODE_BIT } from "../../../../server/lock/mode.ts";
import { WaitQueue } from "../../../../server/lock/queue.ts";
import { LockRequest, RequestList } from "../../../../server/lock/request.ts";
import { Resource } from "../../../../server/lock/resource.ts";
import { SessionLocks } from "../../../../server/lock/session_locks.ts";
import { friends } from "../../../support/lock_model.ts";

const SESSION = new SessionLocks("s" as SessionId, undefined);

function request(mode: Mode, arrival: number, resource = new Resource("x")): LockRequest {
  const wanted = { session: SESSION.id, request: arrival, name: "x", mode, waitMs: 7, reason: undefined };
  return new LockRequest(SESSION, resource, wanted, arrival, 100);
}

const ids = (requests: Iterable<LockRequest>) => [...requests].map((one) => one.id);
const modes = fc.constantFrom(...MODES);

Deno.test("LockRequest is due its wait after its arrival, or never", () => {
  equal(request("EX", 1).dueMs, 107);
  const wanted = { session: SESSION.id, request: 1, name: "x", mode: "EX", waitMs: Infinity } as const;
  const patient = new LockRequest(SESSION, new Resource("x"), { ...wanted, reason: undefined }, 1, 100);
  equal(patient.dueMs, Infinity);
});

Deno.test("RequestList keeps the order of arrival whatever is inserted and removed", () => {
  const steps = fc.array(fc.record({ arrival: fc.nat(40), remove: fc.boolean() }), { maxLength: 60 });
  fc.assert(fc.property(steps, (steps) => {
    const list = new RequestList();
    let plain: LockRequest[] = [];
    for (const { arrival, remove } of steps) {
      const known = plain.find((one) => one.arrival === arrival);
      if (known && remove) {
        list.remove(known);
        plain = plain.filter((one) => one !== known);
        deepEqual([known.previous, known.next], [undefined, undefined]);
      } else if (!known) {
        const added = request("EX", arrival);
        list.insert(added);
        plain = [...plain, added].sort((a, b) => a.arrival - b.arrival);
      }
      deepEqual(ids(list), ids(plain));
      equal(list.size, plain.length);
      equal(list.first, plain[0]);
      equal(list.last, plain.at(-1));
    }
  }));
});

Deno.test("RequestList.push adds at the end, whatever the arrival", () => {
  const list = new RequestList();
  for (const arrival of [5, 3, 4]) list.push(request("PR", arrival));
  deepEqual(ids(list), [5, 3, 4]);
});

Deno.test("[P-23] WaitQueue.next is the earliest that neither a lock nor an earlier waiter stands in the way of", () => {
  const step = fc.record({ mode: modes, remove: fc.boolean(), at: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(63), fc.nat(63), (steps, held, passed) => {
      const queue = new WaitQueue();
      const plain: LockRequest[] = [];
      steps.forEach(({ mode, remove, at }, index) => {
        const known = plain[at];
        if (remove && known) {
          plain.splice(at, 1);
          queue.remove(known);
        } else {
          const added = request(mode, index);
          plain.push(added);
          queue.add(added);
        }
      });
      const expected = plain.find((one, index) =>
        !(passed & MODE_BIT[one.mode]) &&
        MODES.every((mode) => !(held & MODE_BIT[mode]) || friends(mode, one.mode)) &&
        plain.slice(0, index).every((earlier) => friends(earlier.mode, one.mode))
      );
      equal(queue.next(held, passed)?.id, expected?.id);
      deepEqual(ids(queue.inOrder()), ids(plain));
      equal(queue.size, plain.length);
      equal(queue.modes, plain.reduce((bits, one) => bits | MODE_BIT[one.mode], 0));
    }),
    { numRuns: 500 },
  );
});

Deno.test("Resource knows which modes are reserved, each as often as it is", () => {
  fc.assert(fc.property(fc.array(fc.tuple(modes, fc.boolean(), fc.nat(10))), (steps) => {
    const resource = new Resource("x");
    const plain: LockRequest[] = [];
    for (const [mode, drop, at] of steps) {
      const known = plain[at];
      if (drop && known) {
        plain.splice(at, 1);
        resource.drop(known);
      } else {
        const added = request(mode, plain.length, resource);
        plain.push(added);
        resource.hold(added);
      }
      equal(resource.heldModes, plain.reduce((bits, one) => bits | MODE_BIT[one.mode], 0));
      equal(resource.empty, plain.length === 0);
      for (const newcomer of MODES) {
        equal(resource.blocks(newcomer), plain.some((one) => !friends(one.mode, newcomer)));
      }
    }
  }));
});

Deno.test("[P-26] Resource.blockers names holders first, then earlier waiters, and at most as many as asked", () => {
  const resource = new Resource("x");
  const made = (mode: Mode, arrival: number, state: LockRequest["state"]) => {
    const one = request(mode, arrival, resource);
    one.state = state;
    if (state === "waiting") resource.enqueue(one);
    else resource.hold(one);
    return one;
  };
  const admitting = made("CW", 1, "admitting");
  made("CR", 2, "held");
  made("CW", 3, "held");
  made("CW", 4, "withdrawn");
  made("PR", 5, "waiting");
  const waiter = made("PR", 6, "waiting");
  made("EX", 7, "waiting");
  deepEqual(ids(resource.blockers(waiter, 8)), [3, 1], "CR and PR are compatible, 4 is no one's any more");
  const late = request("EX", 6.5, resource);
  deepEqual(ids(resource.blockers(late, 8)), [2, 3, 1, 5, 6]);
  deepEqual(ids(resource.blockers(late, 4)), [2, 3, 1, 5]);
  deepEqual(ids(resource.blockers(late, 1)), [2]);
  deepEqual(ids(resource.blockers(admitting, 8)), [], "its own reservation is not in its way");
  deepEqual(ids(resource.undecided()), [1, 5, 6, 7]);
});
