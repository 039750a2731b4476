/**
 * Where things are in etcd. All keys are below one prefix; what a session has goes with its lease.
 *
 * | key | what |
 * |---|---|
 * | `s/SESSION` | a session; the revision of its last put is its *epoch* |
 * | `h/NAME\0M SESSION.REQUEST` | a lock in mode digit M (without the space); the revision of its first put is its token, unless its value says another |
 * | `w/NAME\0M SESSION.REQUEST` | a request that waits; revisions of the first put order the queue of all daemons |
 * | `c/NAME\0M SESSION.LOCK.EPOCH.N` | a lock that waits to be converted to mode M |
 * | `n/SESSION.REQUEST` | why a lock ended, when its holder did not release it |
 * | `b/` | nothing; its revisions tell a daemon how far it has come |
 * | `v/NAME` | a value block; it goes with no lease |
 *
 * The digits are such that what conflicts with a mode is always one range of them, so "nobody holds what
 * conflicts" is one comparison: no daemon can grant wrongly, however stale or broken it is.
 *
 * @module
 */
import { type Mode, MODES } from "../../../client/protocol/modes.ts";
import { CONFLICTS, MODE_BIT } from "../../lock/mode.ts";
import { absent, type Comparison } from "./transaction.ts";

/** In this order each set of conflicting modes is a range. */
const ORDER: readonly Mode[] = ["NL", "CR", "CW", "PW", "EX", "PR"];

/** The keys of a lock name: locks, waits, conversions. */
export type Section = "h" | "w" | "c";

/** What a key is about. */
export type Place =
  | { readonly section: Section; readonly name: string; readonly mode: Mode; readonly id: string }
  | { readonly section: "s" | "n"; readonly id: string }
  | { readonly section: "v"; readonly name: string };

interface Bounds {
  readonly first: string;
  readonly end: string;
}

const BOUNDS: Readonly<Record<Mode, Bounds | undefined>> = Object.fromEntries(
  MODES.map((mode) => [mode, boundsOf(mode)]),
) as Record<Mode, Bounds | undefined>;

/** The keys below one prefix. */
export class Layout {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** All keys: from `key` on, before `end`. */
  get all(): { readonly key: string; readonly end: string } {
    return { key: this.#prefix, end: after(this.#prefix) };
  }

  /** A key that says nothing: its revisions are told to every daemon after all earlier ones. */
  get barrier(): string {
    return `${this.#prefix}b/`;
  }

  session(session: string): string {
    return `${this.#prefix}s/${session}`;
  }

  note(id: string): string {
    return `${this.#prefix}n/${id}`;
  }

  value(name: string): string {
    return `${this.#prefix}v/${name}`;
  }

  /** The key of a lock, a wait or a conversion. */
  request(section: Section, name: string, mode: Mode, id: string): string {
    return `${this.#prefix}${section}/${name}\0${ORDER.indexOf(mode)}${id}`;
  }

  /** All keys of a section that are about a name. */
  named(section: Section, name: string): { readonly key: string; readonly end: string } {
    const key = `${this.#prefix}${section}/${name}\0`;
    return { key, end: after(key) };
  }

  /** That there is nothing of the section in a mode that conflicts with `mode`, but for the keys `own`. */
  free(section: Section, name: string, mode: Mode, own: readonly string[] = []): Comparison[] {
    const bounds = BOUNDS[mode];
    if (!bounds) return [];
    const base = `${this.#prefix}${section}/${name}\0`;
    const end = base + bounds.end;
    let from = base + bounds.first;
    const comparisons: Comparison[] = [];
    for (const key of own.filter((each) => each >= from && each < end).sort()) {
      if (key > from) comparisons.push(absent(from, key));
      from = `${key}\0`;
    }
    return [...comparisons, absent(from, end)];
  }

  /** What a key is about; undefined when it is none of ours. */
  parse(key: string): Place | undefined {
    if (!key.startsWith(this.#prefix)) return undefined;
    const section = key.slice(this.#prefix.length, this.#prefix.length + 2);
    const rest = key.slice(this.#prefix.length + 2);
    if (section === "s/") return { section: "s", id: rest };
    if (section === "n/") return { section: "n", id: rest };
    if (section === "v/") return { section: "v", name: rest };
    const at = rest.indexOf("\0");
    const mode = ORDER[Number(rest.charAt(at + 1))];
    if (at < 1 || mode === undefined || !["h/", "w/", "c/"].includes(section)) return undefined;
    return { section: section.charAt(0) as Section, name: rest.slice(0, at), mode, id: rest.slice(at + 2) };
  }
}

/** The first text behind all that begin with `prefix`. */
function after(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

function boundsOf(mode: Mode): Bounds | undefined {
  const digits = ORDER.flatMap((other, digit) => CONFLICTS[mode] & MODE_BIT[other] ? [digit] : []);
  const first = digits[0];
  if (first === undefined) return undefined;
  return { first: String(first), end: String(first + digits.length) };
}
