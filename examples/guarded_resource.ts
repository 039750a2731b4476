/**
 * A resource that a lock guards, done right: it refuses a token lower than the greatest that it has seen. In
 * real life this is a column of a table, a conditional put, a check in a server: `examples/fencing/`,
 * `docs/fencing.md`.
 *
 * @module
 */
import { StaleTokenError } from "./fencing/stale_token_error.ts";

/** A number that only holders of a lock may write. */
export class GuardedNumber {
  #value = 0;
  #greatestToken = 0;

  /** The number. */
  get value(): number {
    return this.#value;
  }

  /** Writes the number. Throws a StaleTokenError when a later holder was here already. */
  write(value: number, token: number): void {
    if (token < this.#greatestToken) throw new StaleTokenError("the number", token);
    this.#greatestToken = token;
    this.#value = value;
  }
}
