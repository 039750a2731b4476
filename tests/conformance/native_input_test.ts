// Whatever comes in: the daemon goes on, a lock that somebody else holds stays untouched, and no descriptor is left behind.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect, type Lock } from "../../client/mod.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { openSockets, socketsBackTo } from "../support/descriptors.ts";
import { eventually, within } from "../support/eventually.ts";
import { randomFrom } from "../support/random.ts";
import { OPCODE, RawWebSocket, webSocketBytes } from "../support/raw_web_socket.ts";

const ENCODER = new TextEncoder();
const HELLO = '{"id":1,"op":"hello","version":1}\n';
const SEED = 20_260_801;

/** Runs input against a daemon where somebody holds `mine`; afterwards all is as it was before. */
function input(name: string, send: (daemon: DaemonProcess) => Promise<void>): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path);
    await using owner = await connect(daemon.url, { name: "owner" });
    const lock = await owner.acquire("mine", { mode: "EX" });
    const before = openSockets(daemon.pid);
    await send(daemon);
    await socketsBackTo(before, daemon.pid);
    await stillAlone(daemon, lock);
    deepEqual(daemon.log.filter(({ level }) => level === "error"), []);
  });
}

async function stillAlone(daemon: DaemonProcess, lock: Lock): Promise<void> {
  for (const url of [daemon.url, daemon.webSocketUrl]) {
    await using other = await connect(url);
    equal(await other.tryAcquire("mine", { mode: "CR" }), null);
    const names = await Array.fromAsync(other.list());
    deepEqual(names.map(({ name, heldCount, waitingCount }) => [name, heldCount, waitingCount]), [[
      "mine",
      1,
      0,
    ]]);
    equal(names[0]?.held[0]?.token, lock.token);
    await (await other.acquire("free")).release();
  }
  equal(lock.held, true);
  await lock.release();
}

/** A connection that sends bytes, and reads lines to the end. */
async function overTcp(daemon: DaemonProcess, parts: readonly Uint8Array[]): Promise<string> {
  using socket = await Deno.connect({ port: daemon.tcpPort });
  socket.setNoDelay(true);
  const reading = readToEnd(socket);
  try {
    for (const part of parts) {
      for (let sent = 0; sent < part.length;) sent += await socket.write(part.subarray(sent));
    }
    await socket.closeWrite();
  } catch (error) {
    // The daemon hung up on us in the middle, as it may on a stream that makes no sense.
    const { BrokenPipe, ConnectionReset, NotConnected } = Deno.errors;
    if (![BrokenPipe, ConnectionReset, NotConnected].some((kind) => error instanceof kind)) throw error;
  }
  return await within("the daemon's last word", reading);
}

async function readToEnd(socket: Deno.TcpConn): Promise<string> {
  let text = "";
  const [buffer, decoder] = [new Uint8Array(65_536), new TextDecoder()];
  try {
    for (let count = await socket.read(buffer); count !== null; count = await socket.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return text;
}

function answersOf(text: string): { id: number | null; error?: { code: string } }[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

input("random bytes do no harm, on TCP, HTTP and WebSocket", async (daemon) => {
  const random = randomFrom(SEED);
  for (let round = 0; round < 60; round++) {
    const bytes = Uint8Array.from({ length: 1 + random(3_000) }, () => random(256));
    const opening = [new Uint8Array(0), ENCODER.encode("{"), ENCODER.encode(HELLO)][round % 3]!;
    const answers = answersOf(await overTcp(daemon, [opening, bytes]));
    ok(answers.every(({ id, error }) => id === 1 || error), "noise is never carried out");
    using socket = await RawWebSocket.connect(daemon);
    await socket.say(HELLO);
    await socket.write(
      round % 2 ? bytes : webSocketBytes({ opcode: random(16), payload: bytes.slice(0, 300) }),
    );
    using http = await Deno.connect({ port: daemon.httpPort });
    await http.write(bytes);
  }
});

/** Frames that would do something if they were carried out. None of them concerns the lock that must survive. */
const VALID = [
  '{"id":2,"op":"acquire","name":"other/lock-1","mode":"PR","wait":5,"reason":"of all sorts"}',
  '{"id":3,"op":"release","lock":2}',
  '{"id":4,"op":"cancel","request":3}',
  '{"id":5,"op":"who","name":"other/lock-1"}',
  '{"id":6,"op":"list","prefix":"other","limit":10}',
];

input("mutations of valid frames are answered or refused, one by one", async (daemon) => {
  const random = randomFrom(SEED);
  const pieces = [
    "",
    '"',
    "{",
    "}",
    "[",
    ",",
    ":",
    "0",
    "-1",
    "1e999",
    "null",
    "\\u0000",
    "\\",
    " ",
    "9007199254740992",
    '"op":',
  ];
  const mutate = (frame: string) => {
    const at = random(frame.length);
    return frame.slice(0, at) + pieces[random(pieces.length)] + frame.slice(at + random(4));
  };
  for (let round = 0; round < 40; round++) {
    const frames = Array.from({ length: 25 }, () => mutate(VALID[random(VALID.length)]!)).filter((frame) =>
      frame !== ""
    );
    const answers = answersOf(await overTcp(daemon, [ENCODER.encode(HELLO + frames.join("\n") + "\n")]));
    // An acquire that waits at the end of the connection is the one kind of request without an answer.
    ok(answers.length <= frames.length + 1);
    ok(answers.every(({ error }) => error?.code !== "INTERNAL"));
    using socket = await RawWebSocket.connect(daemon);
    for (const frame of [HELLO, ...frames]) await socket.say(frame);
  }
});

input("[P-6] a frame that its connection cuts off is never carried out", async (daemon) => {
  const frame = '{"id":2,"op":"acquire","name":"half"}';
  for (let length = 1; length <= frame.length; length++) {
    // The whole frame lacks only its line end.
    const [hello, ...more] = answersOf(
      await overTcp(daemon, [ENCODER.encode(HELLO + frame.slice(0, length))]),
    );
    deepEqual([hello?.id, more], [1, []]);
  }
  const bytes = webSocketBytes({ opcode: OPCODE.text, payload: ENCODER.encode(frame) });
  await using watcher = await connect(daemon.url);
  for (let length = 1; length < bytes.length; length += 5) {
    using socket = await RawWebSocket.connect(daemon);
    await socket.say(HELLO);
    await socket.hear();
    await socket.write(bytes.subarray(0, length));
    equal((await watcher.who("half")).heldCount, 0);
  }
});

input("[P-7] the answers are the same however a stream is cut into packets", async (daemon) => {
  const stream = ENCODER.encode(
    `${HELLO}\r\n{"id":2,"op":"acquire","name":"cut","reason":"ä€😀"}\n[]\n{"id":3,"op":"who","name":"cut"}\r\n`,
  );
  const comparable = (text: string) => {
    return answersOf(text).map((answer) =>
      JSON.stringify(answer).replaceAll(/"(session|token|since)":("[^"]*"|\d+)/g, '"$1":0')
    );
  };
  const whole = comparable(await overTcp(daemon, [stream]));
  equal(whole.length, 4);
  match(whole[3]!, /ä€😀/);
  const cuts = stream.keys().map((at) => [stream.subarray(0, at), stream.subarray(at)]);
  const singly = Array.from(stream, (byte) => Uint8Array.of(byte));
  for (const parts of [singly, ...cuts]) {
    deepEqual(comparable(await overTcp(daemon, parts)), whole);
    await eventually("the lock is free again", async () => {
      await using watcher = await connect(daemon.url);
      return (await watcher.who("cut")).heldCount === 0;
    });
  }
});

input("[P-8] a hundred requests in one packet are answered once each, in their order", async (daemon) => {
  const requests = Array.from({ length: 100 }, (_, index) => {
    const id = index + 2;
    return index % 2 ? { id, op: "release", lock: id - 1 } : { id, op: "acquire", name: "same", wait: 0 };
  });
  const packet = HELLO + requests.map((request) => JSON.stringify(request)).join("\n") + "\n";
  const answers = answersOf(await overTcp(daemon, [ENCODER.encode(packet)]));
  deepEqual(answers.map(({ id }) => id), [1, ...requests.map(({ id }) => id)]);
  ok(answers.every(({ error }) => error === undefined));
});

input("[P-13] a half-closed connection has ended, after the answers to what came before", async (daemon) => {
  const answers = answersOf(
    await overTcp(daemon, [ENCODER.encode(`${HELLO}{"id":2,"op":"acquire","name":"a"}\n`)]),
  );
  deepEqual(answers.map(({ id, error }) => [id, error]), [[1, undefined], [2, undefined]]);
  await using heir = await connect(daemon.url);
  ok(await heir.tryAcquire("a"));
});

input("[P-1] a connection whose first byte is not { is told UNSUPPORTED and closed", async (daemon) => {
  const hello = HELLO.trimEnd();
  for (
    const opening of [
      "HELLO 1 x\n",
      `\n${hello}\n`,
      ` ${hello}\n`,
      "\uFEFF{}\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
  ) {
    const answers = answersOf(await overTcp(daemon, [ENCODER.encode(opening)]));
    deepEqual(answers.map(({ id, error }) => [id, error?.code]), [[null, "UNSUPPORTED"]]);
  }
});

input("[P-4] what is not UTF-8 is told BAD_REQUEST and ends the connection", async (daemon) => {
  const bytes = Uint8Array.of(
    ...ENCODER.encode('{"id":2,"op":"who","name":"'),
    0xff,
    0xfe,
    ...ENCODER.encode('"}\n'),
  );
  const late = ENCODER.encode('{"id":3,"op":"acquire","name":"late"}\n');
  const [, answer, ...more] = answersOf(await overTcp(daemon, [ENCODER.encode(HELLO), bytes, late]));
  deepEqual([answer?.id, answer?.error?.code, more], [null, "BAD_REQUEST", []]);
});

input(
  "a WebSocket message that is not UTF-8 ends the connection, and what follows is not carried out",
  async (daemon) => {
    using socket = await RawWebSocket.connect(daemon);
    await socket.say(HELLO);
    const payload = Uint8Array.of(...ENCODER.encode('{"id":2,"op":"who","name":"'), 0xff, 0xfe);
    await socket.write(webSocketBytes({ opcode: OPCODE.text, payload }));
    await socket.say('{"id":3,"op":"acquire","name":"late"}');
    // The runtime drops the connection before it tells anybody why, so there is no answer and no status.
    equal((await within("the end", socket.hearToEnd())).messages.length, 1);
  },
);

input("[P-2] a binary frame is told BAD_REQUEST and the WebSocket closed with 1003", async (daemon) => {
  using socket = await RawWebSocket.connect(daemon);
  await socket.say(HELLO);
  await socket.write(
    webSocketBytes({ opcode: OPCODE.binary, payload: ENCODER.encode('{"id":2,"op":"list"}') }),
  );
  const { messages, status } = await socket.hearToEnd();
  const [, answer, ...more] = messages.map((text) => JSON.parse(text));
  deepEqual([answer?.id, answer?.error?.code, more, status], [null, "BAD_REQUEST", [], 1003]);
});

input("[P-2] a message may come in several WebSocket frames, with a ping between them", async (daemon) => {
  using socket = await RawWebSocket.connect(daemon);
  const hello = ENCODER.encode(HELLO);
  await socket.write(webSocketBytes({ opcode: OPCODE.text, payload: hello.slice(0, 9), last: false }));
  await socket.write(webSocketBytes({ opcode: OPCODE.ping, payload: ENCODER.encode("still there?") }));
  await socket.write(webSocketBytes({ opcode: OPCODE.continuation, payload: hello.slice(9) }));
  const heard = [await socket.hear(), await socket.hear()];
  deepEqual(heard.map((frame) => frame?.opcode).sort(), [OPCODE.text, OPCODE.pong]);
});

input("HTTP that asks for something else gets a problem document", async (daemon) => {
  const origin = `http://127.0.0.1:${daemon.httpPort}`;
  for (
    const [path, status] of [["/", 404], ["/v1/ws/", 404], ["/v1/ws", 426], ["/v1/locks/a", 404]] as const
  ) {
    for (const method of ["GET", "POST"]) {
      const response = await fetch(origin + path, { method, headers: { connection: "close" } });
      equal(response.status, status);
      equal(response.headers.get("content-type"), "application/problem+json");
      if (status === 426) equal(response.headers.get("upgrade"), "websocket");
      equal((await response.json()).status, status);
    }
  }
  using native = await Deno.connect({ port: daemon.httpPort });
  await native.write(ENCODER.encode(HELLO));
  match(await within("the answer", readToEnd(native)), /^HTTP\/1\.1 400 /);
});
