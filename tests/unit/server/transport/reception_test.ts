import { deepEqual, equal } from "node:assert/strict";
import { type Log, SILENT_LOG } from "../../../../server/base/log.ts";
import type { Conversation } from "../../../../server/dialect/conversation.ts";
import { Pulse } from "../../../../server/transport/heartbeats.ts";
import { type Guest, Reception } from "../../../../server/transport/reception.ts";

/** A connection whose peer may be silent for 50 ms once it is introduced, and what it was told. */
function setUp(log: Log = SILENT_LOG): {
  clock: { ms: number };
  guest: Guest;
  conversation: { introduced: boolean; heartbeatMs: number };
  reception: Reception;
  told: number[];
} {
  const clock = { ms: 1_000 };
  const told: number[] = [];
  const conversation = {
    introduced: false,
    heartbeatMs: 0,
    silenceMsMax: 50,
    receive() {},
    fail() {},
    timeOut: (afterMs: number) => void told.push(afterMs),
    ended() {},
  } satisfies Conversation;
  const limits = {
    connectionsMax: 10,
    connectionsPerAddressMax: 10,
    refusalPauseMs: 0,
    frameBytesMax: 100,
    outputBytesMax: 100,
    helloTimeoutMs: 200,
  };
  const reception = new Reception({
    clock: { now: () => clock.ms, wallMs: () => 0 },
    log,
    limits,
    afterTurn() {},
    onBroken: (error) => {
      throw error;
    },
  });
  const guest = {
    conversation,
    dueMs: 0,
    heapIndex: -1,
    peer: "192.0.2.1",
    flush() {},
    cut() {},
    pulse: new Pulse({ conversation }),
  };
  reception.enter(guest);
  return { clock, guest, conversation, reception, told };
}

Deno.test("[T-5] Reception gives a stranger the time of a hello, whatever is sent to it", () => {
  const { clock, guest, reception, told } = setUp();
  clock.ms = 1_100;
  reception.turn(() => reception.hasToSend(guest));
  equal(reception.nextDueMs, 1_200);
  reception.tick(1_199);
  deepEqual(told, []);
  reception.tick(1_200);
  deepEqual(told, [200]);
});

Deno.test("[T-13] Reception counts silence from the last frame that was sent", () => {
  const { clock, guest, conversation, reception, told } = setUp();
  conversation.introduced = true;
  for (const ms of [1_010, 1_040, 1_080]) {
    clock.ms = ms;
    reception.turn(() => reception.hasToSend(guest));
    equal(reception.nextDueMs, ms + 50);
  }
  reception.tick(1_129);
  deepEqual(told, []);
  reception.tick(1_130);
  deepEqual(told, [50]);
  reception.leave(guest);
  equal(reception.nextDueMs, Infinity);
});

Deno.test("[T-13] Reception forgets the silence of a connection that is over", () => {
  const { guest, conversation, reception } = setUp();
  conversation.introduced = true;
  reception.turn(() => reception.hasToSend(guest));
  guest.flush = () => reception.leave(guest);
  reception.turn(() => reception.hasToSend(guest));
  equal(reception.nextDueMs, Infinity);
});

Deno.test("[P-17] [I-14] Reception finds a peer that vanishes after its hello, also when that was answered late", () => {
  const { clock, guest, conversation, reception, told } = setUp();
  Object.assign(conversation, { heartbeatMs: 100, silenceMsMax: undefined });
  // The session is fetched from another daemon meanwhile.
  reception.heard(guest);
  clock.ms = 1_150;
  conversation.introduced = true;
  reception.turn(() => reception.hasToSend(guest));
  equal(reception.nextDueMs, 1_200, "the time for its hello");
  reception.tick(1_200);
  equal(reception.nextDueMs, 1_250);
  reception.tick(1_250);
  reception.tick(1_450);
  deepEqual(told, [300]);
  reception.leave(guest);
  reception.turn(() => reception.hasToSend(guest));
  equal(reception.nextDueMs, Infinity, "nobody waits for who has left");
});

Deno.test("Reception counts every failed accept, and tells of those at a port once a second", () => {
  const told: unknown[][] = [];
  const { clock, reception } = setUp({
    ...SILENT_LOG,
    warn: (event, fields) => void told.push([event, fields?.["failed"]]),
  });
  const error = new Error("EMFILE");
  for (let count = 0; count < 3; count++) reception.acceptFailed("tcp", error);
  reception.acceptFailed("http", error);
  clock.ms += 999;
  reception.acceptFailed("tcp", error);
  clock.ms += 1;
  reception.acceptFailed("tcp", error);
  deepEqual(told, [["tcp.accept_failed", 1], ["http.accept_failed", 4], ["tcp.accept_failed", 6]]);
  equal(reception.counts.failedAccepts, 6);
});
