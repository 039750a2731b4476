/**
 * The renewals that a pilot makes over one connection.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { Renewals } from "../../../../client/pilot/renewals.ts";
import type { Kept } from "../../../../client/transport/transport.ts";
import { HandClock } from "../hand_clock.ts";

interface Request {
  readonly id: number;
  readonly op: string;
  readonly lock?: number;
}

function setUp() {
  const clock = new HandClock();
  const sent: Request[] = [];
  const confirmed: [Kept, number][] = [];
  const renewals = new Renewals({
    clock,
    send: (frame) => sent.push(JSON.parse(frame)),
    confirm: (kept, sentMs) => confirmed.push([kept, sentMs]),
  });
  return { clock, sent, confirmed, renewals };
}

Deno.test("Renewals renews whenever a quarter of a life has gone by, and confirms with when that was sent", async () => {
  const { clock, sent, confirmed, renewals } = setUp();
  renewals.keep(7, 4_000);
  renewals.keep("session", 7_200);
  await clock.advance(2_000);
  deepEqual(sent.map(({ op, lock }) => [op, lock]), [["renew", 7], ["ping", undefined], ["renew", 7]]);
  clock.stall(100);
  equal(renewals.take(`{"id":${sent[0]!.id},"ok":true,"lock":7,"expires":1}`), true);
  equal(renewals.take(`{"id":${sent[1]!.id},"ok":true}`), true);
  deepEqual(confirmed, [[7, 1_000], ["session", 1_800]]);
});

Deno.test("Renewals confirms nothing that was refused, is answered twice, or is not kept any more", async () => {
  const { clock, sent, confirmed, renewals } = setUp();
  renewals.keep(7, 4_000);
  await clock.advance(3_000);
  const answer = (id: number) => `{"id":${id},"ok":true,"lock":7}`;
  renewals.take(`{"id":${sent[0]!.id},"ok":false,"error":{"code":"NOT_HELD","message":""}}`);
  renewals.take(answer(sent[1]!.id));
  renewals.take(answer(sent[1]!.id));
  deepEqual(confirmed, [[7, 2_000]]);
  renewals.drop(7);
  equal(renewals.take(answer(sent[2]!.id)), true, "it is not for the client either");
  await clock.advance(10_000);
  deepEqual([confirmed.length, sent.length, clock.alarms], [1, 3, 0]);
});

Deno.test("[P-17] Renewals answers the server's ping itself, and leaves all else to the client", () => {
  const { sent, renewals } = setUp();
  equal(renewals.take('{"push":"ping"}'), true);
  deepEqual(sent.map(({ op }) => op), ["ping"]);
  equal(renewals.take(`{"id":${sent[0]!.id},"ok":true}`), true);
  for (
    const frame of [
      '{"id":2,"ok":true,"lock":2}',
      '{"id":null,"ok":false,"error":{"code":"LIMIT","message":""}}',
      '{"push":"draining","closesIn":5}',
      '{"id":1234567890123456,"ok":true}',
    ]
  ) equal(renewals.take(frame), false, frame);
});

Deno.test("Renewals.end stops all of them", async () => {
  const { clock, sent, renewals } = setUp();
  for (const lock of [1, 2, 3]) renewals.keep(lock, 1_000);
  renewals.end();
  await clock.advance(10_000);
  deepEqual([sent.length, clock.alarms], [0, 0]);
});

Deno.test("[P-18] Renewals confirms the server's word as sent earlier, when it is good for less than at first", async () => {
  const { clock, sent, confirmed, renewals } = setUp();
  renewals.keep("validity", 8_000);
  await clock.advance(6_000);
  deepEqual(sent.map(({ op }) => op), ["ping", "ping", "ping"]);
  for (const [index, validFor] of [8_000, 5_000].entries()) {
    renewals.take(`{"id":${sent[index]!.id},"ok":true,"validFor":${validFor}}`);
  }
  deepEqual(confirmed, [["validity", 2_000], ["validity", 1_000]]);
  renewals.take(`{"id":${sent[2]!.id},"ok":true}`);
  deepEqual(confirmed.at(-1), ["validity", -2_000], "nothing was said");
});
