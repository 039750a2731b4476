/**
 * Brings a mirror from one revision to the next, and says what happened. What one transaction did has one
 * revision, so a wait that is gone together with a lock that is there was granted, and a lock that is gone
 * and there in another mode was converted.
 *
 * @module
 */
import type { LossReason } from "../../../client/protocol/messages.ts";
import type { Conversion, Waiter } from "../../lock/conversion.ts";
import type { SessionId } from "../../lock/effect.ts";
import type { LockRequest } from "../../lock/request.ts";
import type { CycleStep } from "../../lock/wait_graph.ts";
import { type ConversionValue, isConversion, parseValue, requestId, splitId } from "./entry_values.ts";
import type { Known, KnownSession, Mirror } from "./mirror.ts";
import type { Change, Entry } from "./transaction.ts";

/** Something that happened in the cluster. */
export type ClusterEvent =
  | { readonly what: "waiting"; readonly request: LockRequest }
  | { readonly what: "granted"; readonly request: LockRequest }
  /** A wait ended without a grant. */
  | { readonly what: "gave-up"; readonly request: LockRequest; readonly session: boolean }
  | {
    readonly what: "ended";
    readonly request: LockRequest;
    /** Absent: its holder released it. */
    readonly reason?: LossReason;
    readonly why?: string;
  }
  | { readonly what: "converting"; readonly conversion: Conversion }
  | { readonly what: "converted"; readonly request: LockRequest }
  | { readonly what: "not-converted"; readonly conversion: Conversion }
  /** Waiting would be for ever: the last one that began to wait is to withdraw. */
  | { readonly what: "circle"; readonly waiter: Waiter; readonly cycle: readonly CycleStep[] }
  | { readonly what: "session"; readonly id: SessionId; readonly session: KnownSession }
  | { readonly what: "session-gone"; readonly id: SessionId };

/** What happened to one request at one revision. */
interface Fate {
  readonly added: Known[];
  readonly begins: Known[];
  ended: boolean;
  withdrawn: boolean;
}

interface Step {
  readonly fates: Map<string, Fate>;
  readonly conversions: { readonly key: string; readonly known?: Known }[];
  readonly gone: SessionId[];
  readonly touched: Set<string>;
}

/** What a mirror learned. */
export interface News {
  readonly events: readonly ClusterEvent[];
  /** Names where something may be granted now. */
  readonly touched: ReadonlySet<string>;
}

/**
 * Applies changes in the order of their revisions; those up to that of the mirror are known. The mirror is at
 * the revision of the last change then, whatever revision the cluster is at: etcd tells that one with every
 * message, also to a watch that it still owes changes of earlier ones.
 */
export function applyChanges(mirror: Mirror, changes: readonly Change[]): News {
  const events: ClusterEvent[] = [];
  const touched = new Set<string>();
  const fresh = changes.filter((change) => revisionOf(change) > mirror.revision);
  for (const [revision, ofRevision] of Map.groupBy(fresh, revisionOf)) {
    applyRevision(mirror, ofRevision, events, touched);
    mirror.revision = revision;
  }
  return { events, touched };
}

/**
 * Brings a mirror to what was listed at `revision`, all at once: what lies between is not known any more, but
 * what became of each lock and wait is.
 */
export function applyListing(mirror: Mirror, entries: readonly Entry[], revision: number): News {
  const events: ClusterEvent[] = [];
  const touched = new Set<string>();
  const listed = new Set(entries.map(({ key }) => key));
  const gone = [...mirror.keys.keys()].filter((key) => !listed.has(key));
  const changed = entries.filter(({ key, modified }) => mirror.keys.get(key)?.entry.modified !== modified)
    .toSorted((one, other) => one.created - other.created);
  const changes = [...gone.map((deleted) => ({ deleted, revision })), ...changed.map((put) => ({ put }))];
  applyRevision(mirror, changes, events, touched);
  mirror.revision = revision;
  return { events, touched };
}

function applyRevision(
  mirror: Mirror,
  changes: readonly Change[],
  events: ClusterEvent[],
  touched: Set<string>,
): void {
  const step: Step = { fates: new Map(), conversions: [], gone: [], touched };
  for (const change of changes) {
    if ("put" in change) putKey(mirror, change.put, step, events);
    else deleteKey(mirror, change.deleted, step);
  }
  for (const { key, known } of step.conversions) if (!known) endConversion(mirror, key, step, events);
  // What ends makes room for what begins.
  const fates = [...step.fates].sort(([, one], [, other]) => Number(begins(one)) - Number(begins(other)));
  for (const [id, fate] of fates) fulfil(mirror, id, fate, { step, events });
  for (const { key, known } of step.conversions) if (known) beginConversion(mirror, key, known, events);
  for (const id of step.gone) {
    mirror.sessions.delete(id);
    events.push({ what: "session-gone", id });
  }
}

function putKey(
  mirror: Mirror,
  entry: Entry,
  { fates, conversions, touched }: Step,
  events: ClusterEvent[],
): void {
  const at = mirror.layout.parse(entry.key);
  if (!at) return;
  const known = { entry, at };
  mirror.keys.set(entry.key, known);
  if (at.section === "s") {
    const id = at.id as SessionId;
    const session = mirror.putSession(id, entry);
    if (session) events.push({ what: "session", id, session });
  } else if (at.section === "h") fateOf(fates, at.id).added.push(known);
  else if (at.section === "w") fateOf(fates, at.id).begins.push(known);
  else if (at.section === "c") conversions.push({ key: entry.key, known });
  if ("name" in at && at.section !== "v") touched.add(at.name);
}

function deleteKey(mirror: Mirror, key: string, { fates, conversions, gone, touched }: Step): void {
  const known = mirror.keys.get(key);
  if (!known) return;
  const { at } = known;
  mirror.keys.delete(key);
  if (at.section === "h") fateOf(fates, at.id).ended = true;
  else if (at.section === "w") fateOf(fates, at.id).withdrawn = true;
  else if (at.section === "c") conversions.push({ key });
  else if (at.section === "s") gone.push(at.id as SessionId);
  if ("name" in at && at.section !== "v") touched.add(at.name);
}

/**
 * Of the four ways in which a request can change, at most two come together: out of one list and into
 * another.
 */
function fulfil(
  mirror: Mirror,
  id: string,
  { added, begins, ended, withdrawn }: Fate,
  { step, events }: { readonly step: Step; readonly events: ClusterEvent[] },
): void {
  const request = mirror.requests.get(id);
  if (begins.length > 0 && !request) {
    const waiting = mirror.addRequest(begins, "waiting");
    if (!waiting) return;
    events.push({ what: "waiting", request: waiting });
    const cycle = mirror.judge(waiting);
    if (cycle) events.push({ what: "circle", waiter: waiting, cycle });
  } else if (added.length > 0 && !request) {
    const held = mirror.addRequest(added, "held");
    if (held) events.push({ what: "granted", request: held });
  } else if (!request) return;
  else if (added.length > 0 && request.state === "waiting") {
    mirror.dequeue(request);
    mirror.hold(request, added);
    events.push({ what: "granted", request });
  } else if (added.length > 0 && ended) {
    const { at } = added[0] as Known;
    if (request.conversion) mirror.dropConversion(request.conversion);
    if ("mode" in at) request.place.resource.change(request.place, at.mode);
    mirror.refresh(request, added);
    events.push({ what: "converted", request });
  } else if (added.length > 0) mirror.refresh(request, added);
  else if (ended || withdrawn) end(mirror, id, request, { step, events });
}

function end(
  mirror: Mirror,
  id: string,
  request: LockRequest,
  { step, events }: { readonly step: Step; readonly events: ClusterEvent[] },
): void {
  const { session: { id: session }, state } = request;
  const conversion = request.conversion;
  // All of its names are free now, or will be with its session.
  for (const { resource } of request.places) step.touched.add(resource.name);
  mirror.dropRequest(id, request);
  if (conversion) events.push({ what: "not-converted", conversion });
  const isSessionGone = step.gone.includes(session) || !mirror.sessions.has(session);
  const note = mirror.note(session, request.id);
  if (state === "waiting") events.push({ what: "gave-up", request, session: isSessionGone });
  else if (note) {
    const { reason, why } = note;
    events.push({ what: "ended", request, reason, ...(why === undefined ? {} : { why }) });
  } else events.push({ what: "ended", request, ...(isSessionGone ? { reason: "session" } : {}) });
}

function beginConversion(mirror: Mirror, key: string, { entry, at }: Known, events: ClusterEvent[]): void {
  const value = parseValue<ConversionValue>(entry.value, isConversion);
  if (!value || !("mode" in at) || mirror.conversions.has(key)) return;
  const { session } = splitId(at.id);
  const request = mirror.requests.get(requestId(session, value.lock));
  if (!request || request.state !== "held" || request.conversion) return;
  const conversion = mirror.addConversion(key, request, at.mode, { created: entry.created, value });
  events.push({ what: "converting", conversion });
  const cycle = mirror.judge(conversion);
  if (cycle) events.push({ what: "circle", waiter: conversion, cycle });
}

function endConversion(mirror: Mirror, key: string, { fates }: Step, events: ClusterEvent[]): void {
  const conversion = mirror.conversions.get(key);
  if (!conversion) return;
  const { request } = conversion;
  const fate = fates.get(requestId(request.session.id, request.id));
  // The lock itself tells what came of it.
  if (fate?.ended) return;
  mirror.dropConversion(conversion);
  events.push({ what: "not-converted", conversion });
}

function begins({ added, begins }: Fate): boolean {
  return added.length > 0 || begins.length > 0;
}

function fateOf(fates: Map<string, Fate>, id: string): Fate {
  let fate = fates.get(id);
  if (!fate) fates.set(id, fate = { added: [], begins: [], ended: false, withdrawn: false });
  return fate;
}

function revisionOf(change: Change): number {
  return "put" in change ? change.put.modified : change.revision;
}
