/**
 * Locks and waiters as others see them.
 *
 * @module
 */
import type { CycleParty, NameState, Party } from "../../client/protocol/messages.ts";
import { Conversion } from "./conversion.ts";
import type { LockRequest, Place } from "./request.ts";
import type { Resource } from "./resource.ts";
import type { CycleStep } from "./wait_graph.ts";

/** One lock or waiter. `epochMs` is the wall clock at monotonic zero, in milliseconds since 1970. */
export function partyOf({ request, mode, token }: Place, epochMs: number): Party {
  const { session, id, wanted: { owner, reason, labels }, conversion } = request;
  const expires = wallTime(request.endsMs, epochMs);
  return {
    session: session.id,
    request: id,
    mode,
    since: Math.round(epochMs + request.sinceMs),
    ...(token > 0 ? { token } : {}),
    ...(session.client ? { client: session.client } : {}),
    ...(owner === undefined ? {} : { owner }),
    ...(reason === undefined ? {} : { reason }),
    ...(labels ? { labels } : {}),
    ...(expires === undefined ? {} : { expires }),
    ...(conversion ? { convertingTo: conversion.mode } : {}),
  };
}

/** A monotonic time in milliseconds since 1970; undefined for Infinity. */
export function wallTime(ms: number, epochMs: number): number | undefined {
  return ms === Infinity ? undefined : Math.round(epochMs + ms);
}

/** A name with the first `most` of those who hold it and of those who wait for it. */
export function nameState(resource: Resource, most: number, epochMs: number): NameState {
  const [held, waiting]: [Party[], Party[]] = [[], []];
  let heldCount = 0;
  let waitingCount = resource.waiting;
  for (const place of resource.held) {
    if (place.orphan) continue;
    if (place.request.state === "admitting") waitingCount++;
    else if (heldCount++ < most) held.push(partyOf(place, epochMs));
  }
  for (const place of resource.undecided()) {
    if (waiting.length === most) break;
    waiting.push(partyOf(place, epochMs));
  }
  return { name: resource.name, held, waiting, heldCount, waitingCount };
}

/** The state of a name that nobody holds or waits for. */
export function freeName(name: string): NameState {
  return { name, held: [], waiting: [], heldCount: 0, waitingCount: 0 };
}

/** A circle of waits, each one with what it waits for. */
export function describeCycle(cycle: readonly CycleStep[], epochMs: number): CycleParty[] {
  return cycle.map(({ waiter, blocker }) => {
    const { name } = blocker.resource;
    if (waiter instanceof Conversion) {
      return { ...partyOf(waiter.place, epochMs), name, convertingTo: waiter.mode };
    }
    const place = waiter.places.find(({ resource }) => resource === blocker.resource) ?? waiter.place;
    return { ...partyOf(place, epochMs), name };
  });
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

/** What a request wants, for a sentence: `a in EX`, or `a, b and 3 more in EX`. */
export function describeWish({ wanted: { names, mode } }: LockRequest): string {
  const shown = names.slice(0, 2).join(", ");
  return `${shown}${names.length > 2 ? ` and ${names.length - 2} more` : ""} in ${mode}`;
}
