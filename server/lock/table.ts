/**
 * The lock table of one daemon: who of its sessions may hold what. Pure and synchronous: commands with the time come in, effects go to the
 * sink, and {@link Claims} says whether the world outside agrees. `request.ts` draws the states of a request; what is
 * always true between them stands, line for line, in `table_check.ts`.
 *
 * @module
 */
import type { CancelledState, ClientProfile, LossReason } from "../../client/protocol/messages.ts";
import { assert } from "../base/assert.ts";
import { Deadlines } from "../base/deadlines.ts";
import { Answers } from "./answers.ts";
import type { Admission, Claims, Refusal } from "./claims.ts";
import type { EffectSink, SessionId } from "./effect.ts";
import { MODE_BIT, union } from "./mode.ts";
import type { WaitQueue } from "./queue.ts";
import { type LockTableLimits, refuseLock, refuseRepeat, refuseWait } from "./refusals.ts";
import { type Acquire, LockRequest } from "./request.ts";
import { Resource } from "./resource.ts";
import { SessionLocks } from "./session_locks.ts";

/** What a table is made with. */
export interface LockTableOptions {
  readonly claims: Claims;
  readonly effects: EffectSink;
  readonly limits: LockTableLimits;
  /** Milliseconds since 1970 at monotonic zero, for the `since` of descriptions. */
  readonly epochMs: number;
}

/** How long a `wait: 0` may hang in a claim that answers later, in milliseconds. */
export const TRY_ADMISSION_MS = 1_000;

/** The lock table. */
export class LockTable {
  readonly sessions = new Map<SessionId, SessionLocks>();
  readonly resources = new Map<string, Resource>();
  readonly deadlines = new Deadlines<LockRequest>();
  readonly #claims: Claims;
  readonly #answers: Answers;
  readonly #limits: LockTableLimits;
  #arrivals = 0;
  #lockCount = 0;

  constructor({ claims, effects, limits, epochMs }: LockTableOptions) {
    this.#claims = claims;
    this.#answers = new Answers(effects, epochMs);
    this.#limits = limits;
  }

  /** When {@link expire} has something to do: monotonic milliseconds, or Infinity. */
  get nextDueMs(): number {
    return this.deadlines.nextMs();
  }

  /** How many locks are in force. */
  get lockCount(): number {
    return this.#lockCount;
  }

  /** Makes a session known. */
  openSession(id: SessionId, client: ClientProfile | undefined): void {
    assert(!this.sessions.has(id), "a session is opened once");
    this.sessions.set(id, new SessionLocks(id, client));
  }

  /** Ends a session with all that it holds and waits for. Says nothing to the session itself. */
  endSession(id: SessionId, now: number): void {
    const session = this.sessions.get(id);
    if (!session) return;
    this.sessions.delete(id);
    const touched = new Set<Resource>();
    for (const request of [...session.requests.values()]) {
      touched.add(request.resource);
      this.#end(request);
    }
    for (const resource of touched) this.#resettle(resource, now);
  }

  /** Grants, queues or refuses; the effect says which, at once or later. */
  acquire(wanted: Acquire, now: number): void {
    const session = this.sessions.get(wanted.session);
    if (!session) {
      const refusal: Refusal = { code: "SESSION_GONE", message: "Cannot lock: the session has ended" };
      return this.#answers.refused(wanted.session, wanted.request, refusal);
    }
    const living = session.requests.get(wanted.request);
    const refusal = wanted.request <= session.highestId
      ? refuseRepeat(wanted, living)
      : refuseLock(session, wanted, this.#limits);
    session.highestId = Math.max(session.highestId, wanted.request);
    if (refusal) return this.#answers.refused(session.id, wanted.request, refusal);
    if (living) return living.state === "held" ? this.#answers.granted(living) : undefined;
    let resource = this.resources.get(wanted.name);
    if (!resource) this.resources.set(wanted.name, resource = new Resource(wanted.name));
    this.#decide(new LockRequest(session, resource, wanted, ++this.#arrivals, now), now);
    if (resource.empty) this.resources.delete(resource.name);
  }

  /** Ends a lock, if the session holds it. `request` is the id of the release, for its answer. */
  release(id: SessionId, request: number, lock: number, now: number): void {
    const held = this.sessions.get(id)?.requests.get(lock);
    if (held?.state !== "held") {
      const message = `Cannot release ${lock}: the session holds no such lock`;
      return this.#answers.refused(id, request, { code: "NOT_HELD", message });
    }
    this.#end(held);
    this.#answers.released(id, request, lock);
    this.#resettle(held.resource, now);
  }

  /** Makes sure that an acquire neither is nor becomes a grant, and says what it was. */
  cancel(id: SessionId, target: number, now: number): CancelledState {
    const session = this.sessions.get(id);
    const request = session?.requests.get(target);
    if (!request) {
      // An acquire that comes after its own cancel must not be granted either.
      if (session) session.highestId = Math.max(session.highestId, target);
      return "ended";
    }
    const was = request.state === "held" ? "held" : "waiting";
    if (was === "waiting") {
      const message = `Stopped waiting for ${request.resource.name}: cancelled`;
      this.#answers.refused(id, target, { code: "CANCELLED", message });
    }
    this.#end(request);
    this.#resettle(request.resource, now);
    return was;
  }

  /** Ends the waits whose time is over. */
  expire(now: number): void {
    for (let request = this.deadlines.takeDue(now); request; request = this.deadlines.takeDue(now)) {
      this.#answers.blocked(request, request.waitMs === 0 ? "BUSY" : "TIMEOUT");
      this.#end(request);
      this.#resettle(request.resource, now);
    }
  }

  /** What other processes hold of a name may have changed: grants what can be granted. */
  retry(name: string, now: number): void {
    const resource = this.resources.get(name);
    if (resource) this.#resettle(resource, now);
  }

  /** The answer to an admission that came `"later"`. */
  admitted(request: LockRequest, answer: Exclude<Admission, "later">, now: number): void {
    const { resource, state, session, id } = request;
    assert(state === "admitting" || state === "withdrawn", "only what was asked for is admitted");
    let refused = 0;
    resource.drop(request);
    request.state = "ended";
    if (state === "admitting") {
      session.requests.delete(id);
      this.deadlines.remove(request);
      if (typeof answer === "number") this.#grant(request, answer, now);
      else if (typeof answer === "object") this.#answers.refused(session.id, id, answer);
      else if (request.waitMs === 0) this.#answers.blocked(request, "BUSY");
      else {
        this.#wait(request, "again", now);
        refused = MODE_BIT[request.mode];
      }
    }
    this.#resettle(resource, now, refused);
  }

  /** The claim on a name is gone: every lock on it ends, and its holders are told. Waiters keep their places. */
  lose(name: string, reason: LossReason, now: number): void {
    const resource = this.resources.get(name);
    if (!resource) return;
    for (const request of [...resource.held]) {
      if (request.state !== "held") continue;
      this.#end(request);
      this.#answers.lost(request, reason);
    }
    this.#resettle(resource, now);
  }

  /** Ends every wait with that refusal: the daemon leaves service. Locks stay. */
  refuseWaiters(refusal: Refusal, now: number): void {
    for (const resource of [...this.resources.values()]) {
      for (const request of [...resource.undecided()]) {
        this.#answers.refused(request.session.id, request.id, refusal);
        this.#end(request);
      }
      this.#resettle(resource, now);
    }
  }

  /** Grants, queues or refuses a newcomer. */
  #decide(request: LockRequest, now: number): void {
    const { resource, session } = request;
    const admission = resource.blocks(request.mode) ? "blocked" : this.#admit(request, now);
    if (typeof admission === "number") {
      this.#grant(request, admission, now);
      // Others may wait for the same outside holder that this one just found gone.
      if (resource.waiting > 0) this.#resettle(resource, now);
    } else if (admission === "later") this.#reserve(request, now);
    else if (typeof admission === "object") {
      this.#answers.refused(session.id, request.id, admission);
    } else if (request.waitMs === 0) this.#answers.blocked(request, "BUSY");
    else {
      const refusal = refuseWait(request, this.#limits);
      if (refusal) this.#answers.refused(session.id, request.id, refusal);
      else this.#wait(request, admission, now);
    }
  }

  #admit(request: LockRequest, now: number): Admission {
    return this.#claims.admit(request, union(request.resource.heldModes | MODE_BIT[request.mode]), now);
  }

  #grant(request: LockRequest, token: number, now: number): void {
    assert(token > 0, "a fencing token is positive");
    request.state = "held";
    request.token = token;
    request.sinceMs = now;
    request.resource.hold(request);
    request.session.requests.set(request.id, request);
    this.#lockCount++;
    this.#answers.granted(request);
  }

  /** Keeps the place of a request whose claim answers later. */
  #reserve(request: LockRequest, now: number): void {
    request.state = "admitting";
    request.resource.hold(request);
    request.session.requests.set(request.id, request);
    if (request.heapIndex !== -1) return;
    if (request.waitMs === 0) request.dueMs = now + TRY_ADMISSION_MS;
    if (request.dueMs !== Infinity) this.deadlines.add(request);
  }

  #wait(request: LockRequest, why: "blocked" | "outside" | "again", now: number): void {
    const { session, resource } = request;
    request.state = "waiting";
    session.waiting++;
    session.requests.set(request.id, request);
    resource.enqueue(request);
    if (request.dueMs !== Infinity) this.deadlines.add(request);
    if (why !== "blocked") this.#claims.awaitOutside(resource.name, request.mode, now);
  }

  /** Takes a request out of everything, but for the reservation of a claim that is still being asked for. */
  #end(request: LockRequest): void {
    const { resource, session, state } = request;
    session.requests.delete(request.id);
    this.deadlines.remove(request);
    request.state = state === "admitting" ? "withdrawn" : "ended";
    if (state === "held") {
      resource.drop(request);
      this.#lockCount--;
    } else if (state === "waiting") {
      resource.queue?.remove(request);
      session.waiting--;
    } else assert(state === "admitting", "only what lives can end");
  }

  /**
   * After something ended: grants the waiters that it stood in the way of, then lets the claim shrink to what is held. Modes in
   * `refused` were refused by the outside just now: they are not asked for again before {@link Claims.awaitOutside} says so.
   */
  #resettle(resource: Resource, now: number, refused = 0): void {
    if (resource.queue?.size) this.#promote(resource, resource.queue, { now, refused });
    this.#claims.settle(resource.name, union(resource.heldModes), now);
    if (resource.empty) this.resources.delete(resource.name);
  }

  #promote(resource: Resource, queue: WaitQueue, { now, refused }: { now: number; refused: number }): void {
    let passed = refused;
    for (
      let head = queue.next(resource.heldModes, passed);
      head;
      head = queue.next(resource.heldModes, passed)
    ) {
      const admission = this.#admit(head, now);
      if (admission === "outside") {
        passed |= MODE_BIT[head.mode];
        this.#claims.awaitOutside(resource.name, head.mode, now);
        continue;
      }
      queue.remove(head);
      head.session.waiting--;
      if (admission === "later") {
        this.#reserve(head, now);
        continue;
      }
      this.deadlines.remove(head);
      if (typeof admission === "number") this.#grant(head, admission, now);
      else {
        head.state = "ended";
        head.session.requests.delete(head.id);
        this.#answers.refused(head.session.id, head.id, admission);
      }
    }
  }
}
