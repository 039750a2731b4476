// When a silent server is asked, and when it is given up. The clock is a list of things to do.
import { deepEqual } from "node:assert/strict";
import type { Clock } from "../../../client/clock.ts";
import { Heartbeat } from "../../../client/heartbeat.ts";

class Beats implements Clock {
  #due: (() => void) | undefined;
  readonly said: string[] = [];
  readonly heartbeat = new Heartbeat({
    clock: this,
    everyMs: 100,
    ask: () => this.said.push("ask"),
    giveUp: (silentMs) => this.said.push(`give up after ${silentMs}`),
  });

  now(): number {
    return 0;
  }

  after(_ms: number, run: () => void): () => void {
    this.#due = run;
    return () => this.#due = undefined;
  }

  beat(times: number): void {
    for (let time = 0; time < times; time++) {
      const run = this.#due;
      this.#due = undefined;
      run?.();
    }
  }
}

Deno.test("[P-17] Heartbeat asks a silent server once, and gives it up after three silent beats", () => {
  const beats = new Beats();
  // The first beat ends a time in which the answer to the hello was heard.
  beats.beat(1);
  deepEqual(beats.said, []);
  beats.beat(1);
  deepEqual(beats.said, ["ask"]);
  beats.beat(1);
  deepEqual(beats.said, ["ask"]);
  beats.beat(1);
  deepEqual(beats.said, ["ask", "give up after 300"]);
  beats.beat(9);
  deepEqual(beats.said, ["ask", "give up after 300"]);
});

Deno.test("[P-17] Heartbeat counts anew whenever something is heard, and not after it was stopped", () => {
  const beats = new Beats();
  beats.beat(3);
  beats.heartbeat.heard();
  beats.beat(3);
  deepEqual(beats.said, ["ask", "ask"]);
  beats.heartbeat.stop();
  beats.beat(9);
  deepEqual(beats.said, ["ask", "ask"]);
});
