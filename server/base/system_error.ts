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
