/**
 * Hides from a session what it may not read: who stands in its way at names that are none of its business.
 * Pure.
 *
 * @module
 */
import type { Party } from "../../client/protocol/messages.ts";
import type { Effect, Refused } from "../store/store.ts";
import { type Access, OPEN_ACCESS } from "./access.ts";

/** The effect as `access` may see it; the same object when nothing is hidden. */
export function veil(effect: Effect, access: Access): Effect {
  if (access === OPEN_ACCESS) return effect;
  const mayRead = (name: string) => access.allows("read", name);
  switch (effect.type) {
    case "refused":
      return veilRefusal(effect, mayRead);
    case "yield":
      return mayRead(effect.name) ? effect : { ...effect, by: nobody(effect.by) };
    case "explained":
      return { ...effect, names: effect.names.filter(({ name }) => mayRead(name)) };
    // The rest is about what the session holds itself, or about one name that it was allowed to ask for.
    // Lists are made of what may be read.
    default:
      return effect;
  }
}

function veilRefusal(refused: Refused, mayRead: (name: string) => boolean): Refused {
  const { blockedBy, blockedAt, cycle, ...rest } = refused;
  if (!blockedBy && !cycle) return refused;
  // Parties do not say at which of several names they stand.
  const seesBlockers = blockedAt?.every(mayRead) ?? false;
  const steps = cycle?.filter(({ name }) => mayRead(name));
  if ((!blockedBy || seesBlockers) && steps?.length === cycle?.length) return refused;
  const why = cycle
    ? "it would wait for itself, in a circle through names that you may not read"
    : "others hold or wait for it, and you may not read who";
  return {
    ...rest,
    message: `Cannot grant the lock: ${why}`,
    ...(blockedBy && seesBlockers ? { blockedBy } : {}),
    ...(steps ? { cycle: steps } : {}),
  };
}

/** That there is somebody, and no word of who. */
function nobody({ mode, since }: Party): Party {
  return { session: "hidden", request: 0, mode, since };
}
