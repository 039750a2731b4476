/**
 * What watches are told, in the words of the native protocol: a part of `native.ts`.
 *
 * @module
 */
import type { ServerMessage } from "../../client/protocol/messages.ts";
import type { WatchEffect } from "../session/watches.ts";

/** The push or answer for an effect of a watch. */
export function watchMessage(effect: WatchEffect): ServerMessage {
  switch (effect.type) {
    case "watching":
      return { id: effect.request, ok: true };
    case "resync":
      return { push: "resync", watch: effect.watch, seq: effect.seq };
    case "event": {
      const { watch, seq, event, name, party, reason } = effect;
      return {
        push: "event",
        watch,
        seq,
        event,
        name,
        party,
        ...(reason === undefined ? {} : { reason }),
      };
    }
  }
}
