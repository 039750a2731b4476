/**
 * Locks and waiters as others see them.
 *
 * @module
 */
import type { NameState, Party } from "../../client/protocol/messages.ts";
import type { LockRequest } from "./request.ts";
import type { Resource } from "./resource.ts";

/** One lock or waiter. `epochMs` is the wall clock at monotonic zero, in milliseconds since 1970. */
export function partyOf(request: LockRequest, epochMs: number): Party {
  const { session, id, mode, token, reason } = request;
  return {
    session: session.id,
    request: id,
    mode,
    since: Math.round(epochMs + request.sinceMs),
    ...(token > 0 ? { token } : {}),
    ...(session.client ? { client: session.client } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** A name with the first `most` of those who hold it and of those who wait for it. */
export function nameState(resource: Resource, most: number, epochMs: number): NameState {
  const [held, waiting]: [Party[], Party[]] = [[], []];
  let heldCount = 0;
  let waitingCount = resource.waiting;
  for (const request of resource.held) {
    if (request.state === "admitting") waitingCount++;
    if (request.state !== "held") continue;
    if (heldCount++ < most) held.push(partyOf(request, epochMs));
  }
  for (const request of resource.undecided()) {
    if (waiting.length === most) break;
    waiting.push(partyOf(request, epochMs));
  }
  return { name: resource.name, held, waiting, heldCount, waitingCount };
}

/** The state of a name that nobody holds or waits for. */
export function freeName(name: string): NameState {
  return { name, held: [], waiting: [], heldCount: 0, waitingCount: 0 };
}

/** Who stands in the way, as the second half of a sentence: another process when nobody here does. */
export function describeBlockers(blockedBy: readonly Party[]): string {
  const first = blockedBy[0];
  if (!first) return "held by another process";
  const { client } = first;
  const who = client?.name ??
    (client?.pid === undefined ? `session ${first.session}` : `process ${client.pid}`);
  const where = client?.host === undefined ? "" : ` on ${client.host}`;
  const why = first.reason === undefined ? "" : ` (${first.reason})`;
  const others = blockedBy.length > 1 ? ` and ${blockedBy.length - 1} more` : "";
  const what = first.token === undefined ? "waited for" : "held";
  return `${what} in ${first.mode} by ${who}${where}${why}${others}`;
}
