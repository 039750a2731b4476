import { deepEqual, equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fenced, type Handler, REQUESTS_PER_NAME_MAX } from "../../../examples/fencing/http.ts";
import { SqliteFence } from "../../../examples/fencing/sqlite.ts";
import { StaleTokenError } from "../../../examples/fencing/stale_token_error.ts";
import { temporaryDirectory } from "../../support/daemon.ts";
import { FENCING_CASES } from "../../support/fencing/fencing_cases.ts";

/** The name of the lock is the path; who only reads needs none. */
const nameOf = ({ method, url }: Request) => method === "GET" ? undefined : new URL(url).pathname.slice(1);

/** Serves a handler behind the check, with the tokens in a database. */
function serve(handler: Handler, path = ":memory:"): AsyncDisposable & { readonly url: string } {
  const database = new DatabaseSync(path);
  const fence = new SqliteFence(database);
  const guarded = fenced(handler, { nameOf, raise: (name, token) => fence.raise(name, token) });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, guarded);
  return {
    url: `http://127.0.0.1:${server.addr.port}/invoice/42`,
    [Symbol.asyncDispose]: async () => {
      await server.shutdown();
      database.close();
    },
  };
}

/** What a write is answered. */
async function put(url: string, body: string, token?: string): Promise<{ status: number; code?: string }> {
  const headers: HeadersInit = token === undefined ? {} : { "Fencing-Token": token };
  const response = await fetch(url, { method: "PUT", body, headers });
  const text = await response.text();
  return { status: response.status, ...(response.ok ? {} : { code: JSON.parse(text).code }) };
}

for (const { title, run } of FENCING_CASES) {
  Deno.test(`[I-3] a handler behind fenced: ${title}`, async () => {
    let value: string | undefined;
    await using server = serve(async (request) => {
      if (request.method === "GET") {
        return new Response(value ?? null, { status: value === undefined ? 204 : 200 });
      }
      const text = await request.text();
      value = undefined;
      // A handler that others could come between, if they were let in.
      await new Promise((resolve) => setTimeout(resolve, 0));
      value = text;
      return new Response("written");
    });
    await run(() =>
      Promise.resolve({
        async write(text, token) {
          const { status } = await put(server.url, text, String(token));
          if (status === 412) throw new StaleTokenError(server.url, token);
          equal(status, 200);
        },
        async read() {
          return await (await fetch(server.url)).text() || undefined;
        },
      })
    );
  });
}

Deno.test("[I-3] fenced lets a newer holder in when the handler of an old one has ended, and no old one after that", async () => {
  const order: string[] = [];
  using database = new DatabaseSync(":memory:");
  const fence = new SqliteFence(database);
  const oldIsIn = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const handler = fenced(async (request) => {
    const text = await request.text();
    order.push(`${text} in`);
    if (text === "old") {
      oldIsIn.resolve();
      await mayEnd.promise;
    }
    order.push(`${text} out`);
    return new Response();
  }, { nameOf, raise: (name, token) => fence.raise(name, token) });
  const send = (body: string, token: string) =>
    handler(new Request("http://x/a", { method: "PUT", body, headers: { "fencing-token": token } }));
  const [old, next, late] = [send("old", "1"), send("new", "2"), send("late", "1")];
  await oldIsIn.promise;
  mayEnd.resolve();
  equal((await old).status, 200);
  equal((await next).status, 200);
  equal((await late).status, 412);
  deepEqual(order, ["old in", "old out", "new in", "new out"]);
});

Deno.test("fenced lets only so many requests of a name wait, and none of another name for them", async () => {
  const mayEnd = Promise.withResolvers<void>();
  const handler = fenced(async ({ url }) => {
    if (url.endsWith("/a")) await mayEnd.promise;
    return new Response();
  }, { nameOf, raise: () => {} });
  const send = (path: string) =>
    handler(new Request(`http://x/${path}`, { method: "PUT", headers: { "fencing-token": "1" } }));
  const waiting = Array.from({ length: REQUESTS_PER_NAME_MAX }, () => send("a"));
  equal((await send("a")).status, 503);
  equal((await send("b")).status, 200);
  mayEnd.resolve();
  for (const response of waiting) equal((await response).status, 200);
  equal((await send("a")).status, 200);
});

Deno.test("fenced refuses writes without a token, or with one that is none", async () => {
  await using server = serve(() => new Response("written"));
  deepEqual(await put(server.url, "x"), { status: 428, code: "BAD_REQUEST" });
  for (const token of ["", "x", "1.5", "-1", "1e3", "9007199254740992", "0x10"]) {
    deepEqual(await put(server.url, "x", token), { status: 400, code: "BAD_REQUEST" }, token);
  }
  deepEqual(await put(server.url, "x", "9007199254740991"), { status: 200 });
  deepEqual(await put(server.url, "x", "9007199254740990"), { status: 412, code: "STALE_TOKEN" });
});

Deno.test("[I-3] fenced goes on after a handler that failed, and after a restart of the server", async () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/tokens.db`;
  {
    let isFirst = true;
    await using server = serve(() => {
      if (isFirst) {
        isFirst = false;
        return Promise.reject(new Error("as the test wants"));
      }
      return new Response("written");
    }, path);
    equal(
      (await fetch(server.url, { method: "PUT", headers: { "Fencing-Token": "5" } }).then((response) =>
        response.text().then(() => response)
      )).status,
      500,
    );
    deepEqual(await put(server.url, "x", "5"), { status: 200 });
  }
  await using server = serve(() => new Response("written"), path);
  deepEqual(await put(server.url, "x", "4"), { status: 412, code: "STALE_TOKEN" });
  deepEqual(await put(server.url, "x", "5"), { status: 200 });
});
