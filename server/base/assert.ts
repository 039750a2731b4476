/**
 * Assertions stay on in production: a lock manager that goes on in a wrong state is worse than one that
 * stops. They are for our own mistakes only; what the world does wrong is a typed error or a refusal.
 *
 * @module
 */

/** A broken rule of this program, never of its input. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws when `condition` does not hold. The message says what should have been true. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/**
 * The end of an exhaustive switch: compiles only when nothing is left, throws when the types were lied to.
 */
export function assertNever(value: never, what: string): never {
  throw new AssertionError(`unexpected ${what}: ${JSON.stringify(value)}`);
}
