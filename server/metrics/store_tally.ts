/**
 * Counts what a store asks of whatever is behind it: the calls on files of a directory, the requests to a
 * cluster. A store takes the counts of each kind of operation once, and then only adds to numbers. Pure.
 *
 * @module
 */
import { Distribution } from "./distribution.ts";

/**
 * Bounds of operations, in seconds: from the page cache to a disk or a server that is about to be given up.
 */
const OPERATION_BOUNDS = [0.000_1, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** How operations of one kind ended. */
export class Operation {
  ok = 0;
  /** Somebody else was in the way: contention, nothing is wrong. */
  refused = 0;
  failed = 0;
  /** How long they took; empty for operations that are cheaper than reading a clock. */
  readonly durations = new Distribution(OPERATION_BOUNDS);
}

/** One operation, and what came of it. */
export interface NotedOperation {
  readonly operation: string;
  readonly outcome: "ok" | "refused" | "failed";
  readonly seconds: number;
}

/** The operations of one store, by kind: short words like `fsync`, a few and always the same. */
export class StoreTally {
  readonly #operations = new Map<string, Operation>();

  /** The counts of a kind, from now on. */
  operation(kind: string): Operation {
    let operation = this.#operations.get(kind);
    if (!operation) this.#operations.set(kind, operation = new Operation());
    return operation;
  }

  /** Counts one that somebody else has timed. */
  note({ operation: kind, outcome, seconds }: NotedOperation): void {
    const operation = this.operation(kind);
    operation[outcome]++;
    operation.durations.note(0, seconds);
  }

  /** All kinds that there are counts of. */
  get all(): ReadonlyMap<string, Operation> {
    return this.#operations;
  }
}
