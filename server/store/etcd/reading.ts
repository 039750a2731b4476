/**
 * Who holds and who waits, over the whole cluster, from the mirror: at least as new as everything that this
 * daemon has written.
 *
 * @module
 */
import { EXPLAIN_NAMES_MAX, LIST_PARTIES_MAX, WHO_PARTIES_MAX } from "../../../client/protocol/limits.ts";
import type { NameState } from "../../../client/protocol/messages.ts";
import { freeName, nameState } from "../../lock/description.ts";
import type { Effect, SessionId } from "../../lock/effect.ts";
import { explain } from "../../lock/explanation.ts";
import type { ListQuery } from "../store.ts";
import { ANSWER_MS, type Cluster } from "./cluster.ts";
import type { ClusterSessions } from "./cluster_sessions.ts";
import type { OwedReplies } from "./reply.ts";
import type { Tickets } from "./tickets.ts";

/** What reading stands on. */
export interface ReadingParts {
  readonly cluster: Cluster;
  readonly sessions: ClusterSessions;
  readonly tickets: Tickets;
  readonly replies: OwedReplies;
  readonly isFollowing: () => boolean;
}

const LOOK_MS = 50;

/** Reads for one daemon. */
export class Reading {
  readonly #parts: ReadingParts;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
  }

  who(session: SessionId, request: number, name: string): void {
    this.#read(session, request, `look at ${name}`, () => {
      return {
        type: "described",
        session,
        request,
        state: this.#describe(name, WHO_PARTIES_MAX),
        outside: null,
      };
    });
  }

  explain(session: SessionId, request: number, name: string): void {
    const { resources } = this.#parts.cluster.parts.mirror;
    this.#read(session, request, `explain ${name}`, () => {
      const names = explain(name, {
        resources,
        epochMs: 0,
        namesMax: EXPLAIN_NAMES_MAX,
        outside: () => ({ mode: null, holder: undefined }),
      });
      return { type: "explained", session, request, names };
    });
  }

  list(session: SessionId, request: number, { prefix, after, limit, shows }: ListQuery): void {
    const { resources } = this.#parts.cluster.parts.mirror;
    this.#read(session, request, "list", () => {
      const isWanted = (name: string) => name > after && name.startsWith(prefix) && shows(name);
      const found = [...resources.keys()].filter(isWanted).sort();
      const names = found.slice(0, limit).map((name) => this.#describe(name, LIST_PARTIES_MAX));
      const next = found.length > limit ? found[limit - 1] ?? null : null;
      return { type: "listed", session, request, names, next };
    });
  }

  #read(session: SessionId, request: number, what: string, describe: () => Effect): void {
    const { cluster, sessions, tickets, replies, isFollowing } = this.#parts;
    const reply = replies.owe(session, request, what);
    // What the session has asked for before comes first.
    const before = [...sessions.all.get(session)?.flying ?? []];
    const read = async () => {
      await Promise.all(before);
      await tickets.reached(cluster.writtenRevision, ANSWER_MS);
      while (!isFollowing() && !reply.isGiven && !cluster.isClosed) await cluster.pause(LOOK_MS);
      if (!reply.isGiven) replies.give(reply, describe());
    };
    void cluster.later(read());
  }

  #describe(name: string, most: number): NameState {
    const resource = this.#parts.cluster.parts.mirror.resources.get(name);
    return resource ? nameState(resource, most, 0) : freeName(name);
  }
}
