/**
 * Cases about what stands between a client and its servers: addresses where nobody answers, wires that are
 * cut, and servers that leave. They are not for clients that have no wire.
 *
 * @module
 */
import { type Client, connect, ConnectionError, LockLostError, type StatusEvent } from "@distrilock/client";
import { aborted, equal, eventually, failure, ok, rejection, within } from "./check.ts";
import type { Cases, WireStage } from "./stage.ts";

/** Long enough for whatever comes in between, in milliseconds. */
const GRACE_MS = 30_000;

/** Wires. */
export const WIRE_CASES: Cases<WireStage> = {
  "connect is rejected with a ConnectionError where nobody listens": async (stage) => {
    const wire = await stage.prop("wires");
    await stage.end("wires", wire);
    const { webSocket } = stage.setting;
    equal((await failure(connect(wire.url, { webSocket }), ConnectionError)).code, "SESSION_GONE");
  },

  "connect ends within its timeout where nobody answers": async ({ setting: { muteUrl, webSocket } }) => {
    const error = await failure(connect(muteUrl, { webSocket, connectTimeoutMs: 50 }), ConnectionError);
    ok(error.message.includes("no answer within 50 ms"), error.message);
  },

  "connect is rejected with the reason of its signal": async ({ setting: { muteUrl, webSocket } }) => {
    const controller = new AbortController();
    const reason = new Error("never mind");
    const connecting = connect(muteUrl, { webSocket, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    ok(await rejection(connecting) === reason, "it is the reason itself");
  },

  "a cut ends a client that does not reconnect, with its locks, waits and watches": async (stage) => {
    const wire = await stage.prop("wires");
    const client = await stage.openAt([wire.url], { reconnect: false });
    const lock = await client.acquire(stage.name());
    const watch = client.watch(stage.prefix);
    await watch.ready;
    const watching = (async () => {
      for await (const event of watch) ok(event.event === "waiting", "there is nothing else to see");
    })();
    const ends = [client.acquire(stage.name()), watching].map((end) => failure(end, ConnectionError));
    await stage.waiters(client, stage.name(), 1);
    await stage.cut(wire);
    const reason = await aborted(lock.signal);
    ok(reason instanceof LockLostError && reason.reason === "session", "its session ended");
    ok(await within("the end of the client", client.closed) instanceof ConnectionError, "it says why");
    await Promise.all(ends);
    ok(!lock.held, "it is not held any more");
    await failure(lock.release(), LockLostError);
    const other = await stage.open();
    await (await other.acquire(stage.name(), { wait: 5_000 })).release();
  },

  "a client whose wire was cut goes on in a new session, without its locks": async (stage) => {
    const wire = await stage.prop("wires");
    const client = await stage.openAt([wire.url]);
    const heard = listenTo(client);
    const lock = await client.acquire(stage.name());
    const { session } = client;
    await stage.cut(wire);
    const reason = await aborted(lock.signal);
    ok(reason instanceof LockLostError && reason.reason === "session", "its session ended");
    const again = await within("the new session", client.acquire(stage.name()));
    ok(client.session !== session, "it is another session");
    ok(again.token > lock.token, "and another lock");
    ok(!lock.held, "what was lost stays lost");
    await eventually("both are told", () => heard.some(({ type }) => type === "connected"));
    const told = heard.map((event) =>
      event.type === "disconnected" ? event.resumable : event.type === "connected" && event.resumed
    );
    equal([heard[0]?.type, told[0], told.at(-1)], ["disconnected", false, false]);
  },

  "a session with a grace is resumed with its locks and its place in the queue": async (stage) => {
    const wire = await stage.prop("wires");
    const client = await stage.openAt([wire.url], { grace: GRACE_MS });
    const heard = listenTo(client);
    const other = await stage.open();
    const [mine, theirs] = [await client.acquire(stage.name("a")), await other.acquire(stage.name("b"))];
    const waiting = client.acquire(stage.name("b"));
    await stage.waiters(other, stage.name("b"), 1);
    const { session } = client;
    await stage.cut(wire);
    await eventually(
      "it is resumed",
      () => heard.some((event) => event.type === "connected" && event.resumed),
    );
    equal(heard.map((event) => event.type === "disconnected" && event.resumable)[0], true);
    equal([client.session, mine.held, mine.signal.aborted], [session, true, false]);
    ok(await mine.verify(), "the server says the same");
    equal(await other.tryAcquire(stage.name("a")), null);
    await theirs.release();
    const granted = await within("the lock that was waited for", waiting);
    ok(granted.token > theirs.token, "it came in its turn");
    await mine.release();
    ok(await other.tryAcquire(stage.name("a")), "a release works as before");
  },

  "a lock that was broken while its wire was cut is told after the resume": async (stage) => {
    const wire = await stage.prop("wires");
    const client = await stage.openAt([wire.url], { grace: GRACE_MS });
    const admin = await stage.open();
    const lock = await client.acquire(stage.name());
    await Promise.all([
      stage.cut(wire),
      admin.break(stage.name(), { token: lock.token, reason: "it hangs" }),
    ]);
    const reason = await aborted(lock.signal);
    ok(reason instanceof LockLostError && reason.reason === "broken", `${reason}`);
  },

  "a client goes to the next server when the first one ends": async (stage) => {
    const first = await stage.prop("daemons");
    const client = await stage.openAt([first.url, stage.setting.url]);
    const lock = await client.acquire(stage.name());
    await stage.end("daemons", first);
    await aborted(lock.signal);
    const again = await within("a lock at the other server", client.acquire(stage.name()));
    ok(again.token > lock.token, "tokens grow across servers");
    await again.release();
  },

  "a client goes to the next server when the first one does not answer": async (stage) => {
    const { muteUrl, url } = stage.setting;
    const client = await within(
      "the other server",
      stage.openAt([muteUrl, url], { connectTimeoutMs: 8_000 }),
    );
    ok(await client.tryAcquire(stage.name()), "it works there");
  },

  "a server that drains keeps its locks until they are released, and new ones come from the next": async (
    stage,
  ) => {
    const first = await stage.prop("daemons");
    const client = await stage.openAt([first.url, stage.setting.url]);
    const heard = listenTo(client);
    const admin = await stage.openAt([first.url]);
    const lock = await client.acquire(stage.name("a"));
    await admin.administrator.drain();
    await eventually("it is told", () => heard.some(({ type }) => type === "draining"));
    const next = await within("a lock at the next server", client.acquire(stage.name("b")));
    ok(lock.held && !lock.signal.aborted, "the first lock is still held");
    const observer = await stage.open();
    equal(await observer.tryAcquire(stage.name("a")), null);
    equal((await observer.who(stage.name("b"))).heldCount, 1);
    await lock.release();
    await (await observer.acquire(stage.name("a"), { wait: 5_000 })).release();
    await next.release();
  },
};

/** What the status of a client tells from now on. */
function listenTo(client: Client): readonly StatusEvent[] {
  const heard: StatusEvent[] = [];
  const status = client.status();
  void (async () => {
    for await (const event of status) heard.push(event);
  })();
  return heard;
}
