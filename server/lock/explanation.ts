/**
 * Who waits for whom, and why: a name with its holders and waiters, then the names that its holders wait for,
 * and so on. What an administrator wants to know of a lock that does not come.
 *
 * @module
 */
import { BLOCKED_BY_MAX, EXPLAIN_PARTIES_MAX } from "../../client/protocol/limits.ts";
import type {
  ExplainedHolder,
  ExplainedName,
  ExplainedWaiter,
  NameState,
  Party,
  PartyRef,
} from "../../client/protocol/messages.ts";
import type { Mode } from "../../client/protocol/modes.ts";
import { blockersAt, blockersOf } from "./blockers.ts";
import { Conversion, type Waiter } from "./conversion.ts";
import { freeName, nameState } from "./description.ts";
import type { Place } from "./request.ts";
import type { Resource } from "./resource.ts";
import { waitsOf } from "./wait_graph.ts";

/** What an explanation is made from. */
export interface ExplanationOptions {
  readonly resources: ReadonlyMap<string, Resource>;
  /** Milliseconds since 1970 at monotonic zero. */
  readonly epochMs: number;
  /** Most names in it. */
  readonly namesMax: number;
  /** What other processes hold of a name, and who that is, as far as it can be known. */
  readonly outside: (name: string) => { readonly mode: Mode | null; readonly holder: Party | undefined };
}

/** The name, and the names that whoever stands in the way there waits for, nearest first. */
export function explain(name: string, options: ExplanationOptions): ExplainedName[] {
  const { resources, namesMax, outside } = options;
  const names = new Set([name]);
  const explained: ExplainedName[] = [];
  // A set that grows while it is gone through is gone through to its new end.
  for (const each of names) {
    const resource = resources.get(each);
    const state = resource ? explainResource(resource, options) : freeName(each) as Explained;
    const { mode, holder } = outside(each);
    explained.push({ ...state, outside: mode, ...(holder ? { outsideHolder: holder } : {}) });
    if (explained.length === namesMax) break;
    for (const next of resource ? namesBehind(resource) : []) names.add(next);
  }
  return explained;
}

type Explained = Omit<ExplainedName, "outside">;

function explainResource(resource: Resource, { epochMs }: ExplanationOptions): Explained {
  const state: NameState = nameState(resource, EXPLAIN_PARTIES_MAX, epochMs);
  const converting = new Map(resource.conversions.map((conversion) => [conversion.place, conversion]));
  const holders = first(heldPlaces(resource));
  const waiters = first(resource.undecided());
  return {
    ...state,
    held: state.held.map((party, index): ExplainedHolder => {
      const conversion = converting.get(holders[index] as Place);
      return conversion ? { ...party, blockedBy: refs(blockersOf(conversion)) } : party;
    }),
    waiting: state.waiting.map((party, index): ExplainedWaiter => {
      return { ...party, position: index + 1, blockedBy: refs(blockersAt(waiters[index] as Place)) };
    }),
  };
}

/** As `nameState` counts them. */
function* heldPlaces({ held }: Resource): Generator<Place> {
  for (const place of held) if (!place.orphan && place.request.state !== "admitting") yield place;
}

function first(places: Iterable<Place>): Place[] {
  const found: Place[] = [];
  for (const place of places) {
    if (found.length === EXPLAIN_PARTIES_MAX) break;
    found.push(place);
  }
  return found;
}

function refs(places: Iterable<Place>): PartyRef[] {
  const found: PartyRef[] = [];
  for (const { request: { session, id } } of places) {
    if (found.push({ session: session.id, request: id }) === BLOCKED_BY_MAX) break;
  }
  return found;
}

/** The other names that the holders of one, or other requests of their owners, wait for. */
function* namesBehind(resource: Resource): Generator<string> {
  for (const place of first(heldPlaces(resource))) {
    for (const waiter of waitsOf(place.request)) yield* namesOf(waiter);
  }
}

function* namesOf(waiter: Waiter): Generator<string> {
  if (waiter instanceof Conversion) yield waiter.place.resource.name;
  else for (const { resource } of waiter.places) yield resource.name;
}
