// Who is asked for a sign of life, and who is given up. The clock is a number.
import { deepEqual, equal } from "node:assert/strict";
import type { Conversation } from "../../../../server/dialect/conversation.ts";
import { Heartbeats, Pulse } from "../../../../server/transport/heartbeats.ts";

class Peer implements Conversation {
  introduced = true;
  readonly said: string[] = [];
  readonly pulse = new Pulse({ conversation: this });

  constructor(readonly heartbeatMs = 0) {}

  receive(): void {}
  fail(): void {}
  ended(): void {}

  ping(): void {
    this.said.push("ping");
  }

  timeOut(afterMs: number): void {
    this.said.push(`timed out after ${afterMs}`);
  }
}

Deno.test("[P-17] Heartbeats asks a silent peer after one heartbeat and gives it up after three", () => {
  const [heartbeats, peer] = [new Heartbeats(), new Peer(100)];
  heartbeats.heard(peer.pulse, 1_000);
  equal(heartbeats.nextDueMs, 1_100);
  heartbeats.tick(1_099);
  deepEqual(peer.said, []);
  heartbeats.tick(1_100);
  deepEqual(peer.said, ["ping"]);
  heartbeats.tick(1_299);
  deepEqual(peer.said, ["ping"]);
  heartbeats.tick(1_300);
  deepEqual(peer.said, ["ping", "timed out after 300"]);
  equal(heartbeats.nextDueMs, Infinity);
});

Deno.test("[P-17] Heartbeats takes any frame for a sign of life", () => {
  const [heartbeats, peer] = [new Heartbeats(), new Peer(100)];
  for (let now = 0; now <= 990; now += 90) {
    heartbeats.heard(peer.pulse, now);
    heartbeats.tick(now + 89);
  }
  deepEqual(peer.said, []);
  heartbeats.tick(1_090);
  deepEqual(peer.said, ["ping"]);
  heartbeats.heard(peer.pulse, 1_200);
  heartbeats.tick(1_299);
  deepEqual(peer.said, ["ping"]);
  heartbeats.tick(1_300);
  deepEqual(peer.said, ["ping", "ping"]);
});

Deno.test("[P-17] Heartbeats blames nobody for time in which this process stood still", () => {
  const [heartbeats, peer] = [new Heartbeats(), new Peer(100)];
  heartbeats.heard(peer.pulse, 0);
  heartbeats.tick(100);
  heartbeats.tick(60_000);
  deepEqual(peer.said, ["ping", "ping"]);
  heartbeats.tick(60_200);
  deepEqual(peer.said, ["ping", "ping", "timed out after 300"]);
});

Deno.test("Heartbeats leaves alone whoever is gone, has not said hello, or cannot give a sign", () => {
  const heartbeats = new Heartbeats();
  const [gone, stranger, mute] = [new Peer(100), new Peer(100), new Peer()];
  stranger.introduced = false;
  for (const { pulse } of [gone, stranger, mute]) heartbeats.heard(pulse, 0);
  heartbeats.remove(gone.pulse);
  equal(heartbeats.nextDueMs, Infinity);
  heartbeats.tick(10_000);
  deepEqual([gone, stranger, mute].flatMap(({ said }) => said), []);
});
