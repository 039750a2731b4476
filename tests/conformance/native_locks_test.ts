// The rules of docs/protocol.md about the life of a lock, over both transports, against a real daemon.
import { deepEqual, equal, ok } from "node:assert/strict";
import { type ErrorCode, isErrorCode } from "../../client/protocol/codes.ts";
import { MODES } from "../../client/protocol/modes.ts";
import { within } from "../support/eventually.ts";
import type { RawMessage, RawPeer } from "../support/raw_peer.ts";
import { rule } from "../support/stage.ts";

/** What an answer says, in short. */
function told({ id, ok, error }: RawMessage): readonly [number, true | ErrorCode] {
  return [id, ok ? true : error.code];
}

async function heard(peer: RawPeer, count: number): Promise<RawMessage[]> {
  const messages: RawMessage[] = [];
  while (messages.length < count) messages.push(await within("the next message", peer.hear()));
  return messages;
}

rule(
  "[P-21] a mode may be named by its alias, is EX when absent, and is answered by its name",
  async ({ connect }) => {
    const peer = await connect();
    const wishes = [...MODES.map((mode) => [mode, mode]), ["shared", "PR"], ["update", "PW"], [
      "exclusive",
      "EX",
    ], [undefined, "EX"]];
    for (const [index, [mode, granted]] of wishes.entries()) {
      const answer = await peer.ask({ id: index + 2, op: "acquire", name: `m/${index}`, mode });
      equal(answer.mode, granted);
      equal((await peer.ask({ id: index + 102, op: "who", name: `m/${index}` })).held[0].mode, granted);
    }
  },
);

rule("[P-22] two sessions, or one, hold a name together only in compatible modes", async ({ connect }) => {
  const [first, second] = [await connect(), await connect()];
  const rows = ["YYYYYY", "YYYYY-", "YYY---", "YY-Y--", "YY----", "Y-----"];
  let id = 2;
  for (const [row, held] of MODES.entries()) {
    for (const [column, wanted] of MODES.entries()) {
      const name = `${held}/${wanted}`;
      await first.ask({ id: ++id, op: "acquire", name, mode: held });
      for (const peer of [second, first]) {
        const answer = await peer.ask({ id: ++id, op: "acquire", name, mode: wanted, wait: 0 });
        equal(answer.ok ? "Y" : "-", rows[row]?.[column], name);
        if (answer.ok) await peer.ask({ id: ++id, op: "release", lock: answer.lock });
        else equal(answer.error.code, "BUSY");
      }
    }
  }
});

rule(
  "[P-23] no request overtakes an earlier one that it conflicts with, and neighbours are granted together",
  async ({ connect }) => {
    const [holder, peer] = [await connect(), await connect()];
    for (const id of [2, 3]) await holder.ask({ id, op: "acquire", name: "a", mode: "PR" });
    for (const [index, mode] of ["EX", "PR", "CR", "EX"].entries()) {
      await peer.say({ id: index + 2, op: "acquire", name: "a", mode });
    }
    // Readers would fit beside the holder, new ones and those that wait: but a writer came before them.
    equal((await peer.ask({ id: 6, op: "acquire", name: "a", mode: "PR", wait: 0 })).error.code, "BUSY");
    await holder.ask({ id: 4, op: "release", lock: 2 });
    equal((await holder.ask({ id: 5, op: "who", name: "a" })).waitingCount, 4);
    await holder.ask({ id: 6, op: "release", lock: 3 });
    deepEqual((await heard(peer, 1)).map(told), [[2, true]]);
    await peer.ask({ id: 7, op: "release", lock: 2 });
    const together = await heard(peer, 2);
    deepEqual(together.map(told), [[3, true], [4, true]]);
    for (const [id, lock] of [[8, 3], [9, 4]] as const) await peer.ask({ id, op: "release", lock });
    deepEqual((await heard(peer, 1)).map(told), [[5, true]]);
  },
);

rule(
  "[P-24] a lock is named by its acquire, and tokens rise with conflicting grants",
  async ({ connect }) => {
    const peer = await connect();
    let [token, lock] = [0, 0];
    for (const [index, mode] of ["EX", "PR", "PW", "CR", "EX", "CW", "EX"].entries()) {
      const id = 10 * index + 2;
      const answer = await peer.ask({ id, op: "acquire", name: "a", mode });
      equal(answer.lock, id);
      // Each of these modes conflicts with the next one, but for PW and CR.
      ok(mode === "CR" ? answer.token >= token : answer.token > token);
      [token, lock] = [answer.token, answer.lock];
      await peer.ask({ id: id + 1, op: "release", lock });
    }
  },
);

rule("[I-4] [P-27] what was cancelled or timed out never becomes a grant", async ({ connect }) => {
  const [holder, peer] = [await connect(), await connect()];
  await holder.ask({ id: 2, op: "acquire", name: "a" });
  const timedOut = peer.ask({ id: 2, op: "acquire", name: "a", wait: 10 });
  await peer.say({ id: 3, op: "acquire", name: "a" });
  equal((await peer.ask({ id: 4, op: "cancel", request: 3 })).was, "waiting");
  equal((await timedOut).error.code, "TIMEOUT");
  await holder.ask({ id: 3, op: "release", lock: 2 });
  // Both releases and retries of what has ended find nothing.
  for (const [id, lock] of [[5, 2], [6, 3]] as const) {
    equal((await peer.ask({ id, op: "release", lock })).error.code, "NOT_HELD");
    equal(
      (await peer.ask({ id: lock, op: "acquire", name: "a" })).error.code,
      lock === 3 ? "CANCELLED" : "NOT_HELD",
    );
  }
  const { heldCount, waitingCount } = await peer.ask({ id: 7, op: "who", name: "a" });
  deepEqual([heldCount, waitingCount], [0, 0]);
});

rule("[P-30] a release ends one lock, once, before anything later is looked at", async ({ connect }) => {
  const [peer, waiter] = [await connect(), await connect()];
  await peer.ask({ id: 2, op: "acquire", name: "a" });
  await waiter.say({ id: 2, op: "acquire", name: "a" });
  equal((await waiter.ask({ id: 3, op: "who", name: "a" })).waitingCount, 1);
  // Not its own lock, though the number is the same.
  equal((await waiter.ask({ id: 4, op: "release", lock: 2 })).error.code, "NOT_HELD");
  await peer.say({ id: 3, op: "release", lock: 2 });
  await peer.say({ id: 4, op: "acquire", name: "a", wait: 0 });
  deepEqual((await heard(peer, 2)).map(told), [[3, true], [4, "BUSY"]]);
  equal((await waiter.hear()).lock, 2);
  await waiter.ask({ id: 5, op: "release", lock: 2 });
  await peer.ask({ id: 5, op: "acquire", name: "a" });
  equal((await peer.ask({ id: 6, op: "release", lock: 2 })).error.code, "NOT_HELD");
  equal((await peer.ask({ id: 7, op: "who", name: "a" })).heldCount, 1);
});

rule("[P-40] who tells holders and waiters in their order, and the numbers of all", async ({ connect }) => {
  const [first, second] = [await connect({ name: "one" }), await connect({ name: "two" })];
  const { token } = await first.ask({ id: 2, op: "acquire", name: "a", mode: "CR", reason: "look" });
  for (let id = 3; id < 603; id++) await first.say({ id, op: "acquire", name: "a", mode: "CR" });
  equal((await first.ask({ id: 603, op: "list", prefix: "b" })).ok, true);
  for (let id = 2; id < 503; id++) await second.say({ id, op: "acquire", name: "a", mode: "EX" });
  await second.ask({ id: 1_000, op: "who", name: "b" });
  const { held, waiting, ...rest } = await first.ask({ id: 1_000, op: "who", name: "a" });
  deepEqual(rest, { id: 1_000, ok: true, name: "a", heldCount: 601, waitingCount: 501, outside: null });
  const { since, session, ...holder } = held[0];
  deepEqual(holder, {
    request: 2,
    mode: "CR",
    token,
    client: { host: "127.0.0.1", name: "one" },
    reason: "look",
  });
  ok(Math.abs(Date.now() - since) < 60_000 && session.length > 0);
  const requests = (parties: { request: number }[]) => parties.map(({ request }) => request);
  deepEqual(requests(held), Array.from({ length: 500 }, (_, index) => index + 2));
  deepEqual(requests(waiting), Array.from({ length: 500 }, (_, index) => index + 2));
  equal(waiting[0].token, undefined);
  equal(waiting[0].client.name, "two");
});

rule(
  "[P-50] a holder is told when its lock is lost, and holds nothing then",
  async ({ connect, directory }) => {
    const [holder, other] = [await connect(), await connect()];
    const { token } = await holder.ask({ id: 2, op: "acquire", name: "a" });
    await other.ask({ id: 2, op: "acquire", name: "b" });
    Deno.removeSync(`${directory}/a.lck`);
    const lost = await within("the push", holder.hear());
    deepEqual(lost, { push: "lost", lock: 2, name: "a", token, reason: "store" });
    equal((await holder.ask({ id: 3, op: "release", lock: 2 })).error.code, "NOT_HELD");
    ok((await other.ask({ id: 3, op: "acquire", name: "a" })).token > token);
    equal((await other.ask({ id: 4, op: "who", name: "b" })).heldCount, 1);
  },
);

rule("[P-70] each refusal has a code of the closed set and words for people", async ({ connect }) => {
  const [holder, peer] = [await connect(), await connect()];
  await holder.ask({ id: 2, op: "acquire", name: "a" });
  const refusals: readonly (readonly [object, ErrorCode])[] = [
    [{ op: "acquire", name: "a", wait: 0 }, "BUSY"],
    [{ op: "acquire", name: "a", wait: 1 }, "TIMEOUT"],
    [{ op: "acquire", name: "/a" }, "BAD_REQUEST"],
    [{ op: "release", lock: 77 }, "NOT_HELD"],
    [{ op: "steal", name: "a" }, "UNSUPPORTED"],
    [{ op: "hello", version: 1 }, "BAD_REQUEST"],
  ];
  equal((await holder.ask({ id: 3, op: "acquire", name: "b" })).error.code, "LIMIT");
  for (const [index, [request, code]] of refusals.entries()) {
    const answer = await peer.ask({ id: index + 3, ...request });
    deepEqual(Object.keys(answer).sort(), ["error", "id", "ok"]);
    equal(answer.error.code, code);
    ok(isErrorCode(answer.error.code) && answer.error.message.startsWith("Cannot "));
  }
}, ["--locks-per-session-max", "1"]);
