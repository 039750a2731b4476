// What web pages may ask of the HTTP port, and how WebSockets of the original's dialect say who they are.
import { equal, match, ok } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { rawHttp, UPGRADE } from "../support/raw_http.ts";
import { testToken, writeTokens } from "../support/tokens.ts";

const PATHS = ["/v1/ws", "/distrilock", "/v1/status", "/", "/nowhere"];

Deno.test("[P-85] no page of another origin gets an answer on any path, whatever the method", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  const host = `Host: 127.0.0.1:${daemon.httpPort}`;
  for (const path of PATHS) {
    for (const origin of ["https://evil.example", "null", "http://localhost:3000"]) {
      const upgrade = await rawHttp(daemon.httpPort, [
        `GET ${path} HTTP/1.1`,
        host,
        `Origin: ${origin}`,
        ...UPGRADE,
      ]);
      equal(upgrade.status, 403, upgrade.text);
      for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS"]) {
        const type = method === "POST" ? ["Content-Type: text/plain"] : [];
        const answer = await rawHttp(daemon.httpPort, [
          `${method} ${path} HTTP/1.1`,
          host,
          `Origin: ${origin}`,
          ...type,
        ]);
        equal(answer.status, 403, `${method} ${path} ${answer.text}`);
        ok(!/access-control-allow/i.test(answer.text), answer.text);
      }
    }
  }
  equal(daemon.daemon.addresses.http?.hostname, "127.0.0.1");
});

Deno.test("[P-85] a name that was pointed at the daemon gets no answer, and the daemon's own names do", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, ["--allow-origin", "https://app.example"]);
  const { httpPort } = daemon;
  const status = async (...lines: string[]) =>
    (await rawHttp(httpPort, ["GET /v1/ws HTTP/1.1", ...lines, ...UPGRADE])).status;
  const rebound = `evil.example:${httpPort}`;
  equal(await status(`Host: ${rebound}`, `Origin: http://${rebound}`), 403);
  equal(await status(`Host: ${rebound}`), 403);
  for (const host of ["localhost", "127.0.0.1", "[::1]", "app.example"]) {
    equal(await status(`Host: ${host}:${httpPort}`), 101, host);
    equal(await status(`Host: ${host}:${httpPort}`, `Origin: http://${host}:${httpPort}`), 101, host);
    equal(await status(`Host: ${host}:${httpPort}`, "Origin: https://app.example"), 101, host);
  }
});

Deno.test("[L-12] the request for the original's WebSocket says who asks, in a header or a subprotocol", async () => {
  using directory = temporaryDirectory();
  using files = temporaryDirectory();
  const path = `${files.path}/tokens`;
  writeTokens(path, { alice: "read,acquire:a*" });
  await using daemon = startDaemon(directory.path, ["--tokens-file", path, "--refusal-pause", "1ms"]);
  const ask = (...lines: string[]) =>
    rawHttp(daemon.httpPort, ["GET /distrilock HTTP/1.1", "Host: localhost", ...lines, ...UPGRADE]);
  const [good, bad] = [testToken("alice"), testToken("eve")];
  equal((await ask(`Authorization: Bearer ${good}`)).status, 101);
  equal((await ask(`authorization: bearer ${good}`)).status, 101);
  const agreed = await ask(`Sec-WebSocket-Protocol: distrilock, bearer.${good}`);
  equal(agreed.status, 101);
  match(agreed.text, /sec-websocket-protocol: distrilock\r\n/i);
  for (
    const lines of [
      [],
      [`Authorization: Bearer ${bad}`],
      [`Authorization: Basic ${good}`],
      [`Authorization: ${good}`],
      ["Authorization: Bearer"],
      [`Authorization: Bearer ${good} ${good}`],
      [`Authorization: Bearer ${bad}`, `Sec-WebSocket-Protocol: distrilock, bearer.${good}`],
      [`Sec-WebSocket-Protocol: distrilock, bearer.${bad}`],
      ["Sec-WebSocket-Protocol: distrilock, bearer."],
    ]
  ) {
    const answer = await ask(...lines);
    equal(answer.status, 401, lines.join());
    match(answer.text, /www-authenticate: bearer/i);
    ok(!answer.text.includes(good) && !answer.text.includes(bad));
  }
  // A token in the URL is none: it would end in logs.
  const url = await rawHttp(daemon.httpPort, [
    `GET /distrilock?token=${good}&access_token=${good} HTTP/1.1`,
    "Host: localhost",
    ...UPGRADE,
  ]);
  equal(url.status, 401);
});

Deno.test("[P-85] an allowed page may ask, also by a preflight, and sees answers that refuse", async () => {
  using directory = temporaryDirectory();
  using files = temporaryDirectory();
  const path = `${files.path}/tokens`;
  writeTokens(path, { alice: "read,acquire:a*" });
  const origin = "https://app.example";
  const flags = ["--tokens-file", path, "--refusal-pause", "1ms", "--allow-origin", origin];
  await using daemon = startDaemon(directory.path, flags);
  const ask = (line: string, ...lines: string[]) =>
    rawHttp(daemon.httpPort, [`${line} HTTP/1.1`, "Host: locks.example", `Origin: ${origin}`, ...lines]);
  const preflight = await ask(
    "OPTIONS /v1/locks",
    "Access-Control-Request-Method: POST",
    "Access-Control-Request-Headers: authorization,content-type",
  );
  equal(preflight.status, 204);
  match(preflight.text, /access-control-allow-headers: .*authorization/i);
  for (const [token, status] of [["alice", 200], ["eve", 401]] as const) {
    const answer = await ask("GET /v1/names", `Authorization: Bearer ${testToken(token)}`);
    equal(answer.status, status);
    match(answer.text, new RegExp(`access-control-allow-origin: ${origin}\r\n`, "i"));
    ok(!/access-control-allow-credentials/i.test(answer.text));
  }
});
