/**
 * A session that is spoken for by HTTP requests: what one asks is a promise of the effect that answers it.
 *
 * @module
 */
import type { HeldLock } from "../../client/protocol/messages.ts";
import { assert } from "../base/assert.ts";
import type { EffectOf } from "../dialect/rest_answer.ts";
import { Refusal } from "../dialect/rest_problem.ts";
import type { SessionListener } from "../session/listener.ts";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { WatchEffect } from "../session/watches.ts";
import type { Effect } from "../store/store.ts";
import type { Caller, HttpClient } from "./callers.ts";

/** What happens to a session beside answers. */
export interface HttpSessionEvents {
  /** A lock ended although nobody released it. It must not call back into the session. */
  lost?(lock: number): void;
  /** The session has ended, and not by {@link HttpSession.end}. */
  ended?(): void;
}

/** What HTTP sessions stand on. */
export interface HttpSessionParts {
  readonly sessions: Sessions;
  readonly turn: (work: () => void) => void;
}

const GONE = new Refusal({ code: "SESSION_GONE", message: "Cannot ask: the session has ended" });

type Answer = Effect & { readonly request: number };

/** Has a session do something, under that id. */
export type Work = (session: Session, request: number) => void;

/** What was asked. */
export interface Begun<E> {
  readonly request: number;
  readonly answer: Promise<E>;
}

interface Asked {
  resolve(effect: Answer): void;
  reject(refusal: Refusal): void;
}

/** A session of HTTP requests. */
export class HttpSession implements SessionListener {
  readonly caller: Caller;
  readonly #parts: HttpSessionParts;
  readonly #events: HttpSessionEvents;
  readonly #asked = new Map<number, Asked>();
  #session: Session | undefined;
  #lastRequest = 0;
  #ending: Refusal | undefined;

  /** Opens a session. Throws a {@link Refusal} when there can be none now. */
  constructor(parts: HttpSessionParts, { caller, profile }: HttpClient, events: HttpSessionEvents = {}) {
    this.#parts = parts;
    this.caller = caller;
    this.#events = events;
    const { sessions } = parts;
    const refusal = sessions.refusal();
    if (refusal) throw new Refusal(refusal);
    parts.turn(() => this.#session = sessions.open(this, profile, { access: caller, transport: "http" }));
  }

  /** Whether it is that caller's; keys and secrets are of no use to another one. */
  belongsTo({ subject }: Caller): boolean {
    return subject === this.caller.subject;
  }

  /** Goes on with the rights that its caller has now, which may have another token by now. */
  goOnAs(caller: Caller): void {
    this.#session?.adopt(caller);
  }

  /** Its id; empty when it has ended. */
  get id(): string {
    return this.#session?.id ?? "";
  }

  /**
   * Asks for something, under an id that rises, and answers with the effect of that type. Rejects with a
   * {@link Refusal}.
   */
  ask<T extends Answer["type"]>(wanted: T, work: Work): Promise<EffectOf<T>> {
    return this.begin(wanted, work).answer;
  }

  /** As {@link ask}, for what may be cancelled: tells its id too. */
  begin<T extends Answer["type"]>(wanted: T, work: Work): Begun<EffectOf<T>> {
    const session = this.#session;
    if (!session) throw this.#ending ?? GONE;
    const request = ++this.#lastRequest;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#asked.set(request, { resolve, reject });
    // Whoever asked may have gone before the answer comes.
    promise.catch(() => {});
    this.#parts.turn(() => work(session, request));
    const answer = promise.then((effect) => {
      assert(effect.type === wanted, `an answer of type ${wanted}`);
      return effect as EffectOf<T>;
    });
    answer.catch(() => {});
    return { request, answer };
  }

  /** Asks for something that may wait; when the client goes away meanwhile the wait is withdrawn. */
  async askWhile<T extends Answer["type"]>(signal: AbortSignal, wanted: T, work: Work): Promise<EffectOf<T>> {
    const { request, answer } = this.begin(wanted, work);
    const hangUp = () => this.cancel(request);
    signal.addEventListener("abort", hangUp);
    try {
      return await answer;
    } finally {
      signal.removeEventListener("abort", hangUp);
    }
  }

  /** Why somebody else ended it; undefined while nobody did. */
  get ending(): Refusal | undefined {
    return this.#ending;
  }

  /** See {@link Session.validForMs}; 0 when it has ended. */
  get validForMs(): number | undefined {
    return this.#session ? this.#session.validForMs : 0;
  }

  /** What it holds under the id of an acquire; undefined when that has ended. */
  holding(request: number): HeldLock | undefined {
    const session = this.#session;
    return session &&
      this.#parts.sessions.store.holdingsOf(session.id).locks.find(({ lock }) => lock === request);
  }

  /** Does something at once that is no request to the store. It must not throw. */
  act<T>(work: (session: Session) => T): T {
    const session = this.#session;
    if (!session) throw this.#ending ?? GONE;
    const done: { result?: T } = {};
    this.#parts.turn(() => done.result = work(session));
    return done.result as T;
  }

  /** Makes sure that what was asked under that id neither is nor becomes a grant. */
  cancel(target: number): void {
    if (!this.#session) return;
    this.begin("cancelled", (session, request) => session.cancel(request, target));
  }

  /** Ends it with all its locks and waits; harmless when it has ended. */
  end(): void {
    const session = this.#session;
    if (!session) return;
    this.#session = undefined;
    this.#parts.turn(() => session.end());
    this.#refuseAll(new Refusal({ code: "NOT_HELD", message: "Cannot go on: the lock has ended" }));
  }

  hear(effect: Effect | WatchEffect): void {
    if (effect.type === "lost") return this.#events.lost?.(effect.lock);
    if (!("request" in effect) || effect.type === "watching") return;
    const asked = this.#asked.get(effect.request);
    if (!asked) return;
    this.#asked.delete(effect.request);
    if (effect.type !== "refused") return asked.resolve(effect);
    const { code, message, blockedBy, cycle } = effect;
    asked.reject(
      new Refusal({ code, message, ...(blockedBy ? { blockedBy } : {}), ...(cycle ? { cycle } : {}) }),
    );
  }

  drain(): void {
    // Waits are refused by the store, and what is held stays until it is given back.
  }

  hangUp(reason?: string): void {
    this.#session = undefined;
    this.#ending = new Refusal(
      reason === undefined
        ? { code: "DRAINING", message: "Cannot go on: the daemon leaves service" }
        : { code: "SESSION_GONE", message: `Cannot go on: ${reason}` },
    );
    this.#refuseAll(this.#ending);
    this.#events.ended?.();
  }

  #refuseAll(refusal: Refusal): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(refusal);
  }
}

/** Asks one thing in a session of its own. Rejects with a {@link Refusal}. */
export async function askOnce<T extends Answer["type"]>(
  parts: HttpSessionParts,
  client: HttpClient,
  wanted: T,
  work: Work,
): Promise<EffectOf<T>> {
  const session = new HttpSession(parts, client);
  try {
    return await session.ask(wanted, work);
  } finally {
    session.end();
  }
}
