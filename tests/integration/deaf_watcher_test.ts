// A watcher that does not read: events are dropped for it, and it is there all the same when it reads again.
import { equal, ok } from "node:assert/strict";
import { connect } from "../../client/mod.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { within } from "../support/eventually.ts";

/** Labels that make an event more than 1 KiB long. */
const LABELS = Object.fromEntries(
  Array.from({ length: 8 }, (_, index) => [`${index}${"l".repeat(63)}`, "v".repeat(64)]),
);
const LOCKS = 10_000;

Deno.test("[P-62] a watcher that reads nothing is not cut, and hears of a resync when it reads again", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--output-bytes-max", "65536"]);
  await using client = await connect(daemon.url);
  const socket = await Deno.connect({ port: daemon.tcpPort });
  using _closed = { [Symbol.dispose]: () => socket.close() };
  await socket.write(
    new TextEncoder().encode('{"id":1,"op":"hello","version":1}\n{"id":2,"op":"watch","prefix":""}\n'),
  );
  let rest = "";
  const decoder = new TextDecoder();
  const read = async () => {
    const buffer = new Uint8Array(1 << 20);
    const count = await within("more to read", socket.read(buffer));
    ok(count !== null, "the connection was not cut");
    const lines = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    return lines.map((line) => JSON.parse(line));
  };
  for (let answers = 0; answers < 2;) answers += (await read()).length;
  // More than 20 MB of events: the kernel does not keep so much for both sides.
  for (let done = 0; done < LOCKS; done += 100) {
    await Promise.all(Array.from({ length: 100 }, async (_, index) => {
      await (await client.acquire(`n/${index}`, { labels: LABELS })).release();
    }));
  }
  let [seq, resyncs, reads] = [0, 0, 0];
  for (let isOver = false; !isOver;) {
    // Whether the watch follows again by now, or is behind and will be told so: something will come. What is
    // heard of this came after all else.
    await client.acquire(`after/${++reads}`);
    const pushes = await read();
    for (const push of pushes) {
      equal(push.seq, ++seq, "no number is missing");
      if (push.push === "resync") resyncs++;
      else isOver = push.name.startsWith("after/");
    }
  }
  ok(resyncs > 0 && seq < 2 * LOCKS, `${seq} pushes of ${2 * LOCKS} events, with ${resyncs} resyncs`);
  ok(!daemon.log.some(({ event }) => event === "connection.cut"));
});
