/**
 * Breaks locks, of sessions of whatever daemon: compare and break.
 *
 * @module
 */
import type { Party } from "../../../client/protocol/messages.ts";
import type { Break } from "../../lock/commands.ts";
import { partyOf } from "../../lock/description.ts";
import type { Place } from "../../lock/request.ts";
import { EtcdFault } from "./calls.ts";
import { ANSWER_MS, type Cluster } from "./cluster.ts";
import { type NoteValue, requestId } from "./entry_values.ts";
import { refused } from "./replies.ts";
import type { OwedReplies, Reply } from "./reply.ts";
import type { Tickets } from "./tickets.ts";
import { put } from "./transaction.ts";

/** What breaking stands on. */
export interface BreakingParts {
  readonly cluster: Cluster;
  readonly tickets: Tickets;
  readonly replies: OwedReplies;
}

/** Breaks for one daemon. */
export class Breaking {
  readonly #parts: BreakingParts;
  #breaks = 0;

  constructor(parts: BreakingParts) {
    this.#parts = parts;
  }

  /** Ends the locks of a name that have that token. */
  async break(command: Break): Promise<void> {
    const { cluster, replies } = this.#parts;
    const { session, request, name, token, reason: why } = command;
    const reply = replies.owe(session, request, `break ${name}`);
    const note: NoteValue = {
      reason: "broken",
      why,
      name,
      token,
      by: `${cluster.parts.run}.${++this.#breaks}`,
    };
    const tried = new Map<string, Party>();
    for (let attempt = 0; !reply.isGiven && !cluster.isClosed; attempt++) {
      try {
        if (await this.#attempt(command, { reply, note, tried })) return;
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        if (!error.ambiguous) {
          return replies.fail(reply, error.reason === "no-space" ? "etcd's database is full" : error.message);
        }
        await cluster.rest(attempt);
      }
    }
  }

  /** Answers whether it is decided. */
  async #attempt(
    { session, request, name, token }: Break,
    { reply, note, tried }: {
      readonly reply: Reply;
      readonly note: NoteValue;
      readonly tried: Map<string, Party>;
    },
  ): Promise<boolean> {
    const { cluster, replies } = this.#parts;
    const { mirror } = cluster.parts;
    await this.#catchUp();
    const held = this.#heldOf(name);
    const meant = held.filter((place) => place.token === token);
    for (const place of meant) {
      tried.set(requestId(place.request.session.id, place.request.id), partyOf(place, 0));
      // Whoever changed meanwhile is looked at again.
      if (!await this.#breakOne(place, note)) return false;
    }
    if (meant.length > 0) await this.#catchUp();
    const broken = [...tried].filter(([id]) => mirror.noteOf(id)?.by === note.by).map(([, party]) => party);
    if (broken.length > 0) {
      replies.give(reply, { type: "broken", session, request, parties: broken });
      return true;
    }
    const now = this.#heldOf(name);
    const code = now.length === 0 ? "NOT_HELD" : "STALE_TOKEN";
    const state = now.length === 0 ? "nobody holds it" : `it is held with token ${now[0]?.token}`;
    const message = `Cannot break ${name} with token ${token}: ${state}`;
    replies.give(reply, refused(session, request, { code, message }));
    return true;
  }

  /** An NL lock keeps nobody out, so it is never what was meant. */
  #heldOf(name: string): Place[] {
    const resource = this.#parts.cluster.parts.mirror.resources.get(name);
    return [...resource?.held ?? []].filter(({ mode }) => mode !== "NL");
  }

  async #breakOne(place: Place, note: NoteValue): Promise<boolean> {
    const { cluster } = this.#parts;
    const { mirror, calls } = cluster.parts;
    const { request } = place;
    const id = requestId(request.session.id, request.id);
    const lease = mirror.sessions.get(request.session.id)?.lease ?? 0;
    const holds = request.places.map((each) => {
      const created = mirror.known("h", each)?.created ?? 0;
      return { name: each.resource.name, mode: each.mode, id, created, lease };
    });
    const outcome = await calls.transact(cluster.plans.end(holds, note));
    if (outcome.succeeded) cluster.wrote(outcome.revision);
    return outcome.succeeded;
  }

  /** Brings the mirror to what etcd has now: by writing something that it will be told of, after all else. */
  async #catchUp(): Promise<void> {
    const { cluster, tickets } = this.#parts;
    const { calls, layout } = cluster.parts;
    const { revision } = await calls.transact({ when: [], then: [put(layout.barrier, "")], otherwise: [] });
    await tickets.reached(revision, ANSWER_MS);
  }
}
