/**
 * A connection to a daemon, and what a program does on it: ask for locks, look who holds them, break them.
 *
 * @module
 */
import { Administrator } from "./administrator.ts";
import type { ConnectionError } from "./errors.ts";
import type { Guarantee, HelloAnswer, ListAnswer, NameState, Party, WhoAnswer } from "./protocol/messages.ts";
import type { ExplainedName } from "./protocol/messages.ts";
import { Requester } from "./requester.ts";
import type { OpenSession, Session } from "./session.ts";
import { Watch, type WatchOptions } from "./watch.ts";

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
 * A connection to a daemon, and the session that lives on it: all locks of a client end with it. Made by `connect`.
 *
 * Any number of tasks may share a client. Their requests conflict like those of strangers, also with each other.
 */
export class Client extends Requester implements AsyncDisposable {
  readonly #session: Session;
  readonly #hello: HelloAnswer;

  /** @internal Clients are made by `connect`. */
  constructor({ session, hello }: OpenSession) {
    super(session, undefined);
    this.#session = session;
    this.#hello = hello;
  }

  /** Id of the session, as others see it. It authorises nothing. */
  get session(): string {
    return this.#hello.session;
  }

  /** Where exclusion comes from. */
  get guarantee(): Guarantee {
    return this.#hello.guarantee;
  }

  /** What the daemon calls itself, and its version. */
  get server(): { readonly name: string; readonly version: string } {
    return this.#hello.server;
  }

  /** Resolves when the connection has ended: to null after {@link close}, else to what ended it. Never rejects. */
  get closed(): Promise<ConnectionError | null> {
    return this.#session.closed;
  }

  /** What an administrator does with the daemon: look at its sessions, end one, make it leave service. */
  get administrator(): Administrator {
    return new Administrator(this.#session);
  }

  /**
   * A view of this client whose requests share an owner: one flow of control, such as a job. A request that would make owners wait for each
   * other in a circle, or one wait for itself, is refused with `DEADLOCK`. Requests of the client itself have no owner, and are never
   * refused so.
   */
  owner(owner: string): Requester {
    return new Requester(this.#session, owner);
  }

  /**
   * Ends the locks of a name that have this token, whoever holds them: for people who know that a holder is gone for good. The token is
   * what {@link who} told, so that a break that comes late hits nobody else.
   *
   * @returns whose locks it ended.
   * @throws {LockError} with the code `STALE_TOKEN` when the name is held with other tokens, `NOT_HELD` when it is not held.
   */
  async break(name: string, { token, reason }: BreakOptions): Promise<readonly Party[]> {
    const { broken } = await this.#session.ask("break", { name, token, reason });
    return broken;
  }

  /** Tells who holds and who waits for a name. */
  async who(name: string): Promise<NameReport> {
    const { id: _id, ok: _ok, ...report } = await this.#session.ask("who", { name });
    return report;
  }

  /**
   * Goes through all names that are held or waited for at this daemon, sorted. They are fetched page by page, so a name that
   * comes or goes meanwhile may be missed.
   */
  async *list({ prefix }: ListOptions = {}): AsyncGenerator<NameState, void, undefined> {
    let after: string | null | undefined;
    do {
      const page: ListAnswer = await this.#session.ask("list", { prefix, after });
      yield* page.names;
      after = page.next;
    } while (after !== null);
  }

  /**
   * Tells who waits for whom, and why: first the name, then the names that its holders wait for, and so on, at most 20. Only one daemon's
   * sessions are seen, as by {@link who}.
   */
  async explain(name: string): Promise<readonly ExplainedName[]> {
    const { names } = await this.#session.ask("explain", { name });
    return names;
  }

  /** Watches what happens to the names that begin with `prefix`, at this daemon; "" for all. */
  watch(prefix: string = "", options: WatchOptions = {}): Watch {
    return new Watch(this.#session, prefix, options);
  }

  /** Ends the connection, and with it all locks and waits of this client. Idempotent; resolves when it has ended. */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** Like {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
