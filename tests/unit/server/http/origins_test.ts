import { deepEqual, equal } from "node:assert/strict";
import { Refusal } from "../../../../server/dialect/rest_problem.ts";

import { guardOrigins } from "../../../../server/http/origins.ts";

type Guard = ReturnType<typeof guardOrigins>;
type Context = Parameters<Guard>[0];

/** A request as the guard sees it, with what it does to the answer. */
async function ask(
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ passed: boolean; refused: boolean; told: Record<string, string>; status?: number }> {
  const told: Record<string, string> = {};
  let status: number | undefined;
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const context = {
    req: { method, header: (name: string) => lower[name.toLowerCase()] },
    header: (name: string, value: string) => void (told[name] = value),
    body: (_body: null, code: number) => {
      status = code;
      return new Response(null, { status: code });
    },
  } as unknown as Context;
  let [passed, refused] = [false, false];
  const guard = guardOrigins((origin) => origin === "https://app.example");
  try {
    await guard(context, () => {
      passed = true;
      return Promise.resolve();
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refused = true;
  }
  return { passed, refused, told, ...(status === undefined ? {} : { status }) };
}

Deno.test("[H-4] guardOrigins lets pages of allowed origins see the answers", async () => {
  const answer = await ask("GET", { Origin: "https://app.example", Host: "locks.example" });
  equal(answer.passed, true);
  deepEqual(answer.told, {
    vary: "Origin",
    "access-control-allow-origin": "https://app.example",
    "access-control-expose-headers": "location, retry-after, allow",
  });
});

Deno.test("[H-4] guardOrigins answers a preflight itself", async () => {
  const headers = { Origin: "https://app.example", "Access-Control-Request-Method": "POST" };
  const { passed, status, told } = await ask("OPTIONS", headers);
  deepEqual([passed, status], [false, 204]);
  equal(told["access-control-allow-methods"], "GET, HEAD, POST, PUT, DELETE");
  for (
    const name of ["distrilock-key", "idempotency-key", "authorization", "content-type", "last-event-id"]
  ) {
    equal(told["access-control-allow-headers"]?.includes(name), true, name);
  }
});

Deno.test("[H-4] guardOrigins refuses whatever only looks like an allowed origin", async () => {
  const foreign = [
    "https://app.example.evil",
    "http://app.example",
    "https://app.example:444",
    "null",
    "https://APP.example",
  ];
  for (const Origin of foreign) {
    const { passed, refused, told } = await ask("GET", { Origin, Host: "locks.example" });
    deepEqual([passed, refused, told["access-control-allow-origin"]], [false, true, undefined], Origin);
  }
});

Deno.test("[H-4] guardOrigins asks nobody who is no page", async () => {
  deepEqual(await ask("GET", { Host: "locks.example" }), { passed: true, refused: false, told: {} });
});
