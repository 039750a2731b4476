import { equal, rejects } from "node:assert/strict";
import type { Sql } from "postgres";
import { fencedTransaction, fencedUpsert } from "../../../examples/fencing/postgres.ts";
import { StaleTokenError } from "../../../examples/fencing/stale_token_error.ts";
import { temporaryDirectory } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";
import { FENCING_CASES, type GuardedValue } from "../../support/fencing/fencing_cases.ts";
import { POSTGRES, type PostgresDatabase, startPostgres } from "../../support/fencing/postgres_server.ts";
import { needing } from "../../support/fencing/program.ts";

const FENCE = Deno.readTextFileSync(new URL("../../../examples/fencing/fence.sql", import.meta.url));
const SETTING = "CREATE TABLE setting (name text PRIMARY KEY, value text NOT NULL, token bigint NOT NULL)";
const name = "invoice/42";

/** A step of the test: it has a database of its own, with the tables of the examples. */
interface Step {
  readonly title: string;
  run(database: PostgresDatabase, sql: Sql): Promise<void>;
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

const STEPS: readonly Step[] = [
  ...Object.entries(WAYS).flatMap(([way, open]) =>
    FENCING_CASES.map(({ title, run }): Step => ({
      title: `${way}: ${title}`,
      run: (database) => run(() => Promise.resolve(open(database.connect()))),
    }))
  ),
  {
    title: "fencedTransaction of an old holder waits for the one of a new holder",
    async run(database, sql) {
      const newer = Promise.withResolvers<void>();
      const mayCommit = Promise.withResolvers<void>();
      const [one, two] = [database.connect(), database.connect()];
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
    },
  },
  {
    title: "fencedTransaction that fails gives its own error, and leaves the fence as it was",
    async run(_database, sql) {
      const failing = fencedTransaction(sql, { name, token: 7 }, (sql) => sql`SELECT 1 / 0`);
      await rejects(failing, { code: "22012" });
      await fencedTransaction(
        sql,
        { name, token: 3 },
        (sql) => sql`INSERT INTO invoice (total) VALUES ('x')`,
      );
      equal((await sql`SELECT token FROM fence`)[0]?.token, "3");
    },
  },
];

Deno.test({
  ...needing(POSTGRES, "[I-3] PostgreSQL with a fence refuses late writers", "postgresql"),
  async fn(test) {
    using directory = temporaryDirectory();
    await using server = await startPostgres(directory.path);
    for (const { title, run } of STEPS) {
      await test.step(title, async () => {
        const database = await server.create();
        const sql = database.connect();
        await sql.unsafe(FENCE);
        await sql.unsafe(SETTING);
        await sql`CREATE TABLE invoice (total text NOT NULL)`;
        await run(database, sql);
      });
    }
  },
});
