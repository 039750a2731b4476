/**
 * What one session of this daemon holds and waits for.
 *
 * @module
 */
import type { Holdings } from "../store.ts";
import type { ClusterSession } from "./cluster_session.ts";
import type { Layout } from "./layout.ts";
import { heldLock } from "./replies.ts";

/**
 * As its client sees it, in the order of the requests. `epochMs` is the wall clock at monotonic zero, in
 * milliseconds since 1970.
 */
export function holdingsOf(session: ClusterSession | undefined, epochMs: number): Holdings {
  const tickets = [...session?.tickets.values() ?? []].sort((one, other) => one.id - other.id);
  const waiting = tickets.filter(({ state }) => state !== "held").map(({ id }) => id);
  const turning = tickets.flatMap((ticket) => ticket.turning ? [ticket.turning.request] : []);
  return {
    locks: tickets.filter(({ state }) => state === "held").map((ticket) => heldLock(ticket, epochMs)),
    waiting: [...waiting, ...turning].sort((one, other) => one - other),
  };
}

/** How much that is. */
export function countsOf(
  session: ClusterSession | undefined,
): { readonly locks: number; readonly waits: number } {
  let locks = 0;
  let waits = 0;
  for (const { state, turning } of session?.tickets.values() ?? []) {
    if (state === "held") locks++;
    else waits++;
    if (turning) waits++;
  }
  return { locks, waits };
}

/** The keys that it has in etcd, as far as is known. */
export function keysOf(session: ClusterSession, layout: Layout): string[] {
  return [...session.tickets.values()].flatMap(({ grips, mode, wanted, key, state }) => {
    if (state === "asking") return [];
    const isHeld = state === "held";
    return grips.map(({ name }) =>
      layout.request(isHeld ? "h" : "w", name, isHeld ? mode : wanted.mode, key)
    );
  });
}
