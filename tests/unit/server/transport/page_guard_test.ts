import { equal, match } from "node:assert/strict";
import { PageGuard } from "../../../../server/transport/page_guard.ts";

const APP = "https://app.example";

/**
 * What a browser, or a program, sends: host and other headers; and whether it is answered by a daemon that
 * lets strangers in, and by one that does not.
 */
const REQUESTS: readonly (readonly [
  what: string,
  headers: Readonly<Record<string, string>>,
  open: boolean,
  guarded: boolean,
])[] = [
  ["a program", { host: "127.0.0.1:13124" }, true, true],
  ["a program, by name", { host: "localhost:13124" }, true, true],
  ["a program, by IPv6", { host: "[::1]:13124" }, true, true],
  ["a program, by the host that was configured", { host: "Locks.Internal:13124" }, true, true],
  ["a program that says no more than the address", { host: "127.0.0.1" }, true, true],
  ["our own page", { host: "localhost:13124", origin: "http://localhost:13124" }, true, true],
  ["our own page through a proxy with TLS", { host: "app.example", origin: APP }, true, true],
  ["an allowed page", { host: "127.0.0.1:13124", origin: APP }, true, true],
  ["an allowed page on another port", { host: "127.0.0.1:13124", origin: `${APP}:8443` }, false, false],
  ["an allowed page without TLS", { host: "127.0.0.1:13124", origin: "http://app.example" }, false, false],
  [
    "a page whose name begins like an allowed one",
    { host: "127.0.0.1:13124", origin: `${APP}.evil.example` },
    false,
    false,
  ],
  ["a random page", { host: "127.0.0.1:13124", origin: "https://evil.example" }, false, false],
  [
    "a random page of this machine",
    { host: "127.0.0.1:13124", origin: "http://localhost:3000" },
    false,
    false,
  ],
  [
    "our page by another name of this machine",
    { host: "127.0.0.1:13124", origin: "http://localhost:13124" },
    false,
    false,
  ],
  ["a page without an origin of its own", { host: "127.0.0.1:13124", origin: "null" }, false, false],
  [
    "a page whose name points at us",
    { host: "evil.example:13124", origin: "http://evil.example:13124" },
    false,
    true,
  ],
  ["a fetch of a page whose name points at us", { host: "evil.example:13124" }, false, true],
  ["a name that only looks like an address", { host: "127.0.0.1.evil.example" }, false, true],
  ["a name that ends like localhost", { host: "evillocalhost:13124" }, false, true],
  ["a name below localhost", { host: "locks.localhost:13124" }, true, true],
  ["no name at all", { host: "" }, false, true],
  [
    "an image of another site",
    { host: "127.0.0.1:1", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    false,
    false,
  ],
  [
    "a script of a neighbour",
    { host: "localhost:1", "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" },
    false,
    false,
  ],
  [
    "a link that was followed",
    { host: "localhost:1", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    true,
    true,
  ],
  [
    "an image of our own page",
    { host: "localhost:1", "sec-fetch-site": "same-origin", "sec-fetch-mode": "no-cors" },
    true,
    true,
  ],
  [
    "an address typed by hand",
    { host: "localhost:1", "sec-fetch-site": "none", "sec-fetch-mode": "navigate" },
    true,
    true,
  ],
];

for (const [what, headers, open, guarded] of REQUESTS) {
  Deno.test(`[P-85] PageGuard ${open ? "answers" : "refuses"} ${what}${open === guarded ? "" : ", unless all need a token"}`, () => {
    for (const [admitsStrangers, answered] of [[true, open], [false, guarded]] as const) {
      const guard = new PageGuard({
        origins: [APP],
        host: "locks.internal",
        isLoopback: true,
        admitsStrangers: () => admitsStrangers,
      });
      const refusal = guard.refusal({ headers: new Headers(headers), url: "http://127.0.0.1:13124/v1/ws" });
      equal(refusal === undefined, answered, refusal?.message);
      if (refusal) equal(refusal.code, "DENIED");
    }
  });
}

Deno.test("[P-85] PageGuard takes the host of the address where there is no header, and shows what it refuses in one line", () => {
  const guard = new PageGuard({
    origins: [],
    host: "localhost",
    isLoopback: true,
    admitsStrangers: () => true,
  });
  equal(guard.refusal({ headers: new Headers(), url: "https://localhost/v1/ws" }), undefined);
  const refusal = guard.refusal({
    headers: new Headers(),
    url: `https://${"a".repeat(60)}.${"b".repeat(60)}.example/`,
  });
  match(refusal?.message ?? "", /^Cannot answer a request to "a{60}\.b{39}": want/);
});

Deno.test("PageGuard lets an origin of no page of its own in only when it is told so", () => {
  const guard = new PageGuard({
    origins: ["null"],
    host: "localhost",
    isLoopback: true,
    admitsStrangers: () => false,
  });
  equal(guard.allowsOrigin("null"), true);
  equal(guard.refusal({ headers: new Headers({ host: "x", origin: "null" }), url: "http://x/" }), undefined);
});

Deno.test("[P-85] PageGuard takes every host beyond loopback, and pages of other origins nowhere", () => {
  const guard = new PageGuard({
    origins: [],
    host: "0.0.0.0",
    isLoopback: false,
    admitsStrangers: () => true,
  });
  const ask = (headers: Record<string, string>) =>
    guard.refusal({ headers: new Headers(headers), url: "http://x/" });
  equal(ask({ host: "distrilock:13124" }), undefined);
  equal(ask({ host: "distrilock:13124", origin: "https://evil.example" })?.code, "DENIED");
});
