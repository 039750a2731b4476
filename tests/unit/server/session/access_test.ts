// What a session may, whatever the interface: the rules of docs/protocol.md section 7 where they are decided.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Administration } from "../../../../server/session/administration.ts";
import { type Gate, OPEN_ACCESS } from "../../../../server/session/access.ts";
import type { Session } from "../../../../server/session/session.ts";
import type { Effect } from "../../../../server/store/store.ts";
import { PartialAccess } from "../../../support/partial_access.ts";
import { Ear, SessionBench } from "../../../support/session_bench.ts";

function refusals({ effects }: Ear): string[] {
  return effects.map((effect) => effect.type === "refused" ? effect.code : effect.type);
}

function last<T extends Effect["type"]>(ear: Ear, type: T): Effect & { readonly type: T } {
  const effect = ear.effects.at(-1);
  equal(effect?.type, type);
  return effect as Effect & { readonly type: T };
}

Deno.test("[P-81] Session refuses what its access does not allow, and asks the store nothing", () => {
  using bench = new SessionBench();
  const ear = new Ear();
  const session = bench.open(ear, 0, new PartialAccess("eve", "read:a*", "acquire:b*"));
  const other = bench.open(new Ear());
  bench.acquire(other, 1, { name: "c" });
  const wishes: ((session: Session) => void)[] = [
    (session) => session.acquire(1, { names: ["a1"], mode: "EX", waitMs: 0 }),
    (session) => session.acquire(2, { names: ["b1", "a1"], mode: "EX", waitMs: 0 }),
    (session) => session.who(3, "c"),
    (session) => session.explain(4, "c"),
    (session) => session.break(5, { name: "c", token: 1, reason: "mine now" }),
    (session) => session.list(6, { prefix: "c", after: "", limit: 10 }),
    (session) => session.watch(7, "c"),
  ];
  for (const wish of wishes) wish(session);
  deepEqual(refusals(ear), wishes.map(() => "DENIED"));
  match(
    (ear.effects[0] as { message: string }).message,
    /^Cannot lock a1: eve lacks the right acquire for a1$/,
  );
  equal(bench.store.lockCount, 1);
  deepEqual(bench.audited.map(([event]) => event), ["denied.break"]);
  session.acquire(8, { names: ["b1"], mode: "EX", waitMs: 0 });
  session.list(9, { prefix: "", after: "", limit: 10 });
  deepEqual(ear.heard.slice(-2), ["granted", "listed"]);
});

Deno.test("[P-82] Session lists only names that may be read, and counts pages by them", () => {
  using bench = new SessionBench();
  const [ear, holder] = [new Ear(), bench.open(new Ear())];
  for (const [index, name] of ["a", "b", "a1", "b1", "a2", "z"].entries()) {
    bench.acquire(holder, index + 1, { name });
  }
  const session = bench.open(ear, 0, new PartialAccess("eve", "read:a*"));
  session.list(1, { prefix: "", after: "", limit: 2 });
  const first = last(ear, "listed");
  deepEqual([first.names.map(({ name }) => name), first.next], [["a", "a1"], "a1"]);
  session.list(2, { prefix: "", after: "a1", limit: 2 });
  const second = last(ear, "listed");
  deepEqual([second.names.map(({ name }) => name), second.next], [["a2"], null]);
});

Deno.test("[P-82] Session tells a watch of names that may be read, without a gap for the others", () => {
  using bench = new SessionBench();
  const [ear, holder] = [new Ear(), bench.open(new Ear())];
  const access = new PartialAccess("eve", "read:a*");
  bench.open(ear, 0, access).watch(1, "");
  for (const [index, name] of ["a", "b", "a1"].entries()) bench.acquire(holder, index + 1, { name });
  access.change("read:b*");
  holder.releaseAll(9);
  const events = ear.effects.slice(1) as unknown as { name: string; seq: number; event: string }[];
  deepEqual(events.map(({ event, name, seq }) => [event, name, seq]), [
    ["granted", "a", 1],
    ["granted", "a1", 2],
    ["released", "b", 3],
  ]);
});

Deno.test("[P-82] a refusal does not say who is in the way where that may not be read", () => {
  using bench = new SessionBench();
  const holder = bench.sessions.open(new Ear(), { name: "top-secret" }, { access: OPEN_ACCESS });
  for (const [index, name] of ["a", "b"].entries()) {
    holder?.acquire(index + 1, { names: [name], mode: "EX", waitMs: 0, reason: "top-secret" });
  }
  const ear = new Ear();
  const session = bench.open(ear, 0, new PartialAccess("eve", "acquire:*", "read:a*"));
  for (const [index, names] of [["b"], ["a", "b"], ["b", "a"]].entries()) {
    session.acquire(index + 1, { names: names as [string], mode: "EX", waitMs: 0 });
    const { code, ...told } = last(ear, "refused");
    equal(code, "BUSY");
    equal(JSON.stringify(told).includes("top-secret"), false);
  }
  session.acquire(9, { names: ["a"], mode: "EX", waitMs: 0 });
  equal(last(ear, "refused").blockedBy?.[0]?.client?.name, "top-secret");
  match(last(ear, "refused").message, /top-secret/);
});

Deno.test("[P-82] explain leaves out the names of its chain that may not be read", () => {
  using bench = new SessionBench();
  const [one, two] = [bench.open(new Ear()), bench.open(new Ear())];
  const wish = { mode: "EX", waitMs: Infinity } as const;
  one.acquire(1, { names: ["a"], ...wish, owner: "o" });
  two.acquire(1, { names: ["secret"], ...wish, owner: "o" });
  one.acquire(2, { names: ["secret"], ...wish, owner: "o" });
  const ear = new Ear();
  bench.open(ear, 0, new PartialAccess("eve", "read:a*")).explain(1, "a");
  deepEqual(last(ear, "explained").names.map(({ name }) => name), ["a"]);
  bench.open(ear).explain(1, "a");
  deepEqual(last(ear, "explained").names.map(({ name }) => name), ["a", "secret"]);
});

Deno.test("[P-82] a circle is told without the steps at names that may not be read", () => {
  using bench = new SessionBench();
  const ear = new Ear();
  const eve = bench.open(ear, 0, new PartialAccess("eve", "acquire:*", "read:a*"));
  const other = bench.open(new Ear());
  const wish = { mode: "EX", waitMs: Infinity, owner: "o" } as const;
  eve.acquire(1, { names: ["a"], ...wish });
  other.acquire(1, { names: ["secret"], ...wish, reason: "top-secret" });
  other.acquire(2, { names: ["a"], ...wish, reason: "seen" });
  eve.acquire(2, { names: ["secret"], ...wish });
  const { code, cycle, message } = last(ear, "refused");
  equal(code, "DEADLOCK");
  deepEqual(cycle?.map(({ name, reason }) => [name, reason]), [["a", "seen"]]);
  equal(message.includes("secret"), false);
});

Deno.test("[P-82] a wish to yield says that somebody waits, and who only where that may be read", () => {
  using bench = new SessionBench();
  for (const [rules, told] of [[["acquire:*"], undefined], [["acquire,read:*"], "why"]] as const) {
    const ear = new Ear();
    const eve = bench.open(ear, 0, new PartialAccess("eve", ...rules));
    eve.acquire(1, { names: ["a"], mode: "EX", waitMs: 0, yieldNotice: true });
    const other = bench.open(new Ear());
    other.acquire(1, { names: ["a"], mode: "EX", waitMs: Infinity, reason: "why" });
    const { by } = last(ear, "yield");
    deepEqual([by.reason, by.session === "hidden", by.mode], [told, told === undefined, "EX"]);
    eve.end();
    other.end();
  }
});

Deno.test("[P-83] Sessions resumes a session for its subject alone, and with the rights of the newest token", () => {
  using bench = new SessionBench();
  const [ear, old] = [new Ear(), new PartialAccess("alice", "acquire:a*")];
  const session = bench.open(ear, 1_000, old);
  const resume = { session: session.id, secret: session.secret?.tell() ?? "" };
  bench.acquire(session, 1, { name: "a" });
  session.leave(ear);
  const eve = new PartialAccess("eve", "read,acquire,break,admin:*");
  equal(bench.sessions.resume(new Ear(), resume, { attempt: 1, access: eve, transport: "tcp" }), undefined);
  equal(
    bench.sessions.resume(new Ear(), resume, { attempt: 2, access: OPEN_ACCESS, transport: "tcp" }),
    undefined,
  );
  equal(session.stage, "detached");
  const newer = new PartialAccess("alice", "acquire:b*");
  const again = new Ear();
  equal(bench.sessions.resume(again, resume, { attempt: 3, access: newer, transport: "tcp" }), session);
  bench.acquire(session, 2, { name: "a" });
  bench.acquire(session, 3, { name: "b" });
  deepEqual(refusals(again), ["DENIED", "granted"]);
  bench.check();
});

Deno.test("[P-84] Sessions ends those whose access is over, detached ones too, and tells their clients", () => {
  using bench = new SessionBench();
  const accesses = [new PartialAccess("a", "acquire:*"), new PartialAccess("b", "acquire:*")] as const;
  const ears = [new Ear(), new Ear(), new Ear()] as const;
  const connected = bench.open(ears[0], 0, accesses[0]);
  const detached = bench.open(ears[1], 60_000, accesses[0]);
  const spared = bench.open(ears[2], 0, accesses[1]);
  for (const [session, name] of [[connected, "x"], [detached, "y"], [spared, "z"]] as const) {
    bench.acquire(session, 1, { name });
  }
  detached.leave(ears[1]);
  accesses[0].ended = "its token was withdrawn";
  bench.sessions.endWithdrawn();
  deepEqual([connected.stage, detached.stage, spared.stage], ["ended", "ended", "open"]);
  deepEqual(ears.map(({ hungUp }) => hungUp), ["its token was withdrawn", undefined, undefined]);
  equal(bench.store.lockCount, 1);
  deepEqual(bench.audited.map(([event]) => event), ["session.withdrawn", "session.withdrawn"]);
  bench.check();
});

Deno.test("[P-84] Sessions ends a session when its token expires, without being told", () => {
  const access = new PartialAccess("a", "acquire:*");
  const ends = { wallMs: Infinity };
  const gate: Gate = {
    admitsStrangers: false,
    get nextEndWallMs() {
      return ends.wallMs;
    },
    identify: () => access,
  };
  using probe = new SessionBench();
  ends.wallMs = probe.sessions.clock.wallMs() + 500;
  using bench = new SessionBench({}, gate);
  const session = bench.open(new Ear(), 0, access);
  equal(bench.sessions.nextDueMs, bench.nowMs + 500);
  bench.pass(499);
  equal(session.stage, "open");
  access.ended = "its token has expired";
  ends.wallMs = Infinity;
  bench.pass(1);
  equal(session.stage, "ended");
  equal(bench.sessions.nextDueMs, Infinity);
});

Deno.test("[P-81] Administration lets in administrators alone, and writes down who was not", () => {
  using bench = new SessionBench();
  const { sessions } = bench;
  const drains: number[] = [];
  const administration = new Administration({
    sessions,
    clock: sessions.clock,
    daemon: { version: "1", server: "s", store: "directory", directory: "d", limits: {} },
    connectionCount: () => 0,
    drain: () => drains.push(1),
  });
  const eve = bench.open(new Ear(), 0, new PartialAccess("eve", "read,acquire,break:*"));
  for (const verb of ["sessions", "kick", "status", "drain"] as const) {
    const denied = administration.admit(eve, verb);
    ok("code" in denied);
    equal(denied.message, `Cannot do ${verb}: eve lacks the right admin`);
  }
  deepEqual(bench.audited.map(([event, fields]) => [event, (fields as { subject: string }).subject]), [
    ["denied.sessions", "eve"],
    ["denied.kick", "eve"],
    ["denied.status", "eve"],
    ["denied.drain", "eve"],
  ]);
  const ops = administration.admit({ access: new PartialAccess("ops", "admin:*") }, "drain");
  ok(!("code" in ops));
  equal(ops.list({ after: "", limit: 1 }).sessions[0]?.subject, "eve");
  ops.drain();
  equal(drains.length, 1);
});
