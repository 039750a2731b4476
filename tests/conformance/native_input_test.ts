// Whatever comes in: the daemon goes on, a lock that somebody else holds stays untouched, and no descriptor
// is left behind.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { eventually, within } from "../support/eventually.ts";
import { input, overTcp, readToEnd } from "../support/hostile_input.ts";
import { randomFrom } from "../support/random.ts";
import { OPCODE, RawWebSocket, webSocketBytes } from "../support/raw_web_socket.ts";

const ENCODER = new TextEncoder();
const HELLO = '{"id":1,"op":"hello","version":1}\n';
const SEED = 20_260_801;

function answersOf(text: string): { id: number | null; error?: { code: string } }[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

input("random bytes do no harm, on TCP, HTTP and WebSocket", async (daemon) => {
  const random = randomFrom(SEED);
  for (let round = 0; round < 60; round++) {
    const bytes = Uint8Array.from({ length: 1 + random(3_000) }, () => random(256));
    const opening = [new Uint8Array(0), ENCODER.encode("{"), ENCODER.encode(HELLO)][round % 3]!;
    const text = await overTcp(daemon, [opening, bytes]);
    const answers = text.startsWith("ERR - ") ? [] : answersOf(text);
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

/**
 * Frames that would do something if they were carried out. None of them concerns the lock that must survive.
 */
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

input("[P-1] a connection whose first byte is not { does not speak the native protocol", async (daemon) => {
  const hello = HELLO.trimEnd();
  for (
    const opening of [
      "hello\n",
      `\n${hello}\n`,
      ` ${hello}\n`,
      "\uFEFF{}\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
  ) {
    const text = await overTcp(daemon, [ENCODER.encode(opening)]);
    match(text, /^ERR - BAD_REQUEST .*\n$/);
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
    const [path, status] of [["/web", 404], ["/v1/ws/", 404], ["/v1/ws", 426], ["/v1/lock/a", 404]] as const
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
