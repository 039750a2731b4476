/**
 * Takes over a session that another daemon had: raises its epoch, which shuts that daemon out, and goes on
 * with what the mirror has of it.
 *
 * @module
 */
import type { LostLock } from "../../../client/protocol/messages.ts";
import type { SessionId } from "../../lock/effect.ts";
import type { LockRequest } from "../../lock/request.ts";
import { type Overtaken, overtaken } from "../overtaken.ts";
import type { Adopted, Unavailable } from "../store.ts";
import { EtcdFault } from "./calls.ts";
import { ANSWER_MS, type Cluster } from "./cluster.ts";
import { ClusterSession } from "./cluster_session.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import type { Converting } from "./converting.ts";
import {
  type BlockValue,
  type ConversionValue,
  isBlock,
  isConversion,
  isNote,
  isRequest,
  isSession,
  type NoteValue,
  parseValue,
  type RequestValue,
  type SessionValue,
  splitId,
} from "./entry_values.ts";
import type { SessionEndings } from "./session_endings.ts";
import { sessionText } from "./guarding.ts";
import type { OwedReplies } from "./reply.ts";
import { Ticket } from "./ticket.ts";
import type { Tickets } from "./tickets.ts";
import { put, unchanged } from "./transaction.ts";

const UNAVAILABLE: Unavailable = {
  code: "STORE_UNAVAILABLE",
  message: "Cannot resume the session: etcd does not answer",
};

/** What an adoption stands on. */
export interface AdoptionParts {
  readonly cluster: Cluster;
  readonly sessions: ClusterSessions;
  readonly tickets: Tickets;
  readonly converting: Converting;
  readonly replies: OwedReplies;
  readonly endings: SessionEndings;
}

/** Who asks for a session. */
export interface Asker {
  /** The number of the attempt: greater than those of all that its client made before. */
  readonly attempt: number;
  readonly isProven: (digest: string, subject: string) => boolean;
  /**
   * False when the asker has gone: a daemon that was paused finds requests of clients that are at another one
   * by now.
   */
  readonly isWanted: () => boolean;
}

/** Takes over a session, and tells whoever asks; then its waits go on. */
export async function adoptFor(
  parts: AdoptionParts,
  { id, asker, done }: {
    readonly id: SessionId;
    readonly asker: Asker;
    readonly done: (adopted: Adopted | undefined | Unavailable | Overtaken) => void;
  },
): Promise<void> {
  done(await adopt(parts, id, asker));
  const session = parts.sessions.all.get(id);
  if (session) parts.endings.active(session);
  parts.cluster.parts.wake();
}

/** Takes over a session, if there is one and its asker proves to have its secret. */
async function adopt(
  parts: AdoptionParts,
  id: SessionId,
  asker: Asker,
): Promise<Adopted | undefined | Unavailable | Overtaken> {
  const { cluster, sessions, tickets } = parts;
  const session = await takeOver(cluster, id, asker);
  if (!session || "code" in session) return session;
  if (!await tickets.reached(session.epoch, ANSWER_MS)) return UNAVAILABLE;
  // A second resume may have been faster.
  if (sessions.all.has(id)) return UNAVAILABLE;
  const known = cluster.parts.mirror.sessions.get(id);
  if (!known || known.epoch !== session.epoch) return undefined;
  for (const request of known.locks.requests.values()) restore(parts, session, request);
  const admitted = await sessions.admit(session);
  if (admitted !== "active") return admitted === "over" ? undefined : UNAVAILABLE;
  const { client, options: { graceMs, sinceMs } } = session;
  return { client, graceMs, sinceWallMs: sinceMs, lost: losses(cluster, id) };
}

async function takeOver(
  cluster: Cluster,
  id: SessionId,
  asker: Asker,
): Promise<ClusterSession | undefined | Unavailable | Overtaken> {
  const { layout, calls } = cluster.parts;
  const key = layout.session(id);
  const endsMs = cluster.now + ANSWER_MS;
  let isSent = false;
  for (let attempt = 0; cluster.now < endsMs && !cluster.isClosed; attempt++) {
    try {
      const found = (await calls.list({ key, end: `${key}\0`, limit: 1 })).entries[0];
      const value = found && parseValue<SessionValue>(found.value, isSession);
      const proven = asker.isProven(value?.digest ?? "", value?.subject ?? "");
      if (!value || !proven || value.digest === undefined) return undefined;
      if (!asker.isWanted()) return undefined;
      // It may be what was sent before, and the answer was lost.
      const isOurs = isSent && value.run === cluster.parts.run && value.attempt === asker.attempt;
      const refusal = isOurs ? undefined : overtaken(asker.attempt, value.attempt ?? 0);
      if (refusal) return refusal;
      const { graceMs, digest, sinceMs, client, subject } = value;
      const session = new ClusterSession(id, client, { graceMs, digest, subject, sinceMs });
      session.attempt = asker.attempt;
      session.lease = found.lease;
      isSent = true;
      const outcome = await calls.transact({
        when: [unchanged(key, found.modified)],
        then: [put(key, sessionText(session, cluster), found.lease)],
        otherwise: [],
      });
      // Somebody raised it meanwhile: the other daemon, or an attempt of ours whose answer was lost. Looked
      // at anew.
      if (!outcome.succeeded) continue;
      session.epoch = outcome.revision;
      cluster.wrote(outcome.revision);
      return session;
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      if (error.reason === "lease-gone") return undefined;
      await cluster.rest(attempt);
    }
  }
  return UNAVAILABLE;
}

function restore(parts: AdoptionParts, session: ClusterSession, request: LockRequest): void {
  const { cluster, tickets } = parts;
  const { clock, mirror } = cluster.parts;
  const section = request.state === "held" ? "h" : "w";
  const entry = mirror.known(section, request.place);
  const value = entry && parseValue<RequestValue>(entry.value, isRequest);
  if (!entry || !value) return;
  const leftMs = (value.waitEndsMs ?? Infinity) - clock.wallMs();
  const wanted = { ...request.wanted, waitMs: section === "w" ? Math.max(0, leftMs) : Infinity };
  const ticket = new Ticket(session, wanted, { now: clock.now(), wallMs: request.sinceMs });
  session.add(ticket);
  session.highestId = Math.max(session.highestId, ticket.id);
  ticket.mode = request.place.mode;
  if (section === "w") {
    ticket.state = "waiting";
    ticket.waitCreated = entry.created;
    return tickets.arm(ticket, ticket.patienceEndsMs);
  }
  ticket.state = "held";
  ticket.isAnswered = true;
  tickets.heldCount++;
  ticket.grantedMs = clock.now() - Math.max(0, clock.wallMs() - request.sinceMs);
  for (const place of request.places) {
    const grip = ticket.grips.find(({ name }) => name === place.resource.name);
    if (!grip) continue;
    grip.created = mirror.known("h", place)?.created ?? 0;
    grip.token = place.token;
  }
  // Its client had no way to renew it meanwhile: it lives as long as if it had.
  tickets.live(ticket);
  restoreValue(cluster, ticket);
  restoreConversion(parts, ticket, request);
}

function restoreValue({ parts: { mirror, layout } }: Cluster, ticket: Ticket): void {
  const text = mirror.keys.get(layout.value(ticket.grip.name))?.entry.value;
  const block = text === undefined ? undefined : parseValue<BlockValue>(text, isBlock);
  if (block?.open !== ticket.key) return;
  ticket.valueOpen = true;
  ticket.valueText = block.text;
}

function restoreConversion(
  { cluster, converting, replies }: AdoptionParts,
  ticket: Ticket,
  request: LockRequest,
): void {
  const { conversion, session: { id } } = request;
  const { clock, mirror } = cluster.parts;
  const entry = conversion && mirror.knownConversion(conversion);
  const value = entry && parseValue<ConversionValue>(entry.value, isConversion);
  if (!conversion || !entry || !value) return;
  const reply = replies.owe(id, conversion.id, `convert ${ticket.id} to ${conversion.mode}`);
  replies.hold(reply);
  const waitMs = Math.max(0, (value.waitEndsMs ?? Infinity) - clock.wallMs());
  ticket.turning = {
    ticket,
    request: conversion.id,
    mode: conversion.mode,
    waitMs,
    reply,
    key: entry.key,
    isWaiting: true,
    isLeaving: false,
    dueMs: clock.now() + waitMs,
    heapIndex: -1,
  };
  if (waitMs !== Infinity) converting.deadlines.add(ticket.turning);
}

/** What the session lost while nobody heard of it, as far as it was written down. */
function losses({ parts: { mirror } }: Cluster, id: SessionId): LostLock[] {
  const found: LostLock[] = [];
  for (const { at, entry } of mirror.keys.values()) {
    if (at.section !== "n") continue;
    const { session, request } = splitId(at.id);
    const note = session === id ? parseValue<NoteValue>(entry.value, isNote) : undefined;
    if (note) found.push({ lock: request, name: note.name, token: note.token, reason: note.reason });
  }
  return found;
}
