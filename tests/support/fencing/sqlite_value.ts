/**
 * The SQLite file that tests of fencing write to.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";

/** Opens it. Waits for other connections, `busyMs` at most. */
export function openValue(path: string, busyMs: number = 10_000): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA busy_timeout = ${busyMs}`);
  database.exec("CREATE TABLE IF NOT EXISTS invoice (total TEXT NOT NULL)");
  return database;
}

/** The value in it. */
export function readValue(database: DatabaseSync): string | undefined {
  return database.prepare("SELECT total FROM invoice").get()?.total as string | undefined;
}
