/**
 * All locks and waits of the cluster as they were at one revision, in the shape of the lock table: the same
 * resources, queues and sessions, which follow what etcd decided instead of deciding. So who, list, explain,
 * and the search for circles are those of the directory store, over all daemons. Every daemon applies the
 * same revisions in the same order, so all come to the same conclusions. Pure.
 *
 * Always true: it is what etcd had at {@link Mirror.revision}, as far as it is ours.
 *
 * @module
 */
import type { ValueBlock } from "../../../client/protocol/messages.ts";
import type { Mode } from "../../../client/protocol/modes.ts";
import { Conversion, type Waiter } from "../../lock/conversion.ts";
import type { SessionId } from "../../lock/effect.ts";
import { covers } from "../../lock/mode.ts";
import { LockRequest, Place } from "../../lock/request.ts";
import { Resource } from "../../lock/resource.ts";
import { SessionLocks } from "../../lock/session_locks.ts";
import { type CycleStep, findCycle } from "../../lock/wait_graph.ts";
import {
  acquireOf,
  type BlockValue,
  type ConversionValue,
  isBlock,
  isNote,
  isRequest,
  isSession,
  type NoteValue,
  parseValue,
  requestId,
  type RequestValue,
  type SessionValue,
  splitId,
} from "./entry_values.ts";
import type { Layout, Place as KeyPlace } from "./layout.ts";
import type { Entry } from "./transaction.ts";

/** One key of ours that is there. */
export interface Known {
  readonly entry: Entry;
  readonly at: KeyPlace;
}

/** A session as the cluster knows it. */
export interface KnownSession {
  readonly locks: SessionLocks;
  readonly value: SessionValue;
  readonly epoch: number;
  readonly lease: number;
}

/** The cluster at one revision. Fields change only here and in `mirror_changes.ts`. */
export class Mirror {
  readonly layout: Layout;
  /** Every key of ours. */
  readonly keys = new Map<string, Known>();
  readonly resources = new Map<string, Resource>();
  readonly sessions = new Map<SessionId, KnownSession>();
  /** Locks and waits, by their ids. */
  readonly requests = new Map<string, LockRequest>();
  /** Conversions that wait, by their keys. */
  readonly conversions = new Map<string, Conversion>();
  /** Waits that would close a circle: their daemons withdraw them, and until then nobody counts them. */
  readonly victims = new Set<Waiter>();
  revision = 0;

  constructor(layout: Layout) {
    this.layout = layout;
  }

  /** The lock or wait with that id. */
  request(session: SessionId, request: number): LockRequest | undefined {
    return this.requests.get(requestId(session, request));
  }

  /** The key of one place, and what etcd has there. */
  known(section: "h" | "w", { request, resource, mode }: Place): Entry | undefined {
    const id = requestId(request.session.id, request.id);
    return this.keys.get(this.layout.request(section, resource.name, mode, id))?.entry;
  }

  /** The conversion's key with what etcd has there. */
  knownConversion(conversion: Conversion): Entry | undefined {
    for (const [key, one] of this.conversions) if (one === conversion) return this.keys.get(key)?.entry;
    return undefined;
  }

  /** Why a lock ended, if somebody wrote it down. */
  note(session: SessionId, request: number): NoteValue | undefined {
    return this.noteOf(requestId(session, request));
  }

  /** The same, by the id of the request. */
  noteOf(id: string): NoteValue | undefined {
    const text = this.keys.get(this.layout.note(id))?.entry.value;
    return text === undefined ? undefined : parseValue<NoteValue>(text, isNote);
  }

  /** What a grant in that mode finds in the value block; `own` is the id of its request. */
  valueFor(name: string, mode: Mode, own: string): ValueBlock | undefined {
    const text = this.keys.get(this.layout.value(name))?.entry.value;
    return text === undefined ? undefined : this.readBlock(text, { name, mode, own });
  }

  /** The same, of the text that etcd answered. */
  readBlock(
    text: string,
    { name, mode, own }: { readonly name: string; readonly mode: Mode; readonly own: string },
  ): ValueBlock | undefined {
    const block = parseValue<BlockValue>(text, isBlock);
    if (!block) return undefined;
    // Whoever keeps writers out and finds one at work finds a dead one; others must look whether it is still
    // there.
    const writes = block.open === undefined || block.open === own ||
      (!covers(mode, "CW") && this.#holds(name, block.open));
    return { text: block.text, valid: block.valid && writes };
  }

  /** The resource of a name, made when nobody held or waited for it. */
  resource(name: string): Resource {
    let resource = this.resources.get(name);
    if (!resource) this.resources.set(name, resource = new Resource(name));
    return resource;
  }

  /** A session was put. */
  putSession(id: SessionId, entry: Entry): KnownSession | undefined {
    const value = parseValue<SessionValue>(entry.value, isSession);
    if (!value) return undefined;
    const locks = this.sessions.get(id)?.locks ?? new SessionLocks(id, value.client);
    const session = { locks, value, epoch: entry.modified, lease: entry.lease };
    this.sessions.set(id, session);
    return session;
  }

  /** A request begins to wait, or is granted without waiting. Undefined when it is not one of ours. */
  addRequest(entries: readonly Known[], state: "waiting" | "held"): LockRequest | undefined {
    const { entry, at } = entries[0] as Known;
    const value = parseValue<RequestValue>(entry.value, isRequest);
    // Another prefix may begin with ours: what is below it is about other names.
    if (!value || !("mode" in at) || !value.names.includes(at.name)) return undefined;
    const { session: id, request: number } = splitId(at.id);
    const locks = this.sessions.get(id)?.locks ?? new SessionLocks(id, undefined);
    const request = new LockRequest(
      locks,
      acquireOf(id, number, at.mode, value),
      entry.created,
      value.sinceMs,
    );
    request.places = value.names.map((name) => new Place(request, this.resource(name), at.mode));
    this.requests.set(at.id, request);
    locks.add(request);
    if (state === "held") this.hold(request, entries);
    else {
      request.hasWaited = true;
      for (const place of request.places) place.resource.enqueue(place);
      locks.waits(request);
    }
    return request;
  }

  /** A request is granted: it holds what the entries say. */
  hold(request: LockRequest, entries: readonly Known[]): void {
    const [{ at }] = entries as [Known];
    request.state = "held";
    for (const place of request.places) {
      // A list may tell of a grant that was converted since.
      if ("mode" in at) place.mode = at.mode;
      place.resource.hold(place);
    }
    this.refresh(request, entries);
  }

  /** What is written of a lock has changed, but not that it is held. */
  refresh(request: LockRequest, entries: readonly Known[]): void {
    for (const { entry, at } of entries) {
      const value = parseValue<RequestValue>(entry.value, isRequest);
      const place = request.places.find(({ resource: { name } }) => "name" in at && at.name === name);
      if (!value || !place) continue;
      place.token = value.token ?? entry.created;
      request.sinceMs = value.sinceMs;
      request.endsMs = value.expiresMs ?? Infinity;
    }
  }

  /** A wait is over: its places stand in no queue. */
  dequeue(request: LockRequest): void {
    for (const place of request.places) place.resource.queue?.remove(place);
    if (!this.victims.delete(request)) request.session.waitedEnough(request);
  }

  /** A lock or a wait has ended. */
  dropRequest(id: string, request: LockRequest): void {
    if (request.conversion) this.dropConversion(request.conversion);
    if (request.state === "held") { for (const place of request.places) place.resource.drop(place); }
    else this.dequeue(request);
    request.state = "ended";
    request.session.remove(request);
    this.requests.delete(id);
    for (const { resource } of request.places) this.tidy(resource);
  }

  /** A lock waits to be converted. */
  addConversion(key: string, request: LockRequest, mode: Mode, { created, value }: {
    readonly created: number;
    readonly value: ConversionValue;
  }): Conversion {
    const conversion = new Conversion(request.place, value.request, mode, Infinity, created, value.sinceMs);
    request.conversion = conversion;
    request.session.conversions.set(value.request, conversion);
    request.session.waits(conversion);
    conversion.resource.addConversion(conversion);
    this.conversions.set(key, conversion);
    return conversion;
  }

  /** A conversion does not wait any more. Harmless when it has ended. */
  dropConversion(conversion: Conversion): void {
    if (conversion.state === "ended") return;
    const { request, resource, id } = conversion;
    conversion.state = "ended";
    request.conversion = undefined;
    request.session.conversions.delete(id);
    if (!this.victims.delete(conversion)) request.session.waitedEnough(conversion);
    resource.removeConversion(conversion);
    for (const [key, one] of this.conversions) if (one === conversion) this.conversions.delete(key);
  }

  /**
   * Whether a wait that just began closes a circle. If so it is a victim from now on: it waits for nobody, as
   * far as others can see.
   */
  judge(waiter: Waiter): CycleStep[] | undefined {
    const cycle = findCycle(waiter);
    if (!cycle) return undefined;
    this.victims.add(waiter);
    const request = waiter instanceof Conversion ? waiter.request : waiter;
    request.session.waitedEnough(waiter);
    return cycle;
  }

  /** Forgets a name that nobody holds or waits for. */
  tidy(resource: Resource): void {
    if (resource.empty) this.resources.delete(resource.name);
  }

  #holds(name: string, id: string): boolean {
    const request = this.requests.get(id);
    return request?.state === "held" && request.places.some(({ resource }) => resource.name === name);
  }
}
