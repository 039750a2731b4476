import { equal, rejects } from "node:assert/strict";
import { fencedPut, TOKEN_HEADER } from "../../../examples/fencing/object_store.ts";
import { StaleTokenError } from "../../../examples/fencing/stale_token_error.ts";
import { FENCING_CASES } from "../../support/fencing/fencing_cases.ts";
import { ObjectServer } from "../../support/fencing/object_server.ts";

/** What an object is. */
async function read(url: string): Promise<string | undefined> {
  const response = await fetch(url);
  const text = await response.text();
  return response.ok ? text : undefined;
}

for (const { title, run } of FENCING_CASES) {
  Deno.test(`[I-3] fencedPut to an object store: ${title}`, async () => {
    await using server = new ObjectServer();
    const url = server.url("reports/today");
    await run(() =>
      Promise.resolve({
        write: (body, token) => fencedPut(url, { body, token }),
        read: () => read(url),
      })
    );
  });
}

for (const isNew of [true, false]) {
  const state = isNew ? "is not there" : "is there";
  Deno.test(`[I-3] fencedPut of an object that ${state} is refused when a newer one came between look and write`, async () => {
    await using server = new ObjectServer();
    const url = server.url("reports/today");
    if (!isNew) await fencedPut(url, { body: "before", token: 1 });
    let isFirst = true;
    server.beforePut = async () => {
      if (!isFirst) return;
      isFirst = false;
      await fencedPut(url, { body: "new", token: 3 });
    };
    await rejects(fencedPut(url, { body: "late", token: 2 }), StaleTokenError);
    equal(await read(url), "new");
  });
}

Deno.test("[I-3] fencedPut is done when an older one came between look and write", async () => {
  await using server = new ObjectServer();
  const url = server.url("reports/today");
  let isFirst = true;
  server.beforePut = async () => {
    if (!isFirst) return;
    isFirst = false;
    await fencedPut(url, { body: "old", token: 1 });
  };
  await fencedPut(url, { body: "new", token: 2 });
  equal(await read(url), "new");
  const found = await fetch(url, { method: "HEAD" });
  equal(found.headers.get(TOKEN_HEADER), "2");
});

Deno.test("fencedPut gives up when the store does, or when others write all the time", async () => {
  const answering = (head: number, put: number) => ({ method }: Request) =>
    Promise.resolve(new Response(null, { status: method === "HEAD" ? head : put, headers: { etag: '"1"' } }));
  const put = (fetch: (request: Request) => Promise<Response>) =>
    fencedPut("http://store.example/a", { body: "x", token: 1, fetch });
  await rejects(put(answering(403, 200)), /the store answered 403/);
  await rejects(put(answering(200, 500)), /the store answered 500/);
  await rejects(put(answering(404, 412)), /others wrote in between, 20 times/);
  await put(answering(404, 201));
});
