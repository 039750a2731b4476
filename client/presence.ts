/**
 * A client's presence at the service: which server it talks to, and in which session. When the session ends,
 * another one is opened where somebody answers, and what still waits is asked again there. Nothing that was
 * *held* is ever taken again: it is lost, and says so.
 *
 * ```text
 * PRESENT   → AWAY      [onEnded]      its session has ended; its locks are lost
 * PRESENT   → AWAY      [onDraining]   its server leaves service; the session lives on for its locks
 * PRESENT   → PRESENT   [#resume]      the connection was lost, and the session went on over another one
 * AWAY      → PRESENT   [#comeBack]    a server answered
 * AWAY      → CLOSED    [#comeBack]    every server said that it will never have this client
 * PRESENT, AWAY → CLOSED [close]
 * ```
 *
 * - PRESENT: requests go to the current session.
 * - AWAY: requests wait for the next one, at most `connectTimeoutMs`; the servers are tried one after the
 *   other, with growing delays between the rounds.
 * - CLOSED: requests are rejected; no timer, no connection.
 *
 * @module
 */
import { attempt, isForEver, shownAddress, together } from "./attempt.ts";
import { BACKOFF_MS_MAX, backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { ConnectionError, type LockError } from "./errors.ts";
import type { Lock } from "./lock.ts";
import type { HelloAnswer } from "./protocol/messages.ts";
import type { PresenceOptions } from "./presence_options.ts";
import { resume } from "./resumption.ts";
import { Session } from "./session.ts";
import type { SessionEvents } from "./session_options.ts";
import { StandingWatches } from "./standing_watches.ts";
import { StatusBoard } from "./status.ts";
import { Tasks } from "./tasks.ts";
import { pause, Waiters, type WaitOptions } from "./waiters.ts";

/** A session, and where it is. */
interface Seat {
  readonly session: Session;
  address: URL;
  /** When its connection was opened. */
  sinceMs: number;
}

/** The presence of one client. */
export class Presence implements SessionEvents {
  readonly watches: StandingWatches = new StandingWatches();
  readonly status: StatusBoard = new StatusBoard();
  readonly clock: Clock;
  readonly #options: PresenceOptions;
  readonly #waiters: Waiters<Session>;
  readonly #seats = new Map<Session, Seat>();
  readonly #closing = new AbortController();
  readonly #tasks = new Tasks((error) => void this.#shut(error, error));
  #current: Seat | undefined;
  #hello: HelloAnswer | undefined;
  /** Which server is tried first. */
  #next = 0;
  /** How many rounds failed since a connection lasted. */
  #rounds = 0;
  #turns = 0;
  #isComingBack = false;
  #end: ConnectionError | undefined;
  #shutting: Promise<void> | undefined;
  #resolveClosed!: (error: ConnectionError | null) => void;

  /** Resolves when it is closed: to null by its program, else to why. Never rejects. */
  readonly closed: Promise<ConnectionError | null> = new Promise((resolve) => this.#resolveClosed = resolve);

  private constructor(options: PresenceOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.#waiters = new Waiters(options.clock);
  }

  /**
   * Opens the first session, at the first server that will have it.
   *
   * @throws {ConnectionError} when none will.
   * @throws the reason of `signal`.
   */
  static async open(options: PresenceOptions, signal: AbortSignal): Promise<Presence> {
    const presence = new Presence(options);
    const { servers, connectTimeoutMs } = options;
    const failures: ConnectionError[] = [];
    for (const address of servers) {
      try {
        await presence.#enter(address, connectTimeoutMs / servers.length, signal);
        return presence;
      } catch (error) {
        if (signal.aborted || !(error instanceof ConnectionError)) throw error;
        failures.push(error);
      }
    }
    throw together(failures);
  }

  /** What the server said when the present session was opened, or the last one. */
  get hello(): HelloAnswer {
    return this.#hello!;
  }

  /** The session for new requests; undefined when there is none now. */
  get current(): Session | undefined {
    return this.#current?.session;
  }

  /** True when requests that ended with `session` may be asked again in another one. */
  hasLeft(session: Session): boolean {
    return this.#options.reconnect && this.#end === undefined && this.#current?.session !== session;
  }

  /**
   * The session for new requests, when there is one. Whoever cares for the order of requests looks at
   * {@link current} first.
   *
   * @throws {ConnectionError} when none came about within `limitMs`, at most `connectTimeoutMs`.
   * @throws the reason of `signal`.
   */
  async session({ limitMs = Infinity, signal, turn }: Partial<WaitOptions> = {}): Promise<Session> {
    signal?.throwIfAborted();
    if (this.#end !== undefined) throw this.#end;
    if (this.#current !== undefined) return this.#current.session;
    const { connectTimeoutMs } = this.#options;
    return await this.#waiters.wait({ limitMs: Math.min(limitMs, connectTimeoutMs), signal, turn });
  }

  /** A number above all earlier ones: who asked first goes first, wherever it is asked. */
  nextTurn(): number {
    return ++this.#turns;
  }

  /** Any session that can be asked something now: who leaves service still knows what there is. */
  get anyConnected(): Session | undefined {
    return this.current ?? this.sessions.find((session) => session.isConnected);
  }

  /** All sessions that have not ended: the present one, and those that live on for their locks. */
  get sessions(): readonly Session[] {
    return [...this.#seats.keys()];
  }

  /** For sessions alone. */
  onReleaseFailed({ name }: Lock, error: LockError): void {
    this.status.tell({ type: "release-failed", name, error });
  }

  /** Ends all sessions, with all locks and waits. Idempotent; resolves when nothing is left. */
  close(): Promise<void> {
    return this.#shut(new ConnectionError("Cannot go on with the session: the client was closed"), null);
  }

  /** Ends everything; `reason` is what its program is told. */
  #shut(error: ConnectionError, reason: ConnectionError | null): Promise<void> {
    return this.#shutting ??= this.#shutDown(error, reason);
  }

  async #shutDown(error: ConnectionError, reason: ConnectionError | null): Promise<void> {
    this.#end = error;
    this.#current = undefined;
    const ended = this.sessions.map((session) => session.close(error));
    this.#closing.abort(error);
    this.#waiters.rejectAll(error);
    this.watches.endAll(error);
    await Promise.all([...ended, this.#tasks.ended()]);
    this.#options.onClosed();
    this.#resolveClosed(reason);
    this.status.tell({ type: "closed", error: reason });
  }

  /** Opens a session there, in which requests go on. */
  async #enter(address: URL, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { dial, clock, introduction } = this.#options;
    const session = await attempt(
      { address, dial, clock, timeoutMs, signal },
      (open, signal) => Session.open(open, { ...introduction, clock, events: this }, signal),
    );
    if (this.#end !== undefined) {
      await session.close(this.#end);
      throw this.#end;
    }
    const seat = { session, address, sinceMs: clock.now() };
    this.#seats.set(session, seat);
    this.#current = seat;
    this.#next = this.#options.servers.indexOf(address);
    this.#hello = session.hello;
    this.#tellConnected(seat, false);
    this.watches.moveTo(session);
    this.#waiters.resolveAll(session);
    // What it heard before anybody listened.
    if (session.end !== undefined) this.onEnded(session, session.end);
    else if (session.isDraining) this.onDraining(session, 0);
    else if (!session.isConnected) {
      this.onDetached(session, new ConnectionError("Cannot go on with the connection"));
    }
  }

  /** Tries the servers until one of them will have this client. */
  async #comeBack(): Promise<void> {
    const { servers, connectTimeoutMs } = this.#options;
    if (this.#isComingBack) return;
    this.#isComingBack = true;
    try {
      if (this.#rounds > 0) {
        await pause(this.clock, backoffMs(this.#rounds, this.#options.random()), this.#closing.signal);
      }
      for (; this.#end === undefined; this.#rounds++) {
        const failures: ConnectionError[] = [];
        for (let tried = 0; tried < servers.length && this.#end === undefined; tried++) {
          const index = (this.#next + tried) % servers.length;
          try {
            await this.#enter(servers[index]!, connectTimeoutMs / servers.length, this.#closing.signal);
            if (this.#current !== undefined) return;
            // It leaves service, or ended the session at once.
            failures.push(new ConnectionError("Cannot go on with the session: it ended at once"));
          } catch (error) {
            if (!(error instanceof ConnectionError)) throw error;
            failures.push(error);
          }
        }
        if (this.#end !== undefined) return;
        const error = together(failures);
        if (failures.every(isForEver)) return void this.#shut(error, error);
        const delayMs = backoffMs(this.#rounds, this.#options.random());
        this.#waiters.reason = error;
        this.status.tell({ type: "retrying", error, delayMs });
        await pause(this.clock, delayMs, this.#closing.signal);
      }
    } finally {
      this.#isComingBack = false;
    }
  }

  /** Goes on with a session whose connection was lost, until its grace is over. */
  async #resume(seat: Seat): Promise<void> {
    const { session } = seat;
    const resumed = await resume(session, {
      ...this.#options,
      home: seat.address,
      rounds: this.#rounds,
      signal: this.#closing.signal,
    });
    if (resumed === undefined) return;
    seat.address = resumed;
    seat.sinceMs = this.clock.now();
    if (seat === this.#current) this.#hello = session.hello;
    this.#tellConnected(seat, true);
  }

  /** For sessions alone. */
  onDetached(session: Session, error: ConnectionError): void {
    const seat = this.#seats.get(session);
    if (seat === undefined || this.#end !== undefined) return;
    this.#countShortLife(seat);
    this.status.tell({ type: "disconnected", server: shownAddress(seat.address), error, resumable: true });
    this.#tasks.run(this.#resume(seat));
  }

  onDraining(session: Session, closesInMs: number): void {
    const seat = this.#seats.get(session);
    if (seat === undefined || this.#end !== undefined) return;
    this.status.tell({ type: "draining", server: shownAddress(seat.address), closesInMs });
    if (seat !== this.#current || !this.#options.reconnect) return;
    this.#next = (this.#options.servers.indexOf(seat.address) + 1) % this.#options.servers.length;
    this.#leave();
  }

  onEnded(session: Session, error: ConnectionError): void {
    const seat = this.#seats.get(session);
    if (seat === undefined) return;
    this.#seats.delete(session);
    if (this.#end !== undefined) return;
    this.#countShortLife(seat);
    this.status.tell({ type: "disconnected", server: shownAddress(seat.address), error, resumable: false });
    if (!this.#options.reconnect) return void this.#shut(error, error);
    if (seat === this.#current) this.#leave();
  }

  #leave(): void {
    this.#current = undefined;
    this.#tasks.run(this.#comeBack());
  }

  /** Connections that do not last are opened again with growing delays, as those that do not come about. */
  #countShortLife({ sinceMs }: Seat): void {
    const isLasting = this.clock.now() - sinceMs >= BACKOFF_MS_MAX;
    this.#rounds = isLasting ? 0 : this.#rounds + 1;
  }

  #tellConnected({ session: { hello: { session } }, address }: Seat, resumed: boolean): void {
    this.status.tell({ type: "connected", server: shownAddress(address), session, resumed });
  }
}
