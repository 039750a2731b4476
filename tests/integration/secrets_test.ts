// No token and no secret of a session is in anything that a daemon says, whatever goes wrong; and what peers
// say cannot forge a line of its log.
import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { overTcp } from "../support/hostile_input.ts";
import { rawHttp, UPGRADE } from "../support/raw_http.ts";
import { connectRaw, type RawMessage } from "../support/raw_peer.ts";
import { testToken, writeTokens } from "../support/tokens.ts";

const GOOD = testToken("alice");
const WRONG = ["wrong-token-00000000000000000000", "short", "ü-not-ascii-ü", `long-${"l".repeat(600)}`];

async function sayNative(daemon: DaemonProcess): Promise<string[]> {
  const said: string[] = [];
  for (const token of [GOOD, ...WRONG, "two words", 7, { nested: WRONG[0] }]) {
    for (const transport of ["tcp", "websocket"] as const) {
      await using peer = await connectRaw(daemon, transport, { hello: false });
      const { secret: _secret, ...hello }: RawMessage = await peer.ask({
        id: 1,
        op: "hello",
        version: 1,
        token,
        grace: 1_000,
      });
      said.push(JSON.stringify(hello));
      peer.end();
    }
  }
  return said;
}

async function sayText(daemon: DaemonProcess): Promise<string[]> {
  const encoder = new TextEncoder();
  const lines = [GOOD, ...WRONG].flatMap((token) => [
    `AUTH ${token} n\nTRY a/1 1000 n\n`,
    `auth ${token} n\n`,
    `AUTH ${token}\n`,
    `AUTH n ${token} x\n`,
  ]);
  const said = await Promise.all(lines.map((line) => overTcp(daemon, [encoder.encode(line)])));
  // Each has an answer, though its peer ended its side: what is not said cannot be searched.
  for (const answer of said) notEqual(answer, "");
  return said;
}

async function sayHttp({ httpPort }: DaemonProcess): Promise<string[]> {
  const said: string[] = [];
  for (const token of [GOOD, ...WRONG.filter((one) => !one.startsWith("ü"))]) {
    for (
      const lines of [
        ["GET /v1/status HTTP/1.1", `Authorization: Bearer ${token}`],
        ["GET /distrilock HTTP/1.1", `Authorization: Bearer ${token}`, ...UPGRADE],
        ["GET /distrilock HTTP/1.1", `Sec-WebSocket-Protocol: distrilock, bearer.${token}`, ...UPGRADE],
        [`GET /v1/status?token=${token} HTTP/1.1`],
        ["GET /v1/status HTTP/1.1", `Authorization: ${token}`],
        ["POST /v1/status HTTP/1.1", `Authorization: Bearer ${token}`],
      ]
    ) said.push((await rawHttp(httpPort, [lines[0] ?? "", "Host: localhost", ...lines.slice(1)])).text);
  }
  return said;
}

/** The secret of a session that was resumed, and what was said of it. */
async function resumeOnce(daemon: DaemonProcess): Promise<{ secret: string; said: string[] }> {
  const said: string[] = [];
  const ask = async (fields: object) => {
    const peer = await connectRaw(daemon, "tcp", { hello: false });
    const answer = await peer.ask({ id: 1, op: "hello", version: 1, token: GOOD, ...fields });
    return { peer, answer };
  };
  const { peer, answer: { session, secret, ...rest } } = await ask({ grace: 60_000 });
  said.push(JSON.stringify(rest));
  peer.end();
  await peer[Symbol.asyncDispose]();
  for (
    const resume of [
      { session, secret },
      { session, secret: `${secret}x` },
      { session: secret, secret: session },
      { session, secret: secret.repeat(20) },
      { session, secret, more: 1 },
    ]
  ) {
    const again = await ask({ resume });
    said.push(JSON.stringify(again.answer));
    await again.peer[Symbol.asyncDispose]();
  }
  return { secret, said };
}

Deno.test("[P-80] no token and no secret comes back in an answer, a log line or the audit", async () => {
  using directory = temporaryDirectory();
  const tokens = `${directory.path}/tokens`;
  writeTokens(tokens, { alice: "read,acquire,break,admin:*" });
  await using daemon = await startDaemonProcess(directory.path, [
    "--tokens-file",
    tokens,
    "--refusal-pause",
    "1ms",
    "--log-level",
    "debug",
  ]);
  const { secret, said } = await resumeOnce(daemon);
  said.push(...await sayNative(daemon), ...await sayText(daemon), ...await sayHttp(daemon));
  Deno.writeTextFileSync(tokens, `alice ${GOOD} read:*\n`);
  daemon.kill("SIGHUP");
  await eventually(
    "the reload failed",
    () => daemon.log.find(({ event }) => event === "daemon.reload_failed"),
  );
  ok(daemon.log.some(({ event }) => event === "access.refused"));
  const everything = [...said, ...daemon.log.map((line) => JSON.stringify(line))].join("\n");
  // A session id in place of the secret may be shown: it is public. What stands where a nonce stands comes
  // back, as a nonce does. Their beginnings: messages show long texts in part.
  const secrets = [GOOD, secret, ...WRONG.filter((token) => token !== "short")].map((token) =>
    token.slice(0, 12)
  );
  for (const [index, line] of everything.split("\n").entries()) {
    for (const hidden of secrets) ok(!line.includes(hidden), `line ${index}: ${line}`);
  }
});

Deno.test("texts of peers stay one field of one line of the log, and of one line of an answer", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--log-level", "debug"]);
  const forged = '{"ts":"2027","level":"error","event":"forged"}';
  const endings = ["\n", "\r\n", "\u2028", "\u0085", "\0", "\u001b[2J", "%0a", "\\n"];
  await using admin = await connectRaw(daemon, "tcp");
  let id = 2;
  for (const ending of endings) {
    const text = `x${ending}${forged}`;
    const token = (await admin.ask({ id: id++, op: "acquire", name: "a", reason: "why" })).token;
    const broken = await admin.ask({ id: id++, op: "break", name: "a", token, reason: text });
    const held = await admin.ask({ id: id++, op: "acquire", name: text });
    equal(held.error?.code, "BAD_REQUEST");
    if (broken.ok === false) equal(broken.error.code, "BAD_REQUEST");
    await admin.ask({ id: id++, op: "releaseAll" });
    const answer = await overTcp(daemon, [new TextEncoder().encode(`TRY x${ending}y 1000 n\n`)]);
    for (const line of answer.split("\n")) ok(/^(ERR|GIVE|NO|$)/.test(line), JSON.stringify(line));
    await rawHttp(daemon.httpPort, [
      `GET /x${encodeURIComponent(ending)}${encodeURIComponent(forged)} HTTP/1.1`,
      "Host: localhost",
    ]);
    const injected = await rawHttp(daemon.httpPort, [
      "GET /v1/ws HTTP/1.1",
      "Host: localhost",
      `Origin: http://x${ending}Set-Cookie: a=b`,
    ]);
    ok(!/^set-cookie/im.test(injected.text), injected.text);
  }
  ok(!daemon.log.some(({ event }) => event === "forged"));
  deepEqual(daemon.log.filter(({ level }) => level === "error"), []);
});
