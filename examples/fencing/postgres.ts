/**
 * Fencing tokens in PostgreSQL, with the npm package `postgres`; any other client does as well, the work is
 * in the SQL. Two ways:
 *
 * - {@link fencedTransaction}: any number of statements, guarded by a table of tokens by lock name
 *   (`fence.sql`).
 * - {@link fencedUpsert}: one row, which has its token in a column of its own. Nothing to install but the
 *   column.
 *
 * @module
 */
import type { Sql, TransactionSql } from "postgres";
import { StaleTokenError } from "./stale_token_error.ts";

/** The SQLSTATE of `raise_fence`. */
const STALE = "LK412";

/** What of a lock matters here: hand over the lock itself. */
export interface Fenced {
  readonly name: string;
  readonly token: number;
}

/**
 * Runs `body` in a transaction, if no later holder of the lock has been here. Statements of later holders
 * wait until it has ended.
 *
 * @throws {StaleTokenError} when one has; nothing was changed.
 */
export async function fencedTransaction<T>(
  sql: Sql,
  { name, token }: Fenced,
  body: (sql: TransactionSql) => Promise<T>,
): Promise<T> {
  try {
    const result = await sql.begin(async (transaction) => {
      await transaction`SELECT raise_fence(${name}, ${token})`;
      return { value: await body(transaction) };
    });
    return result.value;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === STALE) throw new StaleTokenError(name, token, error);
    throw error;
  }
}

/**
 * Writes one row of
 * `CREATE TABLE setting (name text PRIMARY KEY, value text NOT NULL, token bigint NOT NULL)`.
 *
 * @throws {StaleTokenError} when the row has a greater token; it is as it was.
 */
export async function fencedUpsert(sql: Sql, { name, token }: Fenced, value: string): Promise<void> {
  const { count } = await sql`
    INSERT INTO setting AS s (name, value, token) VALUES (${name}, ${value}, ${token})
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, token = excluded.token
    WHERE s.token <= excluded.token`;
  if (count === 0) throw new StaleTokenError(name, token);
}
