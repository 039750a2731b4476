/**
 * Daemons that want the same names all the time take turns.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import type { Mode } from "../../../../../client/protocol/modes.ts";
import {
  LEAVE_MS,
  NOTE_FRESH_MS,
  RETRY_MS_MAX,
  TURN_MS,
} from "../../../../../server/store/directory/turns.ts";
import { type BenchDaemon, StoreBench } from "../../../../support/store_bench.ts";

/**
 * Sessions of one daemon that hold a lock for some ms, again and again, and always have a next request in the
 * queue.
 */
class Crowd {
  readonly #bench: StoreBench;
  readonly #daemon: BenchDaemon;
  readonly #mode: Mode;
  readonly #holdMs: number;
  readonly #people: { readonly session: string; id: number; sinceMs: number }[] = [];
  /** How many locks they had. */
  served = 0;

  constructor(bench: StoreBench, daemon: BenchDaemon, { mode, holdMs = 3, size = 3 }: {
    mode: Mode;
    holdMs?: number;
    size?: number;
  }) {
    [this.#bench, this.#daemon, this.#mode, this.#holdMs] = [bench, daemon, mode, holdMs];
    for (let index = 0; index < size; index++) {
      // Each begins at another moment: with shared locks one of them holds at any time.
      this.#people.push({ session: `${mode}${index}`, id: 0, sinceMs: index - holdMs });
    }
  }

  step(): void {
    for (const person of this.#people) {
      const { session } = person;
      const held = this.#daemon.holds(person.id, session);
      if (held && person.sinceMs < 0) {
        this.served++;
        person.sinceMs = this.#bench.nowMs;
      }
      if (held && this.#bench.nowMs - person.sinceMs >= this.#holdMs) {
        this.#daemon.release(person.id, session);
      }
      if (held && this.#daemon.holds(person.id, session) || this.#waits(person.id, session)) continue;
      this.#daemon.acquire(++person.id, this.#mode, { session, waitMs: Infinity });
      person.sinceMs = this.#daemon.holds(person.id, session) ? this.#bench.nowMs : -1;
      if (person.sinceMs >= 0) this.served++;
    }
  }

  #waits(id: number, session: string): boolean {
    return id > 0 && this.#daemon.answer(id, session) === undefined;
  }
}

function run(bench: StoreBench, crowds: Crowd[], ms: number): void {
  for (let step = 0; step < ms; step++) {
    for (const crowd of crowds) crowd.step();
    bench.pass(1);
  }
}

Deno.test("two daemons with endless waiters both keep getting the lock", () => {
  for (const modes of [["EX", "EX"], ["EX", "PR"], ["CW", "PR"], ["PW", "PW"]] as const) {
    using bench = new StoreBench();
    const crowds = modes.map((mode) => new Crowd(bench, bench.daemon(), { mode }));
    for (let round = 0; round < 10; round++) {
      const before = crowds.map((crowd) => crowd.served);
      run(bench, crowds, 4 * (TURN_MS + LEAVE_MS));
      crowds.forEach((crowd, index) => {
        ok(crowd.served > (before[index] ?? 0), `${modes[index]} of ${modes} is served in round ${round}`);
      });
    }
  }
});

Deno.test("three daemons with endless waiters all keep getting the lock", () => {
  using bench = new StoreBench();
  const crowds = (["EX", "PW", "EX"] as const).map((mode) => new Crowd(bench, bench.daemon(), { mode }));
  for (let round = 0; round < 5; round++) {
    const before = crowds.map((crowd) => crowd.served);
    run(bench, crowds, 15 * (TURN_MS + LEAVE_MS));
    crowds.forEach((crowd, index) =>
      ok(crowd.served > (before[index] ?? 0), `daemon ${index}, round ${round}`)
    );
  }
});

Deno.test("readers of two daemons that relieve each other do not starve a writer of a third one", () => {
  using bench = new StoreBench();
  const readers = [bench.daemon(), bench.daemon()].map((daemon) =>
    new Crowd(bench, daemon, { mode: "PR", holdMs: 5 })
  );
  run(bench, readers, 100);
  const writer = bench.daemon();
  for (let id = 1; id <= 5; id++) {
    writer.wait(id, "EX");
    for (let ms = 0; !writer.holds(id); ms++) {
      ok(ms < 2_000, "the writer gets its turn");
      run(bench, readers, 1);
    }
    writer.release(id);
    const before = readers.map((crowd) => crowd.served);
    run(bench, readers, 300);
    readers.forEach((crowd, index) => ok(crowd.served > (before[index] ?? 0), "and the readers go on"));
  }
});

Deno.test("a daemon whose lasting lock is in nobody's way still gives up the rest of its claim in turn", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "CR", { session: "lasting" });
  const crowds = [new Crowd(bench, one, { mode: "PW" }), new Crowd(bench, other, { mode: "PW" })];
  for (let round = 0; round < 10; round++) {
    const before = crowds.map((crowd) => crowd.served);
    run(bench, crowds, 4 * (TURN_MS + LEAVE_MS));
    crowds.forEach((crowd, index) =>
      ok(crowd.served > (before[index] ?? 0), `daemon ${index}, round ${round}`)
    );
  }
  ok(one.holds(1, "lasting"));
});

Deno.test("[P-23] a daemon whose turn is over still grants what is in nobody's way", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "PW");
  bench.pass(2 * TURN_MS);
  other.wait(1, "PR");
  one.wait(2, "PW");
  one.grant(3, "CR", { session: "warm" }); // finds the note, which CR does not conflict with
  one.release(3, "warm");
  one.release(1); // its turn is over: request 2 has to wait
  ok(!one.holds(2));
  one.grant(4, "NL");
  one.grant(5, "CR", { session: "reader" });
  bench.until(() => other.holds(1), 2 * LEAVE_MS);
  other.release(1);
  bench.until(() => one.holds(2), 2 * LEAVE_MS);
});

Deno.test("[P-23] a daemon that must yield keeps granting compatible locks while its holders stay", () => {
  using bench = new StoreBench();
  const [one, other] = [bench.daemon(), bench.daemon()];
  one.grant(1, "CW", { session: "a" });
  bench.pass(2 * TURN_MS);
  other.wait(1, "PR");
  bench.pass(1);
  equal(one.refusal(1, "CW", { session: "b" }), "BUSY", "another CW would keep the PR out for longer");
  one.grant(2, "CR", { session: "b" });
  one.grant(3, "NL", { session: "b" });
});

Deno.test("a note of a daemon that died keeps nobody away for long", () => {
  using bench = new StoreBench();
  const [one, dead] = [bench.daemon(), bench.daemon()];
  one.grant(1, "EX");
  dead.wait(1, "EX");
  dead.kill();
  one.release(1);
  one.wait(2, "EX"); // finds the note of somebody who seems to wait
  ok(bench.until(() => one.holds(2), NOTE_FRESH_MS) <= NOTE_FRESH_MS);
  one.release(2);
  bench.pass(NOTE_FRESH_MS);
  one.grant(3, "EX");
});

Deno.test("a wall clock that is set back while a writer waits does not leave it to the readers", () => {
  using bench = new StoreBench();
  const readers = new Crowd(bench, bench.daemon(), { mode: "PR", holdMs: 5 });
  const writer = bench.daemon();
  run(bench, [readers], 1);
  writer.wait(1, "EX"); // its note says when
  bench.wallOffsetMs -= 3_600_000;
  for (let ms = 0; !writer.holds(1); ms++) {
    ok(ms < 1_000, "the writer gets its turn");
    run(bench, [readers], 1);
  }
});

Deno.test("a note that is old keeps nobody away at all", () => {
  using bench = new StoreBench();
  const [one, dead, newcomer] = [bench.daemon(), bench.daemon(), bench.daemon()];
  one.grant(1, "EX");
  dead.wait(1, "EX");
  dead.kill();
  bench.pass(NOTE_FRESH_MS + 2);
  one.release(1);
  newcomer.grant(1, "EX");
});

Deno.test("[P-23] a newcomer that finds the note of a daemon that waits does not keep the lock from it", () => {
  using bench = new StoreBench();
  const [one, waiting, newcomer] = [bench.daemon(), bench.daemon(), bench.daemon()];
  one.grant(1, "EX");
  waiting.wait(1, "EX");
  bench.pass(1);
  one.release(1);
  equal(newcomer.refusal(1, "EX"), "BUSY");
  newcomer.grant(2, "NL");
  bench.until(() => waiting.holds(1), RETRY_MS_MAX + 1);
});
