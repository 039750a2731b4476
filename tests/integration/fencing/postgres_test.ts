import { equal, rejects } from "node:assert/strict";
import type { Sql } from "postgres";
import { fencedTransaction, fencedUpsert } from "../../../examples/fencing/postgres.ts";
import { StaleTokenError } from "../../../examples/fencing/stale_token_error.ts";
import { temporaryDirectory } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";
import { FENCING_CASES, type GuardedValue } from "../../support/fencing/fencing_cases.ts";
import { POSTGRES, type PostgresServer, startPostgres } from "../../support/fencing/postgres_server.ts";
import { needing } from "../../support/fencing/program.ts";

const FENCE = Deno.readTextFileSync(new URL("../../../examples/fencing/fence.sql", import.meta.url));
const SETTING = "CREATE TABLE setting (name text PRIMARY KEY, value text NOT NULL, token bigint NOT NULL)";
const name = "invoice/42";

/** Runs `body` with a server of its own that has the tables of the examples. */
async function withPostgres(body: (server: PostgresServer, sql: Sql) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  await using server = await startPostgres(directory.path);
  const sql = server.connect();
  await sql.unsafe(FENCE);
  await sql.unsafe(SETTING);
  await sql`CREATE TABLE invoice (total text NOT NULL)`;
  await body(server, sql);
}

/** The ways to write that are shown to users. */
const WAYS: Readonly<Record<string, (sql: Sql) => GuardedValue>> = {
  fencedUpsert: (sql) => ({
    write: (value, token) => fencedUpsert(sql, { name, token }, value),
    read: async () => (await sql`SELECT value FROM setting`)[0]?.value,
  }),
  fencedTransaction: (sql) => ({
    write: (value, token) =>
      fencedTransaction(sql, { name, token }, async (sql) => {
        // Two statements: others could come between, if the fence did not hold them back.
        await sql`DELETE FROM invoice`;
        await sql`INSERT INTO invoice (total) VALUES (${value})`;
      }),
    read: async () => (await sql`SELECT total FROM invoice`)[0]?.total,
  }),
};

for (const [way, open] of Object.entries(WAYS)) {
  for (const { title, run } of FENCING_CASES) {
    Deno.test({
      ...needing(POSTGRES, `[I-3] ${way} in PostgreSQL: ${title}`, "postgresql"),
      fn: () => withPostgres((server) => run(() => Promise.resolve(open(server.connect())))),
    });
  }
}

Deno.test({
  ...needing(
    POSTGRES,
    "[I-3] fencedTransaction of an old holder waits for the one of a new holder",
    "postgresql",
  ),
  fn: () =>
    withPostgres(async (server, sql) => {
      const newer = Promise.withResolvers<void>();
      const mayCommit = Promise.withResolvers<void>();
      const [one, two] = [server.connect(), server.connect()];
      const written = fencedTransaction(one, { name, token: 2 }, async (sql) => {
        await sql`INSERT INTO invoice (total) VALUES ('new')`;
        newer.resolve();
        await mayCommit.promise;
      });
      await newer.promise;
      const late = fencedTransaction(two, { name, token: 1 }, (sql) => sql`DELETE FROM invoice`);
      const refused = rejects(late, StaleTokenError);
      await eventually("the old holder waits", async () => {
        const waiting = await sql`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
        return waiting.length > 0;
      });
      mayCommit.resolve();
      await Promise.all([written, refused]);
      equal((await sql`SELECT total FROM invoice`)[0]?.total, "new");
    }),
});

Deno.test({
  ...needing(
    POSTGRES,
    "[I-3] fencedTransaction that fails gives its own error, and leaves the fence as it was",
    "postgresql",
  ),
  fn: () =>
    withPostgres(async (_server, sql) => {
      const failing = fencedTransaction(sql, { name, token: 7 }, (sql) => sql`SELECT 1 / 0`);
      await rejects(failing, { code: "22012" });
      await fencedTransaction(
        sql,
        { name, token: 3 },
        (sql) => sql`INSERT INTO invoice (total) VALUES ('x')`,
      );
      equal((await sql`SELECT token FROM fence`)[0]?.token, "3");
    }),
});
