/**
 * The answers that are owed for commands: each is given once, and in time, whatever etcd does.
 *
 * @module
 */
import { Deadlines, type Timed } from "../../base/deadlines.ts";
import type { Effect, SessionId } from "../../lock/effect.ts";
import { ANSWER_MS, type Cluster } from "./cluster.ts";
import { unavailable } from "./replies.ts";

/** One answer that is owed. */
export interface Reply extends Timed {
  readonly session: SessionId;
  readonly request: number;
  /** What was asked for, as the end of "Cannot …". */
  readonly what: string;
  isGiven: boolean;
}

/** All answers that are owed. */
export class OwedReplies {
  readonly #cluster: Cluster;
  readonly #owed = new Deadlines<Reply>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  get nextDueMs(): number {
    return this.#owed.nextMs();
  }

  /** Owes an answer from now on. */
  owe(session: SessionId, request: number, what: string): Reply {
    const dueMs = this.#cluster.now + ANSWER_MS;
    const reply = { session, request, what, isGiven: false, dueMs, heapIndex: -1 };
    this.#owed.add(reply);
    return reply;
  }

  /** Gives an answer, unless one was given. */
  give(reply: Reply, effect: Effect): void {
    if (reply.isGiven) return;
    reply.isGiven = true;
    this.#owed.remove(reply);
    this.#cluster.emit(effect);
  }

  /** The answer is owed still, but not by a time. */
  hold(reply: Reply): void {
    this.#owed.remove(reply);
  }

  /** No answer is wanted any more. */
  drop(reply: Reply): void {
    reply.isGiven = true;
    this.#owed.remove(reply);
  }

  /** etcd does not say. */
  fail(reply: Reply, why?: string): void {
    this.give(reply, unavailable(reply.session, reply.request, reply.what, why));
  }

  tick(now: number): void {
    for (let reply = this.#owed.takeDue(now); reply; reply = this.#owed.takeDue(now)) this.fail(reply);
  }
}
