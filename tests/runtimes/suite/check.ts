/**
 * What a case of the suite can assert, in any runtime: browsers have no `node:assert`.
 *
 * @module
 */

/** Longest time that anything may take before a case calls it never, in milliseconds. */
export const NEVER_MS = 30_000;
const LOOK_MS = 5;

/** Fails with `what` unless the value is truthy. */
export function ok(value: unknown, what: string): asserts value {
  if (!value) throw new Error(`not so: ${what}`);
}

/** Fails unless both are the same as JSON has it, where undefined is no value. */
export function equal(actual: unknown, wanted: unknown, what = "value"): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what} is ${left}, want ${right}`);
}

/** The reason that a promise is rejected with; fails when it is fulfilled. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await within("a rejection", promise);
  } catch (reason) {
    return reason;
  }
  throw new Error(`fulfilled with ${value}, want a rejection`);
}

/** The reason that a promise is rejected with, which must be of that class. */
export async function failure<E extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...given: never) => E,
): Promise<E> {
  const reason = await rejection(promise);
  if (reason instanceof kind) return reason;
  throw new Error(`rejected with ${reason}, want a ${kind.name}`, { cause: reason });
}

/** Fails with `what` when a promise is not settled in time. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`never in ${NEVER_MS} ms: ${what}`)), NEVER_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks until it is so. */
export async function eventually(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + NEVER_MS; !(await look());) {
    if (performance.now() > endMs) throw new Error(`never in ${NEVER_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Resolves when a signal is aborted, to its reason. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return within(
    "an abort",
    new Promise((resolve) => {
      if (signal.aborted) return resolve(signal.reason);
      signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
    }),
  );
}
