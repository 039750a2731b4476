/**
 * Fencing tokens in SQLite, with the `node:sqlite` of Node and Deno. Any number of processes may have the
 * file open.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { StaleTokenError } from "./stale_token_error.ts";

const TABLE =
  "CREATE TABLE IF NOT EXISTS fence (name TEXT PRIMARY KEY, token INTEGER NOT NULL) WITHOUT ROWID";

/** One statement looks and raises. */
const RAISE = `INSERT INTO fence (name, token) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET token = excluded.token WHERE token <= excluded.token`;

/** The greatest token that was seen of each lock name, in a table beside the data. */
export class SqliteFence {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(TABLE);
  }

  /**
   * Remembers the token.
   *
   * @throws {StaleTokenError} when a later holder has been here.
   */
  raise(name: string, token: number): void {
    const { changes } = this.#database.prepare(RAISE).run(name, token);
    if (changes === 0) throw new StaleTokenError(name, token);
  }

  /**
   * Runs `body` in a transaction, if no later holder has been here. It must not return a promise: the
   * transaction is over when it returns.
   *
   * @throws {StaleTokenError} when one has; nothing was changed.
   */
  transaction<T>(lock: { readonly name: string; readonly token: number }, body: () => T): T {
    // IMMEDIATE waits for other writers here, as long as busy_timeout says, and keeps them out until the end.
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      this.raise(lock.name, lock.token);
      const result = body();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}
