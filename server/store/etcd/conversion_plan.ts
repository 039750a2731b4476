/**
 * The transaction that gives a lock another mode.
 *
 * @module
 */
import { covers } from "../../lock/mode.ts";
import type { Cluster } from "./cluster.ts";
import { requestValue } from "./entry_values.ts";
import type { Hold } from "./plans.ts";
import type { Turning } from "./ticket.ts";
import type { Transaction } from "./transaction.ts";

/** Converts `hold` as it is now; unless it is a try, it queues the conversion when others are in the way. */
export function planConversion(
  cluster: Cluster,
  { ticket, mode, key, request, dueMs }: Turning,
  hold: Hold,
  { isWeaker, isTry }: { readonly isWeaker: boolean; readonly isTry: boolean },
): Transaction {
  const { wanted, ttlMs, grip, sinceMs, endsMs, valueOpen, valueText } = ticket;
  const expiresMs = endsMs === Infinity ? undefined : Math.round(cluster.epochMs + endsMs);
  const value = requestValue({ ...wanted, ttlMs: ttlMs === Infinity ? undefined : ttlMs }, {
    sinceMs,
    expiresMs,
    token: isWeaker ? grip.token : undefined,
  });
  const waitEnds = dueMs === Infinity ? {} : { waitEndsMs: Math.round(cluster.epochMs + dueMs) };
  // Whoever cannot write any more is done with the value.
  const closes = valueOpen && covers("CW", mode);
  return cluster.plans.convert(hold, {
    mode,
    isWeaker,
    value: JSON.stringify(value),
    block: closes ? { name: grip.name, value: { text: valueText, valid: true } } : undefined,
    queue: isTry ? undefined : {
      key,
      value: { from: ticket.mode, lock: ticket.id, request, sinceMs: cluster.wallMs, ...waitEnds },
    },
  });
}
