/**
 * A connection to a daemon, and what a program does on it: ask for locks, look who holds them, break them.
 *
 * @module
 */
import { ask } from "./asking.ts";
import { Administrator } from "./administrator.ts";
import type { ConnectionError } from "./errors.ts";
import type { Guarantee, ListAnswer, NameState, Party, WhoAnswer } from "./protocol/messages.ts";
import type { ExplainedName } from "./protocol/messages.ts";
import { type RequestDefaults, Requester } from "./requester.ts";
import type { Presence } from "./presence.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StatusStream } from "./status.ts";
import { Watch, type WatchListener, type WatchOptions } from "./watch.ts";

/** How to break a lock. */
export interface BreakOptions {
  /** The fencing token of the locks to end. */
  readonly token: number;
  /** Why: the holders are told, and the server's audit log. */
  readonly reason: string;
}

/** Which names to list. */
export interface ListOptions {
  /** Only names that begin so. */
  readonly prefix?: string | undefined;
}

/** Who holds and who waits for a name. */
export type NameReport = Omit<WhoAnswer, "id" | "ok">;

/**
 * A program's presence at a daemon, or at one of several: its session, which owns its locks, and the next one
 * when that has ended. Made by `connect`.
 *
 * Any number of tasks may share a client. Their requests conflict like those of strangers, also with each
 * other.
 */
export class Client extends Requester implements AsyncDisposable {
  readonly #presence: Presence;
  readonly #defaults: RequestDefaults;

  /** @internal Clients are made by `connect`. */
  constructor(presence: Presence, defaults: RequestDefaults = {}) {
    super(presence, defaults);
    this.#presence = presence;
    this.#defaults = defaults;
  }

  /** Id of the present session, or of the last one, as others see it. It authorises nothing. */
  get session(): string {
    return this.#presence.hello.session;
  }

  /** Where exclusion comes from. */
  get guarantee(): Guarantee {
    return this.#presence.hello.guarantee;
  }

  /** What the daemon calls itself, and its version. */
  get server(): { readonly name: string; readonly version: string } {
    return this.#presence.hello.server;
  }

  /**
   * Resolves when the client has ended: to null after {@link close}; else to why, when no server will ever
   * have it (it was not let in, or speaks another version), or when it does not reconnect. Never rejects.
   */
  get closed(): Promise<ConnectionError | null> {
    return this.#presence.closed;
  }

  /**
   * What happens between the client and its servers from now on: connections that come, are lost and resumed,
   * servers that leave service.
   *
   * ```ts ignore
   * for await (const event of client.status()) console.log(event.type);
   * ```
   */
  status(): StatusStream {
    return this.#presence.status.open();
  }

  /** What an administrator does with the daemon: look at its sessions, end one, make it leave service. */
  get administrator(): Administrator {
    return new Administrator(this.#presence);
  }

  /**
   * A view of this client whose requests share an owner: one flow of control, such as a job. A request that
   * would make owners wait for each other in a circle, or one wait for itself, is refused with `DEADLOCK`.
   * Requests of the client itself have no owner, and are never refused so.
   */
  owner(owner: string): Requester {
    return new Requester(this.#presence, { ...this.#defaults, owner });
  }

  /**
   * Ends the locks of a name that have this token, whoever holds them: for people who know that a holder is
   * gone for good. The token is what {@link who} told, so that a break that comes late hits nobody else.
   * Locks in NL, which are in nobody's way, are not broken.
   *
   * When the connection is lost before the answer, the request is sent again: a break that was done already
   * is then refused with `NOT_HELD`.
   *
   * @returns whose locks it ended.
   * @throws {LockError} with the code `STALE_TOKEN` when the name is held with other tokens, `NOT_HELD` when
   *   it is not held.
   */
  async break(name: string, { token, reason }: BreakOptions): Promise<readonly Party[]> {
    const { broken } = await ask(this.#presence, "break", { name, token, reason });
    return broken;
  }

  /**
   * Tells who holds and who waits for a name: with the store on a directory among the sessions of this
   * daemon, and `outside` of it as far as that has said so.
   *
   * @throws {LockError} `BAD_REQUEST` for a name that is none, `DENIED` without the right to read it.
   * @throws {ConnectionError} when no server could be reached for `connectTimeoutMs`.
   */
  async who(name: string): Promise<NameReport> {
    const { id: _id, ok: _ok, ...report } = await ask(this.#presence, "who", { name });
    return report;
  }

  /**
   * Goes through all names that are held or waited for at this daemon, sorted. They are fetched page by page,
   * so a name that comes or goes meanwhile may be missed.
   */
  async *list({ prefix }: ListOptions = {}): AsyncGenerator<NameState, void, undefined> {
    let after: string | null | undefined;
    do {
      const page: ListAnswer = await ask(this.#presence, "list", { prefix, after });
      yield* page.names;
      after = page.next;
    } while (after !== null);
  }

  /**
   * Tells who waits for whom, and why: first the name, then the names that its holders wait for, and so on,
   * at most 20. Only one daemon's sessions are seen, as by {@link who}.
   */
  async explain(name: string): Promise<readonly ExplainedName[]> {
    const { names } = await ask(this.#presence, "explain", { name });
    return names;
  }

  /**
   * All that is held and all that waits, of the names that begin with `prefix`; "" for all. See {@link list}
   * for what may be missed.
   *
   * @throws as {@link who}.
   */
  async query(prefix: string = ""): Promise<Snapshot> {
    // Loaded when it is asked for: most pages never do.
    const { snapshot } = await import("./snapshot.ts");
    return await snapshot(this, prefix);
  }

  /** Watches what happens to the names that begin with `prefix`, at this daemon; "" for all. */
  watch(prefix: string = "", options: WatchOptions = {}): Watch {
    const presence = this.#presence;
    const begin = async (prefix: string, listener: WatchListener) => {
      return await presence.watches.begin(presence.current ?? await presence.session(), prefix, listener);
    };
    return new Watch(begin, prefix, options);
  }

  /**
   * Gives back all locks of the client, with one request for each session that has some. What waits goes on
   * waiting.
   *
   * @returns how many locks there were; one of several names counts once.
   */
  async releaseAll(): Promise<number> {
    const holding = this.#presence.sessions.filter(({ locks }) => locks.size > 0);
    const counts = await Promise.all(holding.map(({ locks }) => locks.releaseAll()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * Ends the session, and with it all locks and waits of this client. Idempotent; resolves when nothing is
   * left of it here. While there is no connection the server cannot be told: what a session with a grace
   * holds stays there until the grace is over.
   */
  close(): Promise<void> {
    return this.#presence.close();
  }

  /** Like {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
