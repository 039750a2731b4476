/**
 * The locks of HTTP clients. Who has no connection has a key instead: a lock is in a session of its own (or
 * in that of another lock, by wish), lives for its TTL, and whoever knows the key may renew, convert and
 * release it. `docs/design/0013-http-locks.md` says why.
 *
 * ```text
 *   acquire ──▶ WAITING ──▶ HELD ──▶ ENDED      [release, lost, session ended]
 *                  └──────────────────▲         [refused, or nobody asks for it any more]
 * ```
 *
 * - WAITING: some request is open that asks for it.
 * - HELD: the store has granted it.
 * - ENDED: it is in no list; its session has ended if this was the last lock in it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { ValueBlock } from "../../client/protocol/messages.ts";
import type { EffectOf } from "../dialect/rest_answer.ts";
import { badRequest, Refusal } from "../dialect/rest_problem.ts";
import type { RestAcquire } from "../dialect/rest_request.ts";
import type { Caller, HttpClient } from "./callers.ts";
import { HttpSession, type HttpSessionParts } from "./http_session.ts";
import type { LockKeys } from "./lock_keys.ts";
import { Replays } from "./replays.ts";

/** What HTTP locks stand on. */
export interface HttpLocksParts extends HttpSessionParts {
  readonly keys: LockKeys;
  readonly limits: { readonly httpLocksMax: number; readonly idempotencyKeysMax: number };
}

/** A lock, or a wait for one. */
export interface HttpLock {
  /** Names it in paths. */
  readonly id: string;
  readonly session: HttpSession;
  /** The id of its session, which outlasts it. */
  readonly sessionId: string;
  /** The id of its acquire in the session. */
  readonly request: number;
  readonly granted: Promise<EffectOf<"granted">>;
  /** What was left on its name, as its holder knows. */
  value: ValueBlock | undefined;
  /** How long it lives after a renewal, in milliseconds. */
  ttlMs: number;
}

/** Who asks for a lock. */
export interface Asker extends HttpClient {
  /** Aborted when the client went away. */
  readonly signal: AbortSignal;
  /** Same key, same request. */
  readonly idempotencyKey?: string | undefined;
  /** The key to the session that the lock shall be in. */
  readonly key?: string | undefined;
  /** Called when the lock has ended. */
  readonly onEnd?: () => void;
}

interface Entry extends HttpLock {
  readonly replay: string | undefined;
  readonly onEnd: (() => void) | undefined;
  isHeld: boolean;
  /** How many requests ask for it. */
  askers: number;
}

/** The locks of HTTP clients at one daemon. */
export class HttpLocks {
  readonly #parts: HttpLocksParts;
  readonly #entries = new Map<string, Entry>();
  readonly #bySession = new Map<string, Set<Entry>>();
  readonly #replays: Replays<Entry>;
  /** The wall clock at monotonic zero, in milliseconds since 1970, as stores take it. */
  readonly #epochMs: number;

  constructor(parts: HttpLocksParts) {
    this.#parts = parts;
    const { clock } = parts.sessions;
    this.#epochMs = clock.wallMs() - clock.now();
    this.#replays = new Replays({ endedMax: parts.limits.idempotencyKeysMax });
  }

  /** How many there are, waits too. */
  get size(): number {
    return this.#entries.size;
  }

  /** The key to a lock. */
  keyOf({ sessionId }: HttpLock): string {
    return this.#parts.keys.keyOf(sessionId);
  }

  /**
   * For how many ms from now its client may take a lock for its own that ends then: no longer than the store
   * vouches for it ([P-18] of `docs/protocol.md`).
   */
  expiresInMs({ session }: HttpLock, expires: number | undefined): number {
    const leftMs = (expires ?? Infinity) - this.#epochMs - this.#now();
    return Math.max(0, Math.floor(Math.min(leftMs, session.validForMs ?? Infinity)));
  }

  /** Asks for a lock; resolves when it is held. Rejects with a {@link Refusal}. */
  async acquire(asked: RestAcquire, asker: Asker): Promise<HttpLock> {
    const { signal } = asker;
    const entry = this.#repeated(asked, asker) ?? this.#begin(asked, asker);
    entry.askers++;
    let isAsking = true;
    const leave = () => {
      if (isAsking) this.#leave(entry);
      isAsking = false;
    };
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave);
    const waited = !entry.isHeld;
    try {
      await entry.granted;
      // A client that hung up just before the grant is heard of within the next turn of the event loop.
      if (waited) await new Promise((resolve) => setTimeout(resolve, 0));
    } finally {
      signal.removeEventListener("abort", leave);
    }
    if (isAsking) entry.askers--;
    if (!this.#entries.has(entry.id)) throw entry.session.ending ?? notHeld(entry.id);
    return entry;
  }

  /** The answer that told of the lock did not reach the client. */
  unsent(lock: HttpLock): void {
    const entry = this.#entries.get(lock.id);
    if (!entry || entry.replay !== undefined) return;
    entry.session.cancel(entry.request);
    this.#forget(entry.id);
  }

  /** The lock of that id, for its caller, who has its key. Throws a {@link Refusal}. */
  find(id: string, { key, caller }: { readonly key: string | undefined; readonly caller: Caller }): HttpLock {
    if (key === undefined) throw badRequest("Cannot find the lock's key: want the header Distrilock-Key");
    const [session = ""] = id.split(".", 1);
    const fits = this.#parts.keys.fits(session, key);
    const entry = this.#entries.get(id);
    if (!entry?.isHeld) throw notHeld(id);
    // The same words whoever's it is: a key that leaked is of no use to others, and tells them nothing.
    if (!fits || !entry.session.belongsTo(caller)) throw wrongKey(id);
    entry.session.goOnAs(caller);
    return entry;
  }

  /** Gives a lock back. Rejects with a {@link Refusal}. */
  async release(lock: HttpLock): Promise<void> {
    await lock.session.ask("released", (session, request) => session.release(request, lock.request));
    this.#forget(lock.id);
  }

  /** What was asked before under the same key, if anything was. */
  #repeated(asked: RestAcquire, { caller, idempotencyKey }: Asker): Entry | undefined {
    if (idempotencyKey === undefined) return undefined;
    const replay = this.#replays.find(replayKey(caller.subject, idempotencyKey), this.#now());
    if (!replay) return undefined;
    if (replay.asked !== digestOf(asked)) {
      throw badRequest("Cannot repeat the request: another one had that Idempotency-Key");
    }
    if (replay.living) return replay.living;
    const message = "Cannot repeat the request: the lock that came of it has ended";
    throw new Refusal({ code: "NOT_HELD", message });
  }

  #begin(asked: RestAcquire, asker: Asker): Entry {
    const { sessions, limits: { httpLocksMax } } = this.#parts;
    if (this.size >= httpLocksMax) {
      sessions.counts.httpRefused++;
      const message =
        `Cannot lock over HTTP: ${httpLocksMax} locks and waits there are, which is httpLocksMax`;
      throw new Refusal({ code: "LIMIT", message });
    }
    const session = this.#sessionFor(asked, asker);
    const sessionId = session.id;
    const { idempotencyKey, caller, onEnd } = asker;
    const replay = idempotencyKey === undefined ? undefined : replayKey(caller.subject, idempotencyKey);
    const { request, answer } = session.begin("granted", (opened, id) => opened.acquire(id, asked.wish));
    const { ttlMs } = asked.wish;
    const entry: Entry = {
      id: lockId(sessionId, request),
      session,
      sessionId,
      request,
      granted: answer,
      value: undefined,
      ttlMs,
      replay,
      onEnd,
      isHeld: false,
      askers: 0,
    };
    this.#entries.set(entry.id, entry);
    const locks = this.#bySession.get(sessionId);
    if (locks) locks.add(entry);
    else this.#bySession.set(sessionId, new Set([entry]));
    if (replay !== undefined) this.#replays.begin(replay, digestOf(asked), entry);
    answer.then(({ fenced: [{ value }] }) => {
      entry.isHeld = true;
      entry.value = value;
    }, () => {
      if (replay !== undefined) this.#replays.forget(replay);
      this.#forget(entry.id);
    });
    return entry;
  }

  /** The session that a lock shall be in: one of its own, unless it asks for another lock's. */
  #sessionFor({ client, session: wanted }: RestAcquire, asker: Asker): HttpSession {
    if (wanted === undefined) return this.#open(client ? { ...asker, profile: client } : asker);
    if (client !== undefined) {
      throw badRequest("Cannot read field client: a session that is there keeps its own");
    }
    if (asker.key === undefined) {
      throw badRequest("Cannot find the session's key: want the header Distrilock-Key");
    }
    const fits = this.#parts.keys.fits(wanted, asker.key);
    const [entry] = this.#bySession.get(wanted) ?? [];
    if (!entry) {
      const message = `Cannot lock in the session ${JSON.stringify(wanted)}: no lock is in it`;
      throw new Refusal({ code: "SESSION_GONE", message });
    }
    if (!fits || !entry.session.belongsTo(asker.caller)) throw wrongKey(wanted);
    entry.session.goOnAs(asker.caller);
    return entry.session;
  }

  #open(client: HttpClient): HttpSession {
    const session: HttpSession = new HttpSession(this.#parts, client, {
      lost: (request) => this.#forget(lockId(session.id, request)),
      ended: () => {
        for (const { id } of [...this.#bySession.get(sessionId) ?? []]) this.#forget(id);
      },
    });
    const sessionId = session.id;
    return session;
  }

  /** A request that asked for it has gone. */
  #leave(entry: Entry): void {
    entry.askers--;
    if (entry.askers > 0 || !this.#entries.has(entry.id)) return;
    // Whoever may repeat the request finds the lock then; everybody else would never learn of it.
    if (entry.isHeld && entry.replay !== undefined) return;
    // A wait that was withdrawn may be begun anew.
    if (entry.replay !== undefined) this.#replays.forget(entry.replay);
    entry.session.cancel(entry.request);
    this.#forget(entry.id);
  }

  /** It has ended. May be called by what the session hears, so it does not call back before that is over. */
  #forget(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    if (entry.replay !== undefined) this.#replays.end(entry.replay, this.#now());
    entry.onEnd?.();
    const locks = this.#bySession.get(entry.sessionId);
    locks?.delete(entry);
    if (locks?.size !== 0) return;
    this.#bySession.delete(entry.sessionId);
    queueMicrotask(() => entry.session.end());
  }

  #now(): number {
    return this.#parts.sessions.clock.now();
  }
}

/** Tells requests apart, and is short whatever they are. */
function digestOf(asked: RestAcquire): string {
  return createHash("sha256").update(JSON.stringify(asked)).digest("base64");
}

function lockId(session: string, request: number): string {
  return `${session}.${request}`;
}

/** A key is for one caller alone: whoever guesses it gets no lock of another one. */
function replayKey(subject: string, key: string): string {
  return JSON.stringify([subject, key]);
}

function notHeld(id: string): Refusal {
  const message = `Cannot find the lock ${JSON.stringify(id)}: nobody holds it over HTTP, here and now`;
  return new Refusal({ code: "NOT_HELD", message });
}

function wrongKey(id: string): Refusal {
  const message = `Cannot use ${JSON.stringify(id)}: the header Distrilock-Key has another key`;
  return new Refusal({ code: "DENIED", message });
}
