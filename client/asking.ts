/**
 * Requests that are bound to no session: about names, sessions, and the daemon.
 *
 * @module
 */
import { ConnectionError } from "./errors.ts";
import type { Presence } from "./presence.ts";
import type { AnswerByOperation } from "./protocol/codec.ts";
import type { Operation } from "./protocol/messages.ts";

/** Operations that change nothing, so that they can be asked again. */
const READS: ReadonlySet<Operation> = new Set(["who", "list", "explain", "sessions", "status"]);

/**
 * Sends a request; the promise is its answer. One that only reads is asked again elsewhere when its session
 * ends under it.
 */
export async function ask<O extends Operation>(
  presence: Presence,
  op: O,
  fields: object,
): Promise<AnswerByOperation[O]> {
  for (;;) {
    const session = presence.anyConnected ?? await presence.session();
    try {
      return await session.ask(op, fields);
    } catch (error) {
      const isOver = error instanceof ConnectionError && session.end !== undefined;
      if (!READS.has(op) || !isOver || !presence.hasLeft(session)) throw error;
    }
  }
}
