/**
 * What the audit keeps of a break that hit somebody. Pure.
 *
 * @module
 */
import type { LogFields } from "../base/log.ts";
import type { Effect } from "../store/store.ts";

/** Whose break it was (the session and id of its `lock.break`), and whose locks it ended. */
export function breakRecord(
  { session, request, parties }: Extract<Effect, { readonly type: "broken" }>,
): LogFields {
  const holders = parties.map(({ session, request, mode, token, client }) => {
    return { session, lock: request, mode, token, client };
  });
  return { session, request, holders };
}
