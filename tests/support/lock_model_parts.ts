/**
 * What the naive model of the lock table is made of, and who waits for whom there. Written from
 * `docs/protocol.md`, not from the table.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";

/** The modes that may be in force beside each mode, as [P-22] lists them. */
export const FRIENDS: Readonly<Record<Mode, string>> = {
  NL: "NL CR CW PR PW EX",
  CR: "NL CR CW PR PW",
  CW: "NL CR CW",
  PR: "NL CR PR",
  PW: "NL CR",
  EX: "NL",
};

const PAIRS = new Set(
  Object.entries(FRIENDS).flatMap(([one, others]) => others.split(" ").map((other) => `${one} ${other}`)),
);

/** Whether two modes of one name may be in force at once. */
export function friends(one: Mode, other: Mode): boolean {
  return PAIRS.has(`${one} ${other}`);
}

/** Whether a mode keeps out no more than another one [P-38]. */
export function isNoStronger(mode: Mode, than: Mode): boolean {
  return FRIENDS[than].split(" ").every((friend) => friends(mode, friend as Mode));
}

/** What a session asks for. Times in ms, Infinity for never. */
export interface ModelWish {
  readonly session: string;
  readonly id: number;
  readonly names: readonly string[];
  readonly mode: Mode;
  readonly wait: number;
  readonly owner?: string | undefined;
  readonly ttl?: number | undefined;
  readonly maxHold?: number | undefined;
  readonly yields?: boolean;
}

/** One acquire that lives. */
export class ModelRequest {
  readonly names: readonly string[];
  mode: Mode;
  state: "waiting" | "admitting" | "held" = "waiting";
  /** Names whose claim was asked for and has not answered. */
  asked: string[] = [];
  /** Names whose claim was given. */
  given: string[] = [];
  conversion: ModelConversion | undefined = undefined;
  hasWaited = false;
  due: number;
  ttl: number;
  since = 0;
  ends = Infinity;
  warn = Infinity;

  constructor(readonly wish: ModelWish, readonly arrival: number, now: number) {
    this.names = [...wish.names].sort();
    this.mode = wish.mode;
    this.due = now + wish.wait;
    this.ttl = wish.ttl ?? Infinity;
  }

  /** The unit of deadlock detection: an owner, or the request alone. */
  get actor(): string {
    const { session, id, owner } = this.wish;
    return owner === undefined ? `${session}#${id}` : `${session} ${owner}`;
  }

  reserves(name: string): boolean {
    return this.asked.includes(name) || this.given.includes(name);
  }

  /** Its life begins, or begins anew. */
  live(now: number): void {
    const { maxHold = Infinity } = this.wish;
    this.ends = Math.min(now + this.ttl, this.since + maxHold);
    this.warn = Math.max(now, this.ends - Math.min(this.ttl, maxHold) / 3);
  }
}

/** One conversion that was not done at once. */
export interface ModelConversion {
  readonly request: ModelRequest;
  readonly id: number;
  readonly mode: Mode;
  readonly wait: number;
  readonly arrival: number;
  due: number;
  state: "waiting" | "admitting";
}

/** A claim that was asked for, and that nobody wants any more: it keeps others out until it has answered. */
export interface Orphan {
  readonly key: string;
  readonly name: string;
  readonly mode: Mode;
}

/** All that lives, in the order of arrival, and who is in the way of whom. */
export class ModelState {
  requests: ModelRequest[] = [];
  conversions: ModelConversion[] = [];
  orphans: Orphan[] = [];

  /**
   * Those in the way of a request: holders, conversions, earlier waiters; of orphans only that there are
   * some.
   */
  inTheWay(request: ModelRequest): (ModelRequest | Orphan)[] {
    const { names, mode, arrival } = request;
    return names.flatMap((name) => [
      ...this.#holders(name, mode).filter((one) => one !== request),
      ...this.#converting(name, mode, Infinity),
      ...this.requests.filter((one) =>
        one.state === "waiting" && one.arrival < arrival && one.names.includes(name) &&
        !friends(one.mode, mode)
      ),
    ]);
  }

  /** Those in the way of a conversion: other holders, and earlier conversions. */
  inTheWayOf({ request, mode, arrival }: ModelConversion): (ModelRequest | Orphan)[] {
    const [name = ""] = request.names;
    const holders = this.#holders(name, mode).filter((one) => one !== request);
    return [...holders, ...this.#converting(name, mode, arrival)];
  }

  /** Who waits for whom, from actor to actors. */
  graph(): Map<string, Set<string>> {
    const graph = new Map<string, Set<string>>();
    const add = (from: string, to: (ModelRequest | Orphan)[]) => {
      const known = graph.get(from) ?? new Set();
      for (const one of to) if (one instanceof ModelRequest) known.add(one.actor);
      graph.set(from, known);
    };
    for (const one of this.requests) if (one.state === "waiting") add(one.actor, this.inTheWay(one));
    for (const one of this.conversions) {
      if (one.state === "waiting") add(one.request.actor, this.inTheWayOf(one));
    }
    return graph;
  }

  /** Whether an actor waits for itself, through whomever. */
  isInCircle(actor: string, graph: Map<string, Set<string>> = this.graph()): boolean {
    const reached = new Set<string>();
    const open = [...graph.get(actor) ?? []];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(...graph.get(next) ?? []);
    }
    return reached.has(actor);
  }

  /** The actors that wait for themselves. */
  circles(): string[] {
    const graph = this.graph();
    return [...graph.keys()].filter((actor) => this.isInCircle(actor, graph));
  }

  #holders(name: string, mode: Mode): (ModelRequest | Orphan)[] {
    const orphans = this.orphans.filter((one) => one.name === name && !friends(one.mode, mode));
    const holders = this.requests.filter((one) => one.reserves(name) && !friends(one.mode, mode));
    return [...holders, ...orphans];
  }

  #converting(name: string, mode: Mode, before: number): ModelRequest[] {
    return this.conversions.filter((one) =>
      one.request.names[0] === name && one.arrival < before && !friends(one.mode, mode)
    ).map((one) => one.request);
  }
}
