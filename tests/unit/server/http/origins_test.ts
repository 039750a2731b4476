// Pages of an allowed origin against the application, without a socket.
import { deepEqual, equal } from "node:assert/strict";
import { SYSTEM_CLOCK } from "../../../../server/base/clock.ts";
import { createApp, type HttpEnv, type HttpParts } from "../../../../server/http/app.ts";
import { OPEN_ACCESS } from "../../../../server/session/access.ts";

const OWN = "https://app.example";

/**
 * The application of a daemon that allows one origin; nothing that these tests ask gets as far as a session.
 */
const APP = createApp({
  limits: { frameBytesMax: 4_096, helloTimeoutMs: 1_000, httpWaitMsMax: 1_000 },
  sessions: { clock: SYSTEM_CLOCK },
  administration: { admit: () => ({ status: () => ({ ok: true }) }) },
  serverName: "s",
  identify: () => OPEN_ACCESS,
  allowsOrigin: (origin: string) => origin === OWN,
  apiKey: "k3y",
  keySecret: new Uint8Array(32),
} as unknown as HttpParts);

async function ask(line: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const [method = "", path = ""] = line.split(" ");
  const env: HttpEnv["Bindings"] = { completed: Promise.resolve(), remoteAddr: { hostname: "127.0.0.1" } };
  const request = new Request(`http://locks.example${path}`, { method, headers });
  return await APP.fetch(request, env);
}

Deno.test("[H-4] guardOrigins lets pages of allowed origins see every answer, refusals and other dialects too", async () => {
  const lines: readonly [line: string, status: number][] = [
    ["GET /v1/status", 200],
    ["POST /v1/locks", 400],
    ["GET /v1/locks/s.1", 400],
    ["GET /v1/nothing", 404],
    ["PATCH /v1/locks", 405],
    ["GET /getLock/a", 400],
    ["GET /status?auth=x", 401],
  ];
  for (const [line, status] of lines) {
    const answer = await ask(line, { origin: OWN, host: "locks.example" });
    equal(answer.status, status, line);
    deepEqual([...answer.headers].filter(([name]) => /^(access-control|vary)/.test(name)), [
      ["access-control-allow-origin", OWN],
      ["access-control-expose-headers", "location, retry-after, allow"],
      ["vary", "Origin"],
    ], line);
  }
});

Deno.test("[H-4] guardOrigins answers a preflight itself", async () => {
  const answer = await ask("OPTIONS /v1/locks", { origin: OWN, "access-control-request-method": "POST" });
  equal(answer.status, 204);
  equal(answer.headers.get("access-control-allow-origin"), OWN);
  equal(answer.headers.get("access-control-allow-methods"), "GET, HEAD, POST, PUT, DELETE");
  for (
    const name of ["distrilock-key", "idempotency-key", "authorization", "content-type", "last-event-id"]
  ) {
    equal(answer.headers.get("access-control-allow-headers")?.includes(name), true, name);
  }
  const plain = await ask("OPTIONS /v1/locks", { origin: OWN });
  deepEqual([plain.status, plain.headers.get("allow")], [204, "POST, OPTIONS"]);
});

Deno.test("[H-4] guardOrigins refuses whatever only looks like an allowed origin", async () => {
  for (
    const origin of [
      `${OWN}.evil`,
      "http://app.example",
      `${OWN}:444`,
      "null",
      "https://APP.example",
      "http://locks.example.evil",
    ]
  ) {
    for (const line of ["GET /v1/status", "OPTIONS /v1/locks"]) {
      const answer = await ask(line, {
        origin,
        host: "locks.example",
        "access-control-request-method": "POST",
      });
      deepEqual([answer.status, answer.headers.get("access-control-allow-origin")], [403, null], origin);
    }
  }
});

Deno.test("[H-4] guardOrigins asks nobody who is no page, or a page of its own", async () => {
  for (const headers of [{}, { origin: "http://locks.example", host: "locks.example" }]) {
    const answer = await ask("GET /v1/status", headers);
    deepEqual([answer.status, answer.headers.get("access-control-allow-origin")], [200, null]);
  }
});
