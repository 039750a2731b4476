/**
 * Errors that the operating system told.
 *
 * @module
 */

/**
 * Whether the operating system said it: then the error has a number by name, such as ENOSPC. Not all of them
 * have a class in `Deno.errors`.
 */
export function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^E[A-Z0-9]+$/.test(String(error.code));
}

/**
 * Does what the operating system may refuse. What it says then does not tell what it was for, so `what`
 * stands before it, as in `Cannot make the directory "x"`; the error keeps its code.
 */
export function orSay<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    const { code } = error as { readonly code?: unknown };
    throw Object.assign(new Error(`${what}: ${error.message}`, { cause: error }), { code });
  }
}
