/**
 * Waiting for what a test can only observe: it is looked at until it is so, with a limit so generous that a
 * failure means "never".
 *
 * @module
 */
import { AssertionError } from "node:assert/strict";

/** Longest time that anything may take before a test calls it never, in milliseconds. */
export const NEVER_MS = 10_000;
const LOOK_MS = 5;

/**
 * Resolves to the first value of `look` that is neither false, null nor undefined; fails with `what` when
 * there is none in time.
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  limitMs: number = NEVER_MS,
): Promise<Exclude<T, false | null | undefined>> {
  for (const endMs = performance.now() + limitMs;;) {
    const value = await look();
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<T, false | null | undefined>;
    }
    if (performance.now() > endMs) throw new AssertionError({ message: `never in ${limitMs} ms: ${what}` });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Fails with `what` when a promise is not settled in time; a test that would hang says so instead. */
export async function within<T>(what: string, promise: Promise<T>, limitMs: number = NEVER_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `never in ${limitMs} ms: ${what}`;
    timer = setTimeout(() => reject(new AssertionError({ message })), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
