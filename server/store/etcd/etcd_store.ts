/**
 * The store on an etcd cluster: locks and waits are keys under the leases of their sessions, so any daemon
 * can serve any session, there is one queue for all daemons, and a majority of members decides.
 * `docs/design/0017-etcd-store.md` tells how.
 *
 * @module
 */
import type { ClientProfile, Guarantee } from "../../../client/protocol/messages.ts";
import type { Acquire, Break, Convert, LockCommand, Renew, SetValue } from "../../lock/commands.ts";
import type { Happening, SessionId } from "../../lock/effect.ts";
import type { Overtaken } from "../overtaken.ts";
import type { Adopted, Holdings, ListQuery, SessionTerms, Store, Unavailable } from "../store.ts";
import { adoptFor, type AdoptionParts, type Asker } from "./adoption.ts";
import { Acquiring } from "./acquiring.ts";
import { Breaking } from "./breaking.ts";
import { Cancelling } from "./cancelling.ts";
import { ANSWER_MS, Cluster, type ClusterParts, TRY_ANSWER_MS } from "./cluster.ts";
import type { ClusterSession } from "./cluster_session.ts";
import { ClusterSessions } from "./cluster_sessions.ts";
import { Converting } from "./converting.ts";
import { EventHandling } from "./event_handling.ts";
import { Follower } from "./follower.ts";
import { Layout } from "./layout.ts";
import { LettingGo } from "./letting_go.ts";
import { Mirror } from "./mirror.ts";
import { Promoting } from "./promoting.ts";
import { Reading } from "./reading.ts";
import { granted, refused, refuseLock, refuseRepeat } from "./replies.ts";
import { OwedReplies } from "./reply.ts";
import { SessionEndings } from "./session_endings.ts";
import { countsOf, holdingsOf, keysOf } from "./session_holdings.ts";
import { Ticket } from "./ticket.ts";
import { Tickets } from "./tickets.ts";

/** What an etcd store is made with. */
export interface EtcdStoreOptions extends Omit<ClusterParts, "layout" | "mirror"> {
  /** Begins all keys. */
  readonly prefix: string;
}

/** Keys that are deleted together with the key of a session; its lease takes the rest. */
const END_KEYS = 60;

/** The store on an etcd cluster. */
export class EtcdStore implements Store {
  readonly guarantee: Guarantee = "quorum";
  #isClosed = false;
  readonly #cluster: Cluster;
  readonly #mirror: Mirror;
  readonly #follower: Follower;
  readonly #sessions: ClusterSessions;
  readonly #tickets: Tickets;
  readonly #acquiring: Acquiring;
  readonly #converting: Converting;
  readonly #lettingGo: LettingGo;
  readonly #replies: OwedReplies;
  readonly #events: EventHandling;
  readonly #reading: Reading;
  readonly #breaking: Breaking;
  readonly #cancelling: Cancelling;
  readonly #adoption: AdoptionParts;

  constructor({ prefix, ...parts }: EtcdStoreOptions) {
    const layout = new Layout(prefix);
    const mirror = this.#mirror = new Mirror(layout);
    const cluster = this.#cluster = new Cluster({ ...parts, layout, mirror });
    const endings = new SessionEndings(cluster);
    const sessions = this.#sessions = new ClusterSessions(cluster, endings);
    const tickets = this.#tickets = new Tickets(cluster, sessions);
    const acquiring = this.#acquiring = new Acquiring(cluster, sessions, tickets);
    const replies = this.#replies = new OwedReplies(cluster);
    const { lines } = acquiring;
    const converting = this.#converting = new Converting({ cluster, sessions, tickets, lines, replies });
    const promoting = new Promoting(cluster, sessions, tickets);
    const forget = (session: ClusterSession) => void sessions.leave(session);
    Object.assign(endings, { tickets, converting, promoting, forget });
    const shared = { cluster, sessions, tickets, acquiring, converting, promoting, replies };
    this.#lettingGo = new LettingGo(shared);
    this.#adoption = { ...shared, endings };
    const events = this.#events = new EventHandling(shared);
    endings.breakCircle = (waiter, cycle) => events.breakCircle(waiter, cycle);
    this.#follower = new Follower(parts.calls, mirror, {
      news: (news) => this.#events.handle(news),
      following: (isFollowing, fault) => {
        if (isFollowing) parts.log.info("etcd.following", { revision: mirror.revision });
        else parts.log.warn("etcd.lost", { error: fault?.message });
        parts.wake();
      },
      broken: parts.onBroken,
    });
    this.#breaking = new Breaking(shared);
    this.#cancelling = new Cancelling({ ...shared, lettingGo: this.#lettingGo });
    const isFollowing = () => this.#follower.isFollowing;
    this.#reading = new Reading({ cluster, sessions, tickets, replies, isFollowing });
    this.#follower.start();
  }

  get available(): boolean {
    return this.#follower.isFollowing;
  }

  get nextDueMs(): number {
    return Math.min(
      this.#sessions.nextDueMs,
      this.#tickets.deadlines.nextMs(),
      this.#converting.deadlines.nextMs(),
      this.#replies.nextDueMs,
    );
  }

  get lockCount(): number {
    return this.#tickets.heldCount;
  }

  get waiterCount(): number {
    let count = 0;
    for (const session of this.#sessions.all.values()) count += session.waits();
    return count;
  }

  /** The newest revision that this daemon has written something at. */
  get writtenRevision(): number {
    return this.#cluster.writtenRevision;
  }

  /** Nothing is under way. */
  get isIdle(): boolean {
    return this.#cluster.isIdle;
  }

  /** Resolves when the mirror has come to a revision, or cannot in good time. */
  reached(revision: number): Promise<boolean> {
    return this.#tickets.reached(revision, ANSWER_MS);
  }

  /** What the cluster has, as far as this daemon knows. */
  get mirror(): Mirror {
    return this.#mirror;
  }

  locksOf(session: SessionId): number {
    return this.#sessions.all.get(session)?.tickets.size ?? 0;
  }

  repeats(session: SessionId, request: number): boolean {
    return this.#sessions.all.get(session)?.tickets.has(request) ?? false;
  }

  holdingsOf(id: SessionId): Holdings {
    const session = this.#sessions.all.get(id);
    if (session) this.#sessions.check(session, this.#cluster.now);
    return holdingsOf(session, this.#cluster.epochMs);
  }

  countsOf(id: SessionId): { readonly locks: number; readonly waits: number } {
    return countsOf(this.#sessions.all.get(id));
  }

  openSession(
    session: SessionId,
    client: ClientProfile | undefined,
    _now: number,
    terms: SessionTerms = { graceMs: 0 },
  ): void {
    this.#sessions.open(session, client, terms);
  }

  adoptSession(
    id: SessionId,
    asker: Asker,
    done: (adopted: Adopted | undefined | Unavailable | Overtaken) => void,
  ): void {
    void this.#cluster.later(adoptFor(this.#adoption, { id, asker, done }));
  }

  resumed(id: SessionId, attempt: number): void {
    this.#sessions.resumed(id, attempt);
  }

  validForMs(id: SessionId, now: number): number {
    const session = this.#sessions.all.get(id);
    return session ? this.#sessions.validForMs(session, now) : 0;
  }

  checkSession(id: SessionId, now: number): void {
    const session = this.#sessions.all.get(id);
    if (session) this.#sessions.check(session, now);
  }

  leaveSession(id: SessionId): boolean {
    const session = this.#sessions.all.get(id);
    return session ? this.#sessions.leave(session) : false;
  }

  endSession(id: SessionId): void {
    const session = this.#sessions.all.get(id);
    if (!session) return;
    const keys = keysOf(session, this.#cluster.parts.layout);
    for (const ticket of [...session.tickets.values()]) this.#tickets.end(ticket);
    this.#sessions.end(session, keys.slice(0, END_KEYS));
  }

  acquire(wanted: Acquire, now: number): void {
    const { session: id, request } = wanted;
    const session = this.#sessions.all.get(id);
    const refuse = (refusal: Parameters<typeof refused>[2]) =>
      this.#cluster.emit(refused(id, request, refusal));
    if (!session) return refuse({ code: "SESSION_GONE", message: "Cannot lock: the session has ended" });
    this.#sessions.check(session, now);
    const repeats = request <= session.highestId ||
      this.#converting.find(session.tickets.values(), request) !== undefined;
    const refusal = repeats
      ? refuseRepeat(session, wanted)
      : refuseLock(session, wanted, this.#cluster.parts.limits);
    session.highestId = Math.max(session.highestId, request);
    if (refusal) return refuse(refusal);
    const living = session.tickets.get(request);
    if (living) {
      if (living.state === "held") this.#cluster.emit(granted(living, this.#cluster.epochMs));
      return;
    }
    const ticket = new Ticket(session, wanted, { now, wallMs: this.#cluster.wallMs });
    session.add(ticket);
    this.#tickets.arm(ticket, now + Math.min(ANSWER_MS, wanted.waitMs + TRY_ANSWER_MS));
    this.#acquiring.ask(ticket);
  }

  release(command: LockCommand): void {
    this.#lettingGo.release(command);
  }

  releaseAll(session: SessionId, request: number): void {
    void this.#cluster.later(this.#lettingGo.releaseAll(session, request));
  }

  convert(command: Convert): void {
    this.#converting.convert(command);
  }

  renew(command: Renew): void {
    this.#lettingGo.renew(command);
  }

  verify(command: LockCommand): void {
    this.#lettingGo.verify(command);
  }

  setValue(command: SetValue): void {
    this.#lettingGo.setValue(command);
  }

  break(command: Break): void {
    void this.#cluster.later(this.#breaking.break(command));
  }

  cancel(session: SessionId, request: number, target: number): void {
    this.#cancelling.cancel(session, request, target);
  }

  who(session: SessionId, request: number, name: string): void {
    this.#reading.who(session, request, name);
  }

  explain(session: SessionId, request: number, name: string): void {
    this.#reading.explain(session, request, name);
  }

  list(session: SessionId, request: number, query: ListQuery): void {
    this.#reading.list(session, request, query);
  }

  watch(watcher: ((happening: Happening) => void) | undefined): void {
    this.#events.watcher = watcher;
  }

  drain(): void {
    this.#cancelling.drain();
  }

  tick(now: number): void {
    this.#sessions.tick(now);
    this.#converting.tick(now);
    this.#replies.tick(now);
    this.#cancelling.tick(now);
  }

  settled(): Promise<void> {
    return this.#cluster.settled();
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    this.#cluster.close();
    this.#follower.close();
    this.#sessions.close();
    this.#cluster.parts.calls.close();
    return Promise.resolve();
  }
}
