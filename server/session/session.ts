/**
 * One session: what its client may ask of the store. `session_check.ts` draws its states.
 *
 * @module
 */
import type { ClientProfile, LostLock } from "../../client/protocol/messages.ts";
import { assert } from "../base/assert.ts";
import type { Timed } from "../base/deadlines.ts";
import type { Acquire, Break, Convert, ListQuery, SessionId } from "../store/store.ts";
import { type Access, type Denial, denial, type Right } from "./access.ts";
import type { SessionListener } from "./listener.ts";
import type { Secret } from "./secret.ts";
import type { Sessions } from "./sessions.ts";

/** Asks for a lock; see `Acquire`. */
export type LockWish = Omit<Acquire, "session" | "request">;

/** See the table in `session_check.ts`. */
export type SessionStage = "open" | "detached" | "ended";

/** What a session is made with. */
export interface SessionOptions {
  readonly id: SessionId;
  readonly client: ClientProfile | undefined;
  /** Who it belongs to, and what that one may. */
  readonly access: Access;
  readonly listener: SessionListener;
  /** What its connection is, for people. */
  readonly transport: string;
  /** How long it outlives its connection, in milliseconds; 0 = not at all. */
  readonly graceMs: number;
  /** What it is resumed with; undefined without a grace. */
  readonly secret: Secret | undefined;
  /** When it was opened, in milliseconds since 1970. */
  readonly sinceWallMs: number;
  /** See {@link Session.lastAttempt}. */
  readonly attempt?: number;
}

/**
 * One session. Every method but {@link end} and {@link leave} is answered by one effect, see `Store`;
 * `request` is the id that the client chose for it. What its {@link access} does not allow is refused with
 * `DENIED` and changes nothing.
 */
export class Session implements Timed {
  readonly id: SessionId;
  readonly client: ClientProfile | undefined;
  readonly graceMs: number;
  readonly secret: Secret | undefined;
  readonly sinceWallMs: number;
  /** When its grace is over: monotonic milliseconds; Infinity unless detached. Set by the registry alone. */
  dueMs = Infinity;
  heapIndex = -1;
  /** The id of the hello that last resumed it, 0 before the first. Set by the registry alone. */
  lastAttempt: number;
  #stage: SessionStage = "open";
  #access: Access;
  #listener: SessionListener | undefined;
  #transport: string;
  /** The last locks that it lost, for a client that may not have heard of it. Empty without a grace. */
  readonly #lost: LostLock[] = [];
  readonly #sessions: Sessions;

  constructor(options: SessionOptions, sessions: Sessions) {
    this.id = options.id;
    this.client = options.client;
    this.graceMs = options.graceMs;
    this.secret = options.secret;
    this.sinceWallMs = options.sinceWallMs;
    this.lastAttempt = options.attempt ?? 0;
    this.#access = options.access;
    this.#listener = options.listener;
    this.#transport = options.transport;
    this.#sessions = sessions;
  }

  /** Where it is in its life. */
  get stage(): SessionStage {
    return this.#stage;
  }

  /** Who it belongs to, and what that one may. */
  get access(): Access {
    return this.#access;
  }

  /** Who speaks for it; undefined unless it is open. */
  get listener(): SessionListener | undefined {
    return this.#listener;
  }

  /** What its connection is, or the last one was. */
  get transport(): string {
    return this.#transport;
  }

  /** The last locks that it lost. */
  get lost(): readonly LostLock[] {
    return this.#lost;
  }

  /** Asks for a lock, under an id that rises with every acquire of the session. */
  acquire(request: number, wish: LockWish): void {
    const { store, observer, commands } = this.#sessions;
    const now = commands.begin();
    const wanted = { session: this.id, request, ...wish };
    observer?.asked(wanted, now);
    const denied = wish.names.some((name) =>
      this.#denies(request, { right: "acquire", name, cannot: "Cannot lock" })
    );
    if (!denied) {
      if (this.#sessions.draining && !store.repeats(this.id, request)) this.#refuseDraining(request);
      else store.acquire(wanted, now);
    }
    commands.done();
  }

  /** Gives a lock back. */
  release(request: number, lock: number): void {
    const { store, commands } = this.#sessions;
    store.release({ session: this.id, request, lock }, commands.begin());
    commands.done();
  }

  /** Gives all locks back. What waits goes on waiting. */
  releaseAll(request: number): void {
    this.#sessions.store.releaseAll(this.id, request, this.#now());
  }

  /** Asks for another mode of a lock that is held. */
  convert(request: number, { lock, mode, waitMs }: Pick<Convert, "lock" | "mode" | "waitMs">): void {
    // Whoever drains waits for holders, so it lets nobody begin to wait for one.
    const wait = this.#sessions.draining ? 0 : waitMs;
    const now = this.#now();
    const command = { session: this.id, request, lock, mode, waitMs: wait };
    this.#sessions.observer?.converts(command, now);
    this.#sessions.store.convert(command, now);
  }

  /** Lets a lock live longer. */
  renew(request: number, lock: number, ttlMs: number | undefined): void {
    this.#sessions.store.renew({ session: this.id, request, lock, ttlMs }, this.#now());
  }

  /** Asks whether a lock is still held; never takes it again. */
  verify(request: number, lock: number): void {
    this.#sessions.store.verify({ session: this.id, request, lock }, this.#now());
  }

  /** Leaves a value for later holders. */
  setValue(request: number, lock: number, value: string): void {
    this.#sessions.store.setValue({ session: this.id, request, lock, value }, this.#now());
  }

  /**
   * Makes sure that the acquire or convert `target` neither is nor becomes a grant; ends the watch `target`.
   */
  cancel(request: number, target: number): void {
    const { store, watches } = this.#sessions;
    const wasWatching = watches.end(this.id, target);
    if (!wasWatching || store.repeats(this.id, target)) {
      return store.cancel(this.id, request, target, this.#now());
    }
    this.#listener?.hear({ type: "cancelled", session: this.id, request, target, was: "watching" });
  }

  /** Ends locks of others. */
  break(request: number, meant: Pick<Break, "name" | "token" | "reason">): void {
    const { name } = meant;
    const asker = { session: this.id, request, subject: this.#access.subject, client: this.client };
    const denied = this.#denies(request, { right: "break", name, cannot: "Cannot break" });
    this.#sessions.audit(denied ? "denied.break" : "lock.break", { ...asker, ...meant });
    if (denied) return;
    this.#sessions.store.break({ session: this.id, request, ...meant }, this.#now());
  }

  /** Asks who holds and who waits for a name. */
  who(request: number, name: string): void {
    if (this.#denies(request, { right: "read", name, cannot: "Cannot tell who has" })) return;
    this.#sessions.store.who(this.id, request, name, this.#now());
  }

  /** Asks who waits for whom, beginning with a name. */
  explain(request: number, name: string): void {
    if (this.#denies(request, { right: "read", name, cannot: "Cannot explain" })) return;
    this.#sessions.store.explain(this.id, request, name, this.#now());
  }

  /**
   * Has the client told what happens to all names that begin so and that it may read, until a cancel of
   * `request`. Answered by `watching` or `refused`; refused when it may read none.
   */
  watch(request: number, prefix: string): void {
    if (this.#deniesBelow(request, prefix, `Cannot watch ${prefix}*`)) return;
    this.#sessions.watches.begin(this.id, request, prefix);
  }

  /**
   * Asks for the names that are held or waited for, those that it may read; refused when it may read none.
   */
  list(request: number, query: Omit<ListQuery, "shows">): void {
    if (this.#deniesBelow(request, query.prefix, `Cannot list ${query.prefix}*`)) return;
    const shows = (name: string) => this.#access.allows("read", name);
    this.#sessions.store.list(this.id, request, { ...query, shows }, this.#now());
  }

  /** Looks whether the store can still vouch for the session; if not, its listener is told, or hung up on. */
  check(): void {
    this.#sessions.store.checkSession?.(this.id, this.#now());
  }

  /**
   * For how many milliseconds the store vouches for all that the session holds or will be granted, unless its
   * client is told otherwise; undefined where it does as long as it lives.
   */
  get validForMs(): number | undefined {
    const validForMs = this.#sessions.store.validForMs(this.id, this.#now());
    return validForMs === Infinity ? undefined : Math.max(0, Math.floor(validForMs));
  }

  /**
   * The connection that `listener` spoke for has ended: so does the session, unless it has a grace or another
   * connection by now.
   */
  leave(listener: SessionListener): void {
    this.#sessions.leave(this, listener);
  }

  /** Ends the session with its locks and waits, whatever its grace; harmless when it has ended. */
  end(): void {
    this.#sessions.end(this);
  }

  /** Goes on with the rights of another token of its subject. */
  adopt(access: Access): void {
    assert(access.subject === this.#access.subject, "a session belongs to one subject");
    this.#access = access;
  }

  /** Nobody speaks for it any more, for the time of its grace. For the registry alone. */
  detach(): void {
    assert(this.#stage === "open" && this.graceMs > 0, "only an open session with a grace is detached");
    this.#stage = "detached";
    this.#listener = undefined;
  }

  /** Somebody speaks for it, in place of whoever did. For the registry alone. */
  attach(listener: SessionListener, access: Access, transport: string): void {
    assert(this.#stage !== "ended", "what has ended is not resumed");
    this.adopt(access);
    this.#stage = "open";
    this.#listener = listener;
    this.#transport = transport;
  }

  /** It has ended. For the registry alone. */
  ended(): void {
    this.#stage = "ended";
    this.#listener = undefined;
  }

  /** Remembers a loss for a client that may not hear of it: the last `most`. For the registry alone. */
  remember({ lock, name, token, reason }: LostLock, most: number): void {
    this.#lost.push({ lock, name, token, reason });
    if (this.#lost.length > most) this.#lost.shift();
  }

  #now(): number {
    return this.#sessions.clock.now();
  }

  #refuseDraining(request: number): void {
    const message = "Cannot lock: the daemon leaves service";
    this.#sessions.deliver({ type: "refused", session: this.id, request, code: "DRAINING", message });
  }

  /** Refuses what is not allowed; false when it is. */
  #denies(
    request: number,
    wish: { readonly right: Right; readonly name: string; readonly cannot: string },
  ): boolean {
    const denied = denial(this.#access, wish);
    if (denied) this.#refuse(request, denied);
    return denied !== undefined;
  }

  #deniesBelow(request: number, prefix: string, cannot: string): boolean {
    const { subject, ended } = this.#access;
    if (this.#access.allowsBelow("read", prefix)) return false;
    const message = `${cannot}: ${ended ?? `${subject} lacks the right read for all such names`}`;
    this.#refuse(request, { code: "DENIED", message });
    return true;
  }

  #refuse(request: number, { code, message }: Denial): void {
    this.#sessions.deliver({ type: "refused", session: this.id, request, code, message });
  }
}
