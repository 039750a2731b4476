// Names that try to lead out of the directory, through every dialect.
import { deepEqual, equal, ok } from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { overTcp } from "../support/hostile_input.ts";
import { rawHttp } from "../support/raw_http.ts";
import { connectRaw } from "../support/raw_peer.ts";
import { OPCODE, RawWebSocket } from "../support/raw_web_socket.ts";

const NAMES = [
  "..",
  ".",
  "../x",
  "../../x",
  "/x",
  "/etc/passwd",
  "a/../../x",
  "a/./x",
  "a/..",
  "..%2fx",
  "%2e%2e%2fx",
  "%2e%2e/x",
  "..\\x",
  "a\0b",
  "x\0/../..",
  "\u2025/x",
  "\uff0e\uff0e/x",
  "a\u0000",
  "a\nb",
  "~root/../x",
  ".distrilock/ledger",
  ".distrilock",
  "a//..//x",
  "x".repeat(200),
  "x".repeat(201),
  "../".repeat(60) + "x",
  "a".repeat(4_000),
  "CON",
  "x.lck",
  "x.lck/../y",
];

/** All paths below a folder. */
function below(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? [path, ...below(path)] : [path];
  });
}

Deno.test("no name makes or touches a file outside the directory, whatever the dialect", async () => {
  using outside = temporaryDirectory();
  const directory = `${outside.path}/a/b/locks`;
  Deno.mkdirSync(directory, { recursive: true });
  await using daemon = startDaemon(directory);
  const ledger = () => Deno.statSync(`${directory}/.distrilock/ledger`).ino;
  const before = {
    paths: below(outside.path).filter((path) => !path.startsWith(directory)),
    ledger: ledger(),
  };
  await using peer = await connectRaw(daemon, "tcp");
  using legacy = await RawWebSocket.connect(daemon, "/distrilock");
  let id = 2;
  for (const name of NAMES) {
    const answer = await peer.ask({ id: id++, op: "acquire", name });
    if (answer.ok) await peer.ask({ id: id++, op: "release", lock: answer.lock });
    else equal(answer.error.code, "BAD_REQUEST", name);
    for (
      const line of (await overTcp(daemon, [new TextEncoder().encode(`TRY ${name} 1000 n\n`)])).split("\n")
    ) {
      ok(/^(ERR .* BAD_REQUEST .*|GIVE n \d+|)$/.test(line), JSON.stringify(line));
    }
    await legacy.say(JSON.stringify({ VersionMajor: 0, VersionMinor: 1, Command: 2, LockName: name }));
    const frame = await legacy.hear();
    equal(frame?.opcode, OPCODE.text, name);
    for (const path of [name, encodeURIComponent(name), encodeURIComponent(encodeURIComponent(name))]) {
      if (/[\0\n\\ ]/.test(path) || /[^ -~]/.test(path)) continue;
      const { status } = await rawHttp(daemon.httpPort, [
        `GET /v1/names/${path} HTTP/1.1`,
        "Host: localhost",
      ]);
      ok(status >= 200 && status < 500, `${status} ${path}`);
    }
  }
  deepEqual(below(outside.path).filter((path) => !path.startsWith(directory)), before.paths);
  equal(ledger(), before.ledger);
  deepEqual(
    [...Deno.readDirSync(directory)].filter(({ name, isFile }) =>
      isFile && !/^[A-Za-z0-9._%-]+\.lck$/.test(name)
    ),
    [],
  );
  await using client = await connect(daemon.url);
  await (await client.acquire("goes/on")).release();
});
