/**
 * What the cases of the Web Locks API are made of. They are run against the runtime's own `navigator.locks`,
 * which shows that they are right, and against ours. They follow what the public web-platform-tests of the
 * API look at (directory `web-locks` there).
 *
 * @module
 */
import { equal, fail, ok } from "node:assert/strict";

/** What a callback is given. */
export interface Granted {
  readonly name: string;
  readonly mode: string;
}

/** One entry of a snapshot. */
export interface Entry extends Granted {
  readonly clientId: string;
}

/** A lock manager, as a program without types sees it. */
export interface Locks {
  request(...args: readonly unknown[]): Promise<unknown>;
  query(): Promise<{ readonly held: readonly Entry[]; readonly pending: readonly Entry[] }>;
}

/** One case. `name` is a lock name that nobody else uses. */
export interface LockCase {
  readonly title: string;
  /** What Deno's own manager does instead, against the specification. */
  readonly runtimeInstead?: string;
  run(locks: Locks, name: string): Promise<void>;
}

/** One case with the managers of three clients. */
export interface ClientsCase {
  readonly title: string;
  run(locks: readonly [Locks, Locks, Locks], name: string): Promise<void>;
}

/** A lock that is held until it is let go. */
export interface Held {
  /** What the request came to. */
  readonly result: Promise<unknown>;
  letGo(value?: unknown): void;
}

/** Holds a lock. Resolves when it was granted. */
export async function hold(locks: Locks, name: string, options: object = {}): Promise<Held> {
  const granted = Promise.withResolvers<void>();
  const end = Promise.withResolvers<unknown>();
  const result = locks.request(name, options, () => {
    granted.resolve();
    return end.promise;
  });
  // Whoever looks at it hears of it.
  result.catch(() => {});
  await Promise.race([granted.promise, result.then(() => fail("it ended before it was granted"))]);
  return { result, letGo: end.resolve };
}

/** Fails when it is called. */
export function never(): never {
  fail("the callback was called");
}

/** The error that a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  fail("it was not rejected");
}

/** Fails unless the promise is rejected with a TypeError. */
export async function rejectsType(promise: Promise<unknown>, what: string): Promise<void> {
  const error = await errorOf(promise);
  ok(error instanceof TypeError, `${what}: ${error}`);
}

/** Fails unless the promise is rejected with a DOMException of that name. */
export async function rejectsDom(name: string, promise: Promise<unknown>): Promise<void> {
  const error = await errorOf(promise);
  ok(error instanceof DOMException, `${error}`);
  equal(error.name, name);
}

/** The entries of one name. */
export function entriesOf(entries: readonly Entry[], name: string): readonly Entry[] {
  return entries.filter((entry) => entry.name === name);
}

/** The modes of the entries of one name. */
export function modesOf(entries: readonly Entry[], name: string): readonly string[] {
  return entriesOf(entries, name).map(({ mode }) => mode);
}

/** The clients of the entries of one name. */
export function clientsOf(entries: readonly Entry[], name: string): readonly string[] {
  return entriesOf(entries, name).map(({ clientId }) => clientId);
}
