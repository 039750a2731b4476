// The rules of docs/rest.md section 5: events, over real sockets against a real daemon.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";
import { connectRaw } from "../support/raw_peer.ts";
import { type RestOptions, RestPeer } from "../support/rest_peer.ts";

type Daemon = ReturnType<typeof startDaemon>;

function testRest(
  name: string,
  run: (peer: RestPeer, daemon: Daemon) => Promise<void>,
  flags: readonly string[] = [],
): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    await using daemon = startDaemon(directory.path, flags);
    await run(new RestPeer(daemon), daemon);
  });
}

/** One block of a stream: its fields, or a comment. */
interface Block {
  readonly id?: string;
  readonly event?: string;
  readonly retry?: string;
  readonly comment?: string;
  readonly data?: ReturnType<typeof JSON.parse>;
}

/** Labels that make an event more than 1 KiB long. */
const LABELS = Object.fromEntries(
  Array.from({ length: 8 }, (_, at) => [`${at}${"l".repeat(63)}`, "v".repeat(64)]),
);

/** Reads a stream of events block by block. */
class EventReader implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #unread = "";
  /** The id of the last block that had one: what a browser would go on with. */
  lastId = "";

  constructor(readonly response: Response) {
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next block; undefined at the end of the stream. */
  async next(): Promise<Block | undefined> {
    while (!this.#unread.includes("\n\n")) {
      const { done, value } = await within("a block", this.#reader.read());
      if (done) return undefined;
      this.#unread += value;
    }
    const end = this.#unread.indexOf("\n\n");
    const lines = this.#unread.slice(0, end).split("\n");
    this.#unread = this.#unread.slice(end + 2);
    const block = Object.fromEntries(lines.map((line) => {
      const [, name = "", value = ""] = /^([^:]*): ?([^]*)$/.exec(line) ?? [];
      return [name === "" ? "comment" : name, name === "data" ? JSON.parse(value) : value];
    })) as Block;
    this.lastId = block.id ?? this.lastId;
    return block;
  }

  /** What happens next, as `event name`. */
  async happening(): Promise<string> {
    const { event, data } = await this.next() ?? {};
    equal(data?.event, event);
    return [event, data?.name].filter((part) => part !== undefined).join(" ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}

/** Opens a stream, and reads its first words. */
async function openEvents(peer: RestPeer, query = "", options: RestOptions = {}): Promise<EventReader> {
  const response = await peer.open(`GET /v1/events${query}`, options);
  equal(response.status, 200);
  const events = new EventReader(response);
  const first = await events.next();
  match(first?.id ?? "", /^[A-Za-z0-9_-]+\.\d+$/);
  equal(first?.retry, "1000");
  return events;
}

/** Goes on after an event. */
function after(id: string): RestOptions {
  return { headers: { "last-event-id": id } };
}

testRest("[H-16] a stream tells what happens to the names of its prefix, each with an id", async (peer) => {
  await using events = await openEvents(peer, "?prefix=x/");
  equal(events.response.headers.get("content-type"), "text/event-stream");
  equal(events.response.headers.get("cache-control"), "no-store");
  await peer.release(await peer.acquire({ name: "y" }));
  const grant = await peer.acquire({ name: "x/1", mode: "PR", reason: "look" });
  const { event, data, id } = await events.next() ?? {};
  deepEqual([event, data.event, data.name], ["granted", "granted", "x/1"]);
  deepEqual([data.party.session, data.party.mode, data.party.reason], [grant.session, "PR", "look"]);
  match(id ?? "", /\.1$/);
  const leaving = new AbortController();
  const body = { name: "x/1", wait: 60_000 };
  const wait = peer.ask("POST /v1/locks", { body, signal: leaving.signal }).catch(() => undefined);
  equal(await events.happening(), "waiting x/1");
  leaving.abort();
  await wait;
  equal(await events.happening(), "gave-up x/1");
  const { lock, key, token } = grant;
  await peer.ask(`POST /v1/locks/${lock}/convert`, { key, body: { mode: "CR" } });
  equal(await events.happening(), "converted x/1");
  await peer.ask("POST /v1/break", { body: { name: "x/1", token, reason: "stuck" } });
  const broken = await events.next();
  deepEqual([broken?.event, broken?.data.reason], ["broken", "stuck"]);
  await peer.acquire({ name: "x/2", ttl: 100 });
  equal(await events.happening(), "granted x/2");
  const lost = await events.next();
  deepEqual([lost?.event, lost?.data.reason], ["lost", "expired"]);
  await peer.release(await peer.acquire({ name: "x/3" }));
  deepEqual([await events.happening(), await events.happening()], ["granted x/3", "released x/3"]);
});

testRest("[H-16] a client that comes again goes on after its last event", async (peer) => {
  const names: string[] = [];
  let last = "";
  {
    await using events = await openEvents(peer, "?prefix=n");
    last = events.lastId;
  }
  for (let round = 0; round < 3; round++) {
    await peer.acquire({ name: `n${round}` });
    await peer.acquire({ name: "other" }).catch(() => undefined);
    await using events = await openEvents(peer, "?prefix=n", after(last));
    names.push(await events.happening());
    last = events.lastId;
  }
  deepEqual(names, ["granted n0", "granted n1", "granted n2"]);
  await using events = await openEvents(peer, "?prefix=n", after(last.replace(/\d+$/, "1")));
  deepEqual([await events.happening(), await events.happening()], ["granted n1", "granted n2"]);
});

testRest("[H-16] a stream has one reader: who goes on with it takes it over", async (peer) => {
  await using events = await openEvents(peer);
  await using again = await openEvents(peer, "", after(events.lastId));
  equal(await events.next(), undefined);
  await peer.acquire({ name: "a" });
  equal(await again.happening(), "granted a");
  equal((await peer.ask("GET /v1/sessions")).body.sessions.length, 2);
});

testRest(
  "[H-17] an id that is too old, not known, of another prefix or of no stream gets a resync",
  async (peer) => {
    let own = "";
    {
      await using events = await openEvents(peer, "?prefix=a");
      own = events.lastId;
    }
    for (const name of ["a1", "a2", "a3"]) await peer.acquire({ name });
    const cases: readonly [query: string, id: string][] = [
      ["?prefix=a", own],
      ["?prefix=a", own.replace(/\d+$/, "99")],
      ["?prefix=b", own],
      ["?prefix=a", "nothing.1"],
      ["?prefix=a", "x"],
    ];
    for (const [query, id] of cases) {
      await using events = await openEvents(peer, query, after(id));
      equal(await events.happening(), "resync", `${query} ${id}`);
    }
    await using events = await openEvents(peer, "?prefix=a", after(own.replace(/\d+$/, "1")));
    deepEqual([await events.happening(), await events.happening()], ["granted a2", "granted a3"]);
  },
  ["--event-replay-max", "2"],
);

testRest("[H-16] nothing is remembered for longer than eventReplayMs", async (peer) => {
  let last = "";
  {
    await using events = await openEvents(peer);
    last = events.lastId;
  }
  await eventually("the stream has ended", async () => {
    const { body } = await peer.ask("GET /v1/sessions");
    return body.sessions.length === 0;
  });
  await using events = await openEvents(peer, "", after(last));
  equal(await events.happening(), "resync");
}, ["--event-replay", "20ms"]);

testRest("[H-17] a silent stream has a comment now and then", async (peer) => {
  await using events = await openEvents(peer);
  for (let beat = 0; beat < 3; beat++) equal((await events.next())?.comment, "");
}, ["--heartbeat", "20ms"]);

testRest("[H-17] a client that reads slowly is told of a gap, and costs no memory", async (peer, daemon) => {
  const slow = await openEvents(peer, "?prefix=a");
  await using native = await connectRaw(daemon, "tcp");
  const rounds = 6_000;
  for (let id = 2; id < 2 + 2 * rounds; id += 2) {
    const acquire = { id, op: "acquire", name: "a", reason: "y".repeat(250), labels: LABELS };
    await native.say(acquire);
    await native.ask({ id: id + 1, op: "release", lock: id });
  }
  let [told, gaps] = [0, 0];
  while (gaps === 0) {
    if (await slow.happening() === "resync") gaps++;
    else told++;
  }
  ok(told < 2 * rounds, `${told} events of ${2 * rounds}`);
  await native.ask({ id: 900_000, op: "acquire", name: "a-end" });
  while (await slow.happening() !== "granted a-end") told++;
  await slow[Symbol.asyncDispose]();
}, ["--output-bytes-max", "65536"]);

testRest("[H-17] a client that does not read at all is cut", async (peer, daemon) => {
  using deaf = await Deno.connect({ port: daemon.httpPort });
  await deaf.write(new TextEncoder().encode("GET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n"));
  const count = async () => (await peer.ask("GET /v1/sessions")).body.sessions.length;
  await eventually("the stream is open", async () => await count() === 1);
  await using native = await connectRaw(daemon, "tcp");
  const reason = "y".repeat(250);
  let id = 2;
  await eventually("the stream has ended", async () => {
    for (let round = 0; round < 200; round++, id += 2) {
      await native.say({ id, op: "acquire", name: "a", reason, labels: LABELS });
      await native.ask({ id: id + 1, op: "release", lock: id });
    }
    return await count() === 1;
  }, 30_000);
}, ["--output-bytes-max", "65536", "--heartbeat", "20ms", "--event-replay", "0ms"]);

testRest(
  "[H-18] a daemon that leaves says so and ends its streams, a kick says why",
  async (peer, daemon) => {
    await using kicked = await openEvents(peer);
    const { body: { sessions: [{ session }] } } = await peer.ask("GET /v1/sessions");
    await peer.ask("POST /v1/kick", { body: { session, reason: "too long" } });
    const closing = await kicked.next();
    deepEqual([closing?.event, closing?.data.reason], ["closing", "kicked: too long"]);
    equal(await kicked.next(), undefined);
    await using events = await openEvents(peer);
    await daemon.daemon.drain();
    equal(await events.happening(), "draining");
    equal(await events.next(), undefined);
  },
);

testRest("[H-20] of streams, those that nobody reads make room for one that is read", async (peer) => {
  let last = "";
  {
    await using left = await openEvents(peer);
    last = left.lastId;
  }
  await using one = await openEvents(peer);
  await using two = await openEvents(peer);
  const { status, body } = await peer.ask("GET /v1/events");
  deepEqual([status, body.code], [429, "LIMIT"]);
  match(body.detail, /eventStreamsMax/);
  equal((await peer.ask("GET /v1/events", after(last))).status, 429);
  await peer.acquire({ name: "a" });
  deepEqual([await one.happening(), await two.happening()], ["granted a", "granted a"]);
}, ["--event-streams-max", "2"]);
