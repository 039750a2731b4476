/**
 * What the store says to etcd, as values: comparisons, operations, and what comes back. Keys are text of
 * which each character is one byte; leases and revisions are integers that JavaScript can count with.
 *
 * Source: etcd API reference, "Transaction" (https://etcd.io/docs/v3.4/learning/api/). A comparison with an
 * `end` is about every key of [key, end), and is true when there is none.
 *
 * @module
 */

/** One condition of a transaction. */
export interface Comparison {
  readonly key: string;
  /** The first key that is not meant any more; absent: `key` alone. */
  readonly end?: string;
  /**
   * Which revision of the key is looked at: that of its first put, or of its last. A key that is not there
   * has 0.
   */
  readonly of: "created" | "modified";
  readonly is: "equal" | "not-equal";
  readonly revision: number;
}

/** One operation of a transaction. */
export type Operation =
  | { readonly do: "put"; readonly key: string; readonly value: string; readonly lease?: number }
  | { readonly do: "delete"; readonly key: string; readonly end?: string }
  | { readonly do: "get"; readonly key: string; readonly end?: string }
  | { readonly do: "try"; readonly txn: Transaction };

/** When all comparisons are true, `then` is done, else `otherwise`; all at one revision. */
export interface Transaction {
  readonly when: readonly Comparison[];
  readonly then: readonly Operation[];
  readonly otherwise: readonly Operation[];
}

/** One key with its value. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** The revision at which it was put first. */
  readonly created: number;
  /** The revision at which it was put last. */
  readonly modified: number;
  /** The lease that it goes with; 0 = none. */
  readonly lease: number;
}

/**
 * What one operation answered: entries of a get, the branch of a try, of the others whether they changed
 * something.
 */
export interface Answered {
  readonly entries: readonly Entry[];
  readonly changed?: boolean;
  readonly branch?: Branch;
}

/** Which way a transaction went, and what its operations answered, in their order. */
export interface Branch {
  readonly succeeded: boolean;
  readonly answers: readonly Answered[];
}

/** The answer to a whole transaction. */
export interface Outcome extends Branch {
  /** The revision of what it put and deleted, if it did. */
  readonly revision: number;
}

/** One change of one key. */
export type Change =
  | { readonly put: Entry }
  | { readonly deleted: string; readonly revision: number };

/** Whether something was put or deleted: if not, nobody who watches ever hears of its revision. */
export function hasChanged({ answers }: Branch): boolean {
  return answers.some(({ changed = false, branch }) => changed || (branch && hasChanged(branch)));
}

/** The key is not there, or none of the range is. */
export function absent(key: string, end?: string): Comparison {
  return { key, ...(end === undefined ? {} : { end }), of: "created", is: "equal", revision: 0 };
}

/** The key is there. */
export function present(key: string): Comparison {
  return { key, of: "created", is: "not-equal", revision: 0 };
}

/** The key is the one that was put first at that revision: it has not been deleted since. */
export function since(key: string, revision: number): Comparison {
  return { key, of: "created", is: "equal", revision };
}

/** Nobody has put the key after that revision. */
export function unchanged(key: string, revision: number): Comparison {
  return { key, of: "modified", is: "equal", revision };
}

/** Puts a key, to go with a lease if one is given. */
export function put(key: string, value: string, lease?: number): Operation {
  return { do: "put", key, value, ...(lease === undefined ? {} : { lease }) };
}

/** Deletes a key. */
export function remove(key: string): Operation {
  return { do: "delete", key };
}

/** Reads a key, or a range. */
export function get(key: string, end?: string): Operation {
  return { do: "get", key, ...(end === undefined ? {} : { end }) };
}
