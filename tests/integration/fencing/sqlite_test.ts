import { equal, throws } from "node:assert/strict";
import { SqliteFence } from "../../../examples/fencing/sqlite.ts";
import { StaleTokenError } from "../../../examples/fencing/stale_token_error.ts";
import { temporaryDirectory } from "../../support/daemon.ts";
import { FENCING_CASES } from "../../support/fencing/fencing_cases.ts";
import { openValue, readValue } from "../../support/fencing/sqlite_value.ts";
import type { SqliteWrite, SqliteWritten } from "../../support/fencing/sqlite_writer.ts";

const WRITER = new URL("../../support/fencing/sqlite_writer.ts", import.meta.url);

/** A thread of its own that writes. */
class Writer implements Disposable {
  readonly #worker = new Worker(WRITER, { type: "module" });

  async write(write: SqliteWrite): Promise<void> {
    const written = await new Promise<SqliteWritten>((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.onerror = ({ message }) => reject(new Error(message));
      this.#worker.postMessage(write);
    });
    if (written === "stale") throw new StaleTokenError(write.path, write.token);
    equal(written, "written");
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

for (const { title, run } of FENCING_CASES) {
  Deno.test(`[I-3] SqliteFence between threads: ${title}`, async () => {
    using directory = temporaryDirectory();
    const path = `${directory.path}/invoices.db`;
    using stack = new DisposableStack();
    await run(() => {
      const writer = stack.use(new Writer());
      const reader = stack.adopt(openValue(path), (database) => database.close());
      return Promise.resolve({
        write: (value, token) => writer.write({ path, value, token }),
        read: () => Promise.resolve(readValue(reader)),
      });
    });
  });
}

Deno.test("[I-3] SqliteFence.transaction keeps everybody out from its look at the token until it has ended", () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/invoices.db`;
  using stack = new DisposableStack();
  const [one, two] = [openValue(path, 0), openValue(path, 0)].map((database) =>
    stack.adopt(database, () => database.close())
  );
  const [old, next] = [new SqliteFence(one!), new SqliteFence(two!)];
  old.transaction({ name: "a", token: 1 }, () => {
    throws(() => next.transaction({ name: "a", token: 2 }, () => {}), /database is locked/);
    one!.exec("INSERT INTO invoice (total) VALUES ('old')");
  });
  next.transaction({ name: "a", token: 2 }, () => two!.exec("UPDATE invoice SET total = 'new'"));
  throws(
    () => old.transaction({ name: "a", token: 1 }, () => one!.exec("DELETE FROM invoice")),
    StaleTokenError,
  );
  equal(readValue(one!), "new");
});

Deno.test("[I-3] SqliteFence.transaction that fails gives its own error, and leaves the fence as it was", () => {
  const database = openValue(":memory:");
  const fence = new SqliteFence(database);
  const failing = () => {
    throw new RangeError("no");
  };
  throws(() => fence.transaction({ name: "a", token: 7 }, failing), RangeError);
  fence.transaction({ name: "a", token: 3 }, () => {});
  fence.transaction({ name: "b", token: 1 }, () => {});
  throws(() => fence.raise("a", 2), StaleTokenError);
  database.close();
});
