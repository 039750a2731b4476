/**
 * The order in which this daemon asks etcd about a name: an acquire is sent when nothing that was asked here
 * before, and conflicts with it, is still under way. So acquires of this daemon reach the queue of the
 * cluster first in, first out, and an acquire that follows a release does not overtake it. Pure but for the
 * promises that it hands out.
 *
 * @module
 */
import type { Mode } from "../../../client/protocol/modes.ts";
import { allConflict, CONFLICTS, MODE_BIT } from "../../lock/mode.ts";

const LOCKING = MODE_BIT.CR | MODE_BIT.CW | MODE_BIT.PR | MODE_BIT.PW | MODE_BIT.EX;

/** Something that is under way, or waits to be. */
export class Standing {
  readonly names: readonly string[];
  readonly mode: Mode;
  go: (() => void) | undefined;

  constructor(names: readonly string[], mode: Mode) {
    this.names = names;
    this.mode = mode;
  }
}

/** The lines of all names. */
export class NameLines {
  readonly #lines = new Map<string, Set<Standing>>();

  /** Stands in line, and resolves when it may be sent; undefined: at once. */
  enter(standing: Standing): Promise<void> | undefined {
    this.join(standing);
    if (this.#isFree(standing)) return undefined;
    return new Promise((resolve) => standing.go = resolve);
  }

  /** Stands in line for others to wait for, but does not wait. */
  join(standing: Standing): void {
    for (const name of standing.names) {
      const line = this.#lines.get(name);
      if (line) line.add(standing);
      else this.#lines.set(name, new Set([standing]));
    }
  }

  /** Is done: lets those behind it go. */
  leave(standing: Standing): void {
    for (const name of standing.names) {
      const line = this.#lines.get(name);
      line?.delete(standing);
      if (line?.size === 0) this.#lines.delete(name);
      else if (line) this.#advance(line);
    }
  }

  #advance(line: Set<Standing>): void {
    let ahead = 0;
    for (const standing of line) {
      if (standing.go && (CONFLICTS[standing.mode] & ahead) === 0 && this.#isFree(standing)) {
        standing.go();
        standing.go = undefined;
      }
      ahead |= MODE_BIT[standing.mode];
      if (allConflict(LOCKING, ahead)) return;
    }
  }

  #isFree(standing: Standing): boolean {
    return standing.names.every((name) => {
      for (const other of this.#lines.get(name) ?? []) {
        if (other === standing) return true;
        if (CONFLICTS[standing.mode] & MODE_BIT[other.mode]) return false;
      }
      return true;
    });
  }
}
