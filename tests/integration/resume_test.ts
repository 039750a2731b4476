// Peers that stop, and wires that break, between processes: sessions with a grace go on, others end, and
// half-open connections are found.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect } from "../../client/connect.ts";
import { runCommand } from "../support/command.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";
import { startHolderProcess } from "../support/holder_process.ts";
import { connectRaw, type RawMessage, type RawPeer } from "../support/raw_peer.ts";
import { Relay } from "../support/relay.ts";

/** A peer whose frames go through a relay, with a session that has a grace, and what resumes it. */
async function gracefulThrough(
  relay: Relay,
  daemon: DaemonProcess,
  grace = 60_000,
): Promise<{ peer: RawPeer; hello: RawMessage; resume: object }> {
  const peer = await connectRaw({ ...daemon, tcpPort: relay.port }, "tcp", { hello: false });
  const hello = await peer.ask({ id: 1, op: "hello", version: 1, grace });
  return { peer, hello, resume: { session: hello.session, secret: hello.secret } };
}

/** Answers every ping, until the answer with that id comes. */
async function keepAlive(peer: RawPeer, until: number): Promise<RawMessage> {
  for (let id = 1_000;; id++) {
    const message = await peer.hear();
    if (message === undefined || message.id === until) return message;
    if (message.push === "ping") await peer.say({ id, op: "ping" });
  }
}

Deno.test("[P-17] a client that is paused is found out, and its lock goes on", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--heartbeat", "200ms"]);
  await using holder = await startHolderProcess(daemon.url, { name: "a" });
  await using heir = await connect(daemon.url);
  Deno.kill(holder.pid, "SIGSTOP");
  const lock = await within("the lock of a paused client", heir.acquire("a"));
  ok(lock.token > holder.token);
  Deno.kill(holder.pid, "SIGCONT");
});

Deno.test("[P-15] [P-17] a wire that breaks silently in the middle of a wait takes nothing from a session with a grace", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--heartbeat", "100ms"]);
  using relay = await Relay.open(daemon.tcpPort);
  await using holder = await connect(daemon.url);
  const held = await holder.acquire("a");
  const { peer, hello, resume } = await gracefulThrough(relay, daemon);
  await using _peer = peer;
  const kept = await peer.ask({ id: 2, op: "acquire", name: "b" });
  await peer.say({ id: 3, op: "acquire", name: "a" });
  await peer.ask({ id: 4, op: "ping" });
  relay.freeze();
  const state = await eventually("the daemon finds out", async () => {
    for await (const session of holder.administrator.sessions()) {
      if (session.session === hello.session && session.state === "detached") return session;
    }
    return undefined;
  });
  deepEqual([state.locks, state.waits], [1, 1]);
  await held.release();
  await eventually("the wait is granted", async () => {
    const { held: [party] } = await holder.who("a");
    return party?.session === hello.session;
  });
  await using again = await connectRaw(daemon, "tcp", { hello: false });
  const { locks, waiting } = await again.ask({ id: 1, op: "hello", version: 1, resume });
  deepEqual([locks.map(({ name }: RawMessage) => name), waiting], [["b", "a"], []]);
  equal(locks[0].token, kept.token);
  // The grant that nobody heard is had by asking again.
  equal((await again.ask({ id: 3, op: "acquire", name: "a" })).token, locks[1].token);
});

Deno.test("[P-15] a connection that is cut can be resumed at once, whether the daemon knows of the cut or not", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  let resume: object | undefined;
  let token: number | undefined;
  for (let round = 0; round < 20; round++) {
    const relay = await Relay.open(daemon.tcpPort);
    const { peer, ...opened } = resume ? { peer: undefined, resume } : await gracefulThrough(relay, daemon);
    resume = opened.resume;
    const speaker = peer ?? await connectRaw({ ...daemon, tcpPort: relay.port }, "tcp", { hello: false });
    await using _speaker = speaker;
    if (!peer) {
      const hello = await speaker.ask({ id: round + 1, op: "hello", version: 1, resume });
      deepEqual(hello.locks.map((lock: RawMessage) => [lock.lock, lock.token]), [[2, token]]);
    }
    token ??= (await speaker.ask({ id: 2, op: "acquire", name: "a" })).token;
    equal((await speaker.ask({ id: 2, op: "acquire", name: "a" })).token, token);
    relay[Symbol.dispose]();
  }
});

Deno.test("[P-15] a lock that ends while its client is paused is told of when it wakes, and its token is old", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--heartbeat", "100ms"]);
  using relay = await Relay.open(daemon.tcpPort);
  await using heir = await connect(daemon.url);
  const { peer, resume } = await gracefulThrough(relay, daemon);
  await using _peer = peer;
  const grant = await peer.ask({ id: 2, op: "acquire", name: "a", ttl: 500 });
  relay.freeze();
  const lock = await within("the lock of a client that does not renew", heir.acquire("a"));
  ok(lock.token > grant.token);
  await using again = await connectRaw(daemon, "tcp", { hello: false });
  const { locks, lost } = await again.ask({ id: 1, op: "hello", version: 1, resume });
  deepEqual([locks, lost], [[], [{ lock: 2, name: "a", token: grant.token, reason: "expired" }]]);
});

Deno.test("[P-17] a client gives up a daemon that stands still", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--heartbeat", "200ms"]);
  await using client = await connect(daemon.url, { reconnect: false });
  const lock = await client.acquire("a");
  daemon.kill("SIGSTOP");
  const error = await within("the end of the session", client.closed);
  match(error?.message ?? "", /nothing was heard of the server for 600 ms/);
  ok(lock.signal.aborted);
  daemon.kill("SIGCONT");
});

Deno.test("[P-17] a daemon that stood still itself blames nobody", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--heartbeat", "200ms"]);
  await using peer = await connectRaw(daemon, "tcp");
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  const released = keepAlive(peer, 3);
  daemon.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  daemon.kill("SIGCONT");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await peer.say({ id: 3, op: "release", lock: 2 });
  equal((await released)?.ok, true);
});

Deno.test("[P-47] [P-49] kick and drain end a session and a daemon, are written down, and no log has a secret", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--log-level", "debug"]);
  await using peer = await connectRaw(daemon, "tcp", { hello: false });
  const { session, secret } = await peer.ask({ id: 1, op: "hello", version: 1, grace: 500 });
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  await using other = await connectRaw(daemon, "websocket", { hello: false });
  const kicked = await other.ask({ id: 1, op: "hello", version: 1, grace: 60_000 });
  const listed = await runCommand(daemon.url, ["sessions", "-o", "jsonl"]);
  match(listed.output, new RegExp(`"session":"${session}"`));
  const status = await runCommand(daemon.url, ["status", "-o", "json"]);
  equal(JSON.parse(status.output).counts.locks, 1);
  const kick = await runCommand(daemon.url, ["kick", kicked.session, "--reason", "it hangs"]);
  equal(kick.code, 0, kick.errors);
  equal((await other.hear())?.push, "closing");
  equal((await runCommand(daemon.url, ["kick", kicked.session, "--reason", "it hangs"])).code, 76);
  peer.end();
  const drain = await runCommand(daemon.url, ["drain"]);
  equal(drain.code, 0, drain.errors);
  // The lock of the session that could come back is kept for the time of its grace, no longer.
  const { code } = await within("the end of the daemon", daemon.status);
  equal(code, 0);
  const events = daemon.log.map(({ event }) => event);
  ok(events.includes("audit.session.kick") && events.includes("audit.daemon.drain"));
  const logged = JSON.stringify(daemon.log);
  for (const word of [secret, kicked.secret]) ok(!logged.includes(word));
  ok(logged.includes("it hangs"));
});
