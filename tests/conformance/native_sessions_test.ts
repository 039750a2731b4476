// Sessions that outlive their connections, and signs of life, over both transports.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { detached, graceful, resumed } from "../support/graceful.ts";
import { rule } from "../support/stage.ts";

rule("[P-15] hello gives a grace and a secret, but no more grace than there is", async ({ connect }) => {
  const { hello } = await graceful(connect, 60_000);
  equal(hello.grace, 60_000);
  match(hello.secret, /^[A-Za-z0-9_-]{22}$/);
  equal(hello.resumed, undefined);
  equal((await graceful(connect, 366 * 24 * 3_600_000)).hello.grace, 3_600_000);
  const none = (await graceful(connect, 0)).hello;
  deepEqual([none.grace, none.secret], [undefined, undefined]);
  const peer = await connect({ hello: false });
  equal((await peer.ask({ id: 1, op: "hello", version: 1, grace: -1 })).error.code, "BAD_REQUEST");
});

rule("[P-15] a resumed session has its locks, and goes on", async ({ connect }) => {
  const { peer, resume, hello } = await graceful(connect);
  const grant = await peer.ask({ id: 2, op: "acquire", name: "a" });
  const several = await peer.ask({ id: 3, op: "acquire", names: ["c", "b"], mode: "PR", ttl: 60_000 });
  peer.end();
  const watcher = await connect();
  const { locks, waits, expires, grace } = await detached(watcher, hello.session, 2);
  deepEqual([locks, waits, grace], [2, 0, 60_000]);
  ok(expires > Date.now());
  const again = await resumed(connect, resume);
  equal(again.hello.resumed, true);
  equal(again.hello.session, hello.session);
  equal(again.hello.secret, undefined);
  deepEqual(again.hello.locks, [
    { lock: 2, name: "a", mode: "EX", token: grant.token },
    { lock: 3, name: "b", mode: "PR", token: several.token, expires: several.expires, all: several.all },
  ]);
  deepEqual([again.hello.waiting, again.hello.lost], [[], []]);
  // Whatever the answer to the first one was, asking again is harmless.
  equal((await again.peer.ask({ id: 2, op: "acquire", name: "a" })).token, grant.token);
  equal((await again.peer.ask({ id: 4, op: "release", lock: 2 })).ok, true);
  equal((await watcher.ask({ id: 99, op: "who", name: "a" })).heldCount, 0);
});

rule(
  "[P-15] a wait goes on without its connection, and its answer comes on the next one",
  async ({ connect }) => {
    const holder = await connect();
    await holder.ask({ id: 2, op: "acquire", name: "a" });
    const { peer, resume, hello } = await graceful(connect);
    await peer.say({ id: 2, op: "acquire", name: "a" });
    await peer.ask({ id: 3, op: "ping" });
    peer.end();
    await detached(holder, hello.session, 100);
    const again = await resumed(connect, resume);
    deepEqual([again.hello.locks, again.hello.waiting], [[], [2]]);
    await holder.ask({ id: 3, op: "release", lock: 2 });
    const grant = await again.peer.hear();
    deepEqual([grant.id, grant.ok, grant.lock], [2, true, 2]);
  },
);

rule("[P-15] a wait is granted while nobody is there, and the lock is kept", async ({ connect }) => {
  const holder = await connect();
  await holder.ask({ id: 2, op: "acquire", name: "a" });
  const { peer, resume, hello } = await graceful(connect);
  await peer.say({ id: 2, op: "acquire", name: "a" });
  await peer.ask({ id: 3, op: "ping" });
  peer.end();
  await detached(holder, hello.session, 100);
  await holder.ask({ id: 3, op: "release", lock: 2 });
  equal((await holder.ask({ id: 4, op: "acquire", name: "a", wait: 0 })).error.code, "BUSY");
  const again = await resumed(connect, resume);
  deepEqual(again.hello.waiting, []);
  const [{ token }] = again.hello.locks;
  equal((await again.peer.ask({ id: 2, op: "acquire", name: "a" })).token, token);
});

rule("[P-15] a lock that was lost while nobody was there is told of", async ({ connect }) => {
  const { peer, resume, hello } = await graceful(connect);
  const grant = await peer.ask({ id: 2, op: "acquire", name: "a" });
  peer.end();
  const admin = await connect();
  await detached(admin, hello.session, 100);
  await admin.ask({ id: 2, op: "break", name: "a", token: grant.token, reason: "nobody is there" });
  const again = await resumed(connect, resume);
  deepEqual([again.hello.locks, again.hello.lost], [
    [],
    [{ lock: 2, name: "a", token: grant.token, reason: "broken" }],
  ]);
  equal((await again.peer.ask({ id: 3, op: "release", lock: 2 })).error.code, "NOT_HELD");
});

rule("[P-15] when the grace is over the session ends, and its locks go to others", async ({ connect }) => {
  const heir = await connect();
  const { peer, resume } = await graceful(connect, 200);
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  peer.end();
  equal((await heir.ask({ id: 2, op: "acquire", name: "a" })).ok, true);
  equal((await resumed(connect, resume)).hello.error.code, "SESSION_GONE");
});

rule("[P-15] a session that holds nothing ends with its grace as well", async ({ connect }) => {
  const watcher = await connect();
  (await graceful(connect, 200)).peer.end();
  let id = 2;
  await eventually("one session is left", async () => {
    const { sessions } = await watcher.ask({ id: id++, op: "sessions" });
    return sessions.length === 1;
  });
  // No other deadline wakes the daemon.
}, ["--hello-timeout", "1h", "--heartbeat", "0ms"]);

rule(
  "[P-15] unknown sessions and wrong secrets are refused in the same words, and nothing changes",
  async ({ connect }) => {
    const { peer, resume, hello } = await graceful(connect);
    await peer.ask({ id: 2, op: "acquire", name: "a" });
    const plain = await connect({ hello: false });
    const { session } = await plain.ask({ id: 1, op: "hello", version: 1 });
    const stranger = await connect({ hello: false });
    const errors = [];
    let id = 1;
    for (
      const wrong of [
        { session: hello.session, secret: "A".repeat(22) },
        { session: hello.session, secret: "" },
        { session: "nobody", secret: hello.secret },
        { session, secret: hello.secret },
        { session, secret: "" },
      ]
    ) errors.push((await stranger.ask({ id: id++, op: "hello", version: 1, resume: wrong })).error);
    for (const error of errors) deepEqual(error, errors[0]);
    equal(errors[0].code, "SESSION_GONE");
    equal(
      (await stranger.ask({ id: id++, op: "hello", version: 1, resume, grace: 5 })).error.code,
      "BAD_REQUEST",
    );
    // It may still begin anew, and the session was not touched.
    equal((await stranger.ask({ id, op: "hello", version: 1 })).ok, true);
    equal((await peer.ask({ id: 3, op: "release", lock: 2 })).ok, true);
  },
);

rule("[P-15] bye ends a session at once, whatever its grace", async ({ connect }) => {
  const { peer, resume } = await graceful(connect);
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  deepEqual(await peer.ask({ id: 3, op: "bye" }), { id: 3, ok: true });
  equal(await peer.hear(), undefined);
  const heir = await connect();
  equal((await heir.ask({ id: 2, op: "acquire", name: "a", wait: 0 })).ok, true);
  equal((await resumed(connect, resume)).hello.error.code, "SESSION_GONE");
});

rule(
  "[P-15] while too many sessions are detached no more graces are given, and those given are kept",
  async ({ connect }) => {
    const [one, two] = [await graceful(connect), await graceful(connect)];
    const watcher = await connect();
    one.peer.end();
    await detached(watcher, one.hello.session, 100);
    const peer = await connect({ hello: false });
    equal((await peer.ask({ id: 1, op: "hello", version: 1, grace: 1_000 })).error.code, "LIMIT");
    equal((await peer.ask({ id: 2, op: "hello", version: 1 })).ok, true);
    two.peer.end();
    await detached(watcher, two.hello.session, 200);
    equal((await resumed(connect, one.resume)).hello.resumed, true);
  },
  ["--detached-sessions-max", "1"],
);

rule("[P-16] [P-54] a resume takes over from a connection that seems to be open", async ({ connect }) => {
  const { peer, resume } = await graceful(connect);
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  const again = await resumed(connect, resume);
  equal(again.hello.locks.length, 1);
  const { push, reason } = await peer.hear();
  equal(push, "closing");
  match(reason, /resumed/);
  equal(await peer.hear(), undefined);
  equal((await again.peer.ask({ id: 3, op: "release", lock: 2 })).ok, true);
});

rule("[P-16] a resume whose id is not above that of the last one does nothing", async ({ connect }) => {
  const { peer, resume } = await graceful(connect);
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  const again = await resumed(connect, resume, 9);
  equal(again.hello.locks.length, 1);
  for (const id of [9, 1]) {
    const { error } = (await resumed(connect, resume, id)).hello;
    equal(error.code, "BAD_REQUEST");
    match(
      error.message,
      new RegExp(`^Cannot resume the session: the id ${id} is not above 9, that of its last`),
    );
    // As ever: who does not know the secret learns nothing.
    const stranger = await resumed(connect, { ...resume, secret: "guessed" }, id);
    equal(stranger.hello.error.code, "SESSION_GONE");
  }
  equal((await again.peer.ask({ id: 10, op: "release", lock: 2 })).ok, true);
  equal((await resumed(connect, resume, 10)).hello.resumed, true);
});

rule(
  "[P-17] a peer that says nothing is asked for a sign of life, then told TIMEOUT and closed",
  async ({ connect }) => {
    const [silent, heir] = [await connect(), await connect({ hello: false })];
    equal((await heir.ask({ id: 1, op: "hello", version: 1 })).heartbeatMs, 100);
    await silent.ask({ id: 2, op: "acquire", name: "a" });
    await heir.say({ id: 2, op: "acquire", name: "a" });
    deepEqual(await silent.hear(), { push: "ping" });
    const alive = (async () => {
      for (let id = 3;; id++) {
        const message = await heir.hear();
        if (message?.push === "ping") await heir.say({ id, op: "ping" });
        else if (message === undefined || message.id === 2) return message;
      }
    })();
    const { id, error } = await silent.hear();
    deepEqual([id, error.code], [null, "TIMEOUT"]);
    equal(await silent.hear(), undefined);
    // [P-13] follows: who gave signs of life while it waited has the lock.
    equal((await alive)?.ok, true);
  },
  ["--heartbeat", "100ms"],
);

rule("[P-17] a silent peer with a grace loses its connection, not its session", async ({ connect }) => {
  const { peer, resume } = await graceful(connect);
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  while (await peer.hear());
  equal((await resumed(connect, resume)).hello.locks.length, 1);
}, ["--heartbeat", "50ms"]);

rule(
  "[I-19] [P-13] a client that is gone between a grant and its reading of it leaves nothing behind",
  async ({ connect }) => {
    const watcher = await connect();
    for (let round = 0; round < 20; round++) {
      const peer = await connect();
      const waiter = await connect();
      await peer.ask({ id: 2, op: "acquire", name: "a" });
      await waiter.say({ id: 2, op: "acquire", name: "a" });
      await eventually(
        "the wait",
        async () => (await watcher.ask({ id: 2, op: "who", name: "a" })).waitingCount,
      );
      // The grant is on its way when its reader goes.
      await peer.say({ id: 3, op: "release", lock: 2 });
      waiter.end();
      peer.end();
      const grant = await watcher.ask({ id: 10 + 2 * round, op: "acquire", name: "a" });
      equal(grant.ok, true);
      await watcher.ask({ id: 11 + 2 * round, op: "release", lock: grant.lock });
    }
    const { counts } = await eventually("all sessions have ended", async () => {
      const status = await watcher.ask({ id: 99, op: "status" });
      return status.counts.sessions === 1 ? status : undefined;
    });
    deepEqual([counts.locks, counts.waiters], [0, 0]);
  },
);
