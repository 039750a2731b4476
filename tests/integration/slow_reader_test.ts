// Peers that do not read: they cost a bounded amount of memory, and nobody else notices.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { openSockets, socketsBackTo } from "../support/descriptors.ts";
import { eventually, within } from "../support/eventually.ts";
import { connectRaw } from "../support/raw_peer.ts";
import { OPCODE, RawWebSocket, webSocketBytes } from "../support/raw_web_socket.ts";

const ENCODER = new TextEncoder();
const HELLO = '{"id":1,"op":"hello","version":1}';
/** 256 bytes that take 512 in JSON. */
const LONG_TEXT = '"'.repeat(256);

/** A peer that says requests and reads nothing, over TCP or WebSocket. */
interface DeafPeer extends Disposable {
  say(frames: readonly string[]): Promise<void>;
}

const DEAF_PEERS: Readonly<Record<string, (daemon: DaemonProcess) => Promise<DeafPeer>>> = {
  async tcp({ tcpPort }) {
    const socket = await Deno.connect({ port: tcpPort });
    return {
      say: (frames) => writeAll(socket, ENCODER.encode(frames.map((frame) => `${frame}\n`).join(""))),
      [Symbol.dispose]: () => socket.close(),
    };
  },
  async websocket(daemon) {
    const peer = await RawWebSocket.connect(daemon);
    const frame = (text: string) => webSocketBytes({ opcode: OPCODE.text, payload: ENCODER.encode(text) });
    return {
      say: async (frames) => {
        for (const text of frames) await peer.write(frame(text));
      },
      [Symbol.dispose]: () => peer[Symbol.dispose](),
    };
  },
};

async function writeAll(socket: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
}

/** Eight holders of the name, who make the refusal of a wait 12 KiB long. */
async function holdWithLongReasons(daemon: DaemonProcess, name: string): Promise<AsyncDisposable> {
  const client = await connect(daemon.url, { name: LONG_TEXT, host: LONG_TEXT });
  for (let count = 0; count < 8; count++) {
    await client.acquire(name, { mode: "CR", reason: LONG_TEXT });
  }
  return client;
}

/** Resident memory of a process in bytes (proc_pid_status(5)). */
function memoryOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s*(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes) * 1_024;
}

for (const [transport, connectDeaf] of Object.entries(DEAF_PEERS)) {
  Deno.test(`[P-60] a client that does not read is cut, and its lock goes on (${transport})`, async () => {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path, ["--output-bytes-max", "65536"]);
    await using _holders = await holdWithLongReasons(daemon, "busy");
    await using client = await connect(daemon.url);
    using deaf = await connectDeaf(daemon);
    // Refusals of 24 MiB in all, over some time, that nobody reads: more than the kernel keeps for both
    // sides.
    const waits = Array.from({ length: 2_000 }, (_, index) => {
      return JSON.stringify({
        id: index + 3,
        op: "acquire",
        name: "busy",
        mode: "EX",
        wait: 100 + index % 500,
      });
    });
    await deaf.say([HELLO, '{"id":2,"op":"acquire","name":"job"}']);
    await eventually("the deaf peer has its lock", async () => (await client.who("job")).heldCount === 1);
    const waiter = client.acquire("job");
    await deaf.say(waits);
    equal((await within("the grant", waiter)).held, true);
    equal((await client.who("busy")).waitingCount, 0);
    ok(daemon.log.some(({ event, reason }) => event === "connection.cut" && reason === "it does not read"));
    const metrics = await (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();
    match(metrics, /^distrilock_slow_readers_cut_total 1$/m);
  });
}

Deno.test("a peer that asks and does not read is held up, and loses nothing when it reads", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--output-bytes-max", "65536"]);
  await using _holders = await holdWithLongReasons(daemon, "busy");
  await using client = await connect(daemon.url);
  const before = memoryOf(daemon.pid);
  const socket = await Deno.connect({ port: daemon.tcpPort });
  const ids = Array.from({ length: 10_000 }, (_, index) => index + 2);
  const asks = ids.map((id) => `{"id":${id},"op":"who","name":"busy"}\n`).join("");
  // Answers of 120 MB: the request that is held up stays in the sockets, so this write does not end before
  // somebody reads.
  const saying = writeAll(socket, ENCODER.encode(`${HELLO}\n${asks}`));
  const heardIds: number[] = [];
  const { promise: heldUp, resolve: startReading } = Promise.withResolvers<void>();
  const reading = (async () => {
    await heldUp;
    let rest = "";
    const decoder = new TextDecoder();
    for (const buffer = new Uint8Array(1 << 20);;) {
      const count = await socket.read(buffer) ?? 0;
      const lines = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      heardIds.push(...lines.map((line) => JSON.parse(line).id));
      if (count === 0 || heardIds.length === ids.length + 1) return;
    }
  })();
  await daemonRests(daemon);
  await client.request("other", () => {});
  ok(memoryOf(daemon.pid) - before < 64 * 2 ** 20, "the answers are not kept in the daemon's memory");
  startReading();
  await within("all answers", reading, 30_000);
  await saying;
  deepEqual(heardIds, [1, ...ids]);
  socket.close();
});

/** Waits until a daemon uses no more processor time: whatever holds it up is in effect. */
async function daemonRests({ pid }: DaemonProcess): Promise<void> {
  const ticks = () =>
    Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ").slice(11, 13).join();
  let [last, still] = [ticks(), 0];
  await eventually("the daemon rests", () => {
    const now = ticks();
    still = now === last ? still + 1 : 0;
    last = now;
    return still > 20;
  }, 30_000);
}

for (const transport of ["tcp", "websocket"] as const) {
  Deno.test(`answers longer than outputBytesMax reach a peer that reads (${transport})`, async () => {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path, ["--output-bytes-max", "65536"]);
    await using _holders = await holdWithLongReasons(daemon, "busy");
    await using client = await connect(daemon.url, { name: LONG_TEXT, host: LONG_TEXT });
    for (let count = 0; count < 100; count++) {
      await client.acquire("long", { mode: "CR", reason: LONG_TEXT });
    }
    await using peer = await connectRaw(daemon, transport);
    for (let id = 2; id < 12; id++) equal((await peer.ask({ id, op: "who", name: "long" }))?.heldCount, 100);
    // On TCP who asks too much is held up. A WebSocket cannot be, so there only one answer may be longer than
    // the limit.
    if (transport === "websocket") return;
    for (let id = 12; id < 32; id++) await peer.say({ id, op: "who", name: "long" });
    for (let id = 12; id < 32; id++) equal((await peer.hear())?.id, id);
  });
}

Deno.test("a drain is not held up by peers that neither read nor leave", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--hello-timeout", "1h"]);
  const holders = await holdWithLongReasons(daemon, "busy");
  const whos = Array.from({ length: 3_000 }, (_, index) => `{"id":${index + 2},"op":"who","name":"busy"}`);
  using tcp = await Deno.connect({ port: daemon.tcpPort });
  const saying = writeAll(tcp, ENCODER.encode(`${HELLO}\n${whos.join("\n")}\n`));
  using webSocket = await RawWebSocket.connect(daemon);
  await webSocket.say(HELLO);
  using _stranger = await Deno.connect({ port: daemon.tcpPort });
  using halfHttp = await Deno.connect({ port: daemon.httpPort });
  await halfHttp.write(ENCODER.encode("GET /v1/ws HTTP/1.1\r\nHost: "));
  await daemonRests(daemon);
  await holders[Symbol.asyncDispose]();
  daemon.kill("SIGTERM");
  equal((await within("the exit", daemon.status)).code, 0);
  await saying.catch((error) => match(error.name, /ConnectionReset|BrokenPipe/));
});

Deno.test("[P-61] connections that are over leave nothing behind, whether their peers note it or not", async () => {
  using directory = temporaryDirectory();
  const flags = ["--connections-max", "8", "--output-bytes-max", String(64 * 2 ** 20)];
  await using daemon = await startDaemonProcess(directory.path, flags);
  await using _holders = await holdWithLongReasons(daemon, "busy");
  await using client = await connect(daemon.url);
  const before = openSockets(daemon.pid);
  const waits = Array.from({ length: 2_000 }, (_, index) => {
    return JSON.stringify({ id: index + 2, op: "acquire", name: "busy", mode: "EX", wait: 100 });
  });
  // Neither of these two reads its farewell, and the second does not end its own side either.
  using halfClosed = await Deno.connect({ port: daemon.tcpPort });
  await writeAll(halfClosed, ENCODER.encode(`${HELLO}\n${waits.join("\n")}\n`));
  await eventually("the waits begin", async () => (await client.who("busy")).waitingCount > 0);
  await eventually("the waits are over", async () => (await client.who("busy")).waitingCount === 0);
  await halfClosed.closeWrite();
  using faulty = await Deno.connect({ port: daemon.tcpPort });
  await writeAll(faulty, ENCODER.encode("faulty\n"));
  await socketsBackTo(before, daemon.pid);
  for (let round = 0; round < 10; round++) {
    for (const transport of ["tcp", "websocket"] as const) {
      await using peer = await connectRaw(daemon, transport);
      equal((await peer.ask({ id: 2, op: "acquire", name: "job" })).ok, true);
    }
  }
  await socketsBackTo(before, daemon.pid);
});
