/**
 * Puts into words, as effects, what the lock table decided.
 *
 * @module
 */
import { BLOCKED_BY_MAX } from "../../client/protocol/limits.ts";
import type { LossReason } from "../../client/protocol/messages.ts";
import type { Refusal } from "./claims.ts";
import { describeBlockers, partyOf } from "./description.ts";
import type { EffectSink, SessionId } from "./effect.ts";
import type { LockRequest } from "./request.ts";

/** Speaks for one lock table. */
export class Answers {
  readonly #emit: EffectSink;
  readonly #epochMs: number;

  /** `epochMs` is the wall clock at monotonic zero, in milliseconds since 1970. */
  constructor(emit: EffectSink, epochMs: number) {
    this.#emit = emit;
    this.#epochMs = epochMs;
  }

  /** The request is held. */
  granted({ session, id, resource, mode, token }: LockRequest): void {
    this.#emit({ type: "granted", session: session.id, request: id, name: resource.name, mode, token });
  }

  /** The request ended without a grant. */
  refused(session: SessionId, request: number, { code, message }: Refusal): void {
    this.#emit({ type: "refused", session, request, code, message });
  }

  /** The request ended without a grant because of others, of this table or outside of it, or because its claim hangs. */
  blocked(request: LockRequest, code: "BUSY" | "TIMEOUT"): void {
    const { session, id, resource, mode, state } = request;
    const blockedBy = resource.blockers(request, BLOCKED_BY_MAX).map((blocker) =>
      partyOf(blocker, this.#epochMs)
    );
    const undecided = state === "admitting" && blockedBy.length === 0;
    const fault = undecided ? "the store has not decided yet" : describeBlockers(blockedBy);
    const message = `Cannot lock ${resource.name} in ${mode}: ${fault}`;
    this.#emit({ type: "refused", session: session.id, request: id, code, message, blockedBy });
  }

  /** The release with the id `request` was carried out. */
  released(session: SessionId, request: number, lock: number): void {
    this.#emit({ type: "released", session, request, lock });
  }

  /** The lock ended and its holder did not release it. */
  lost({ session, id, resource, token }: LockRequest, reason: LossReason): void {
    this.#emit({ type: "lost", session: session.id, lock: id, name: resource.name, token, reason });
  }
}
