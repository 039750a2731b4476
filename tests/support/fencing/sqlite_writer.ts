/**
 * A worker with a connection of its own to a SQLite file: it is told `{ value, token }`, and answers whether
 * it wrote.
 *
 * @module
 */
import { SqliteFence } from "../../../examples/fencing/sqlite.ts";
import { StaleTokenError } from "../../../examples/fencing/stale_token_error.ts";
import { openValue } from "./sqlite_value.ts";

/** What a writer is told. */
export interface SqliteWrite {
  readonly path: string;
  readonly value: string;
  readonly token: number;
}

/** What it answers. */
export type SqliteWritten = "written" | "stale" | string;

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<SqliteWrite>) => void;
  postMessage(answer: SqliteWritten): void;
};

scope.onmessage = ({ data: { path, value, token } }) => {
  const database = openValue(path);
  try {
    new SqliteFence(database).transaction({ name: "invoice/42", token }, () => {
      // Two statements: others could come between, if the transaction did not keep them out.
      database.exec("DELETE FROM invoice");
      database.prepare("INSERT INTO invoice (total) VALUES (?)").run(value);
    });
    scope.postMessage("written");
  } catch (error) {
    scope.postMessage(error instanceof StaleTokenError ? "stale" : String(error));
  } finally {
    database.close();
  }
};
