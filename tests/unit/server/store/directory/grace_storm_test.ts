// Daemons that lock, convert, release, fail to write, end and die at random, with clocks of the test: what a
// client may believe in is given to nobody else.
import { deepEqual, ok } from "node:assert/strict";
import { ERRNO } from "../../../../../ffi/errno.ts";
import { type Mode, MODES } from "../../../../../client/protocol/modes.ts";
import type { SessionId } from "../../../../../server/lock/effect.ts";
import { MARK_RETRY_MS } from "../../../../../server/store/directory/grace_marks.ts";
import { LEAVE_MS, RETRY_MS_MAX } from "../../../../../server/store/directory/turns.ts";
import { friends } from "../../../../support/lock_model_parts.ts";
import { said } from "../../../../support/mark_scenario.ts";
import { oneOf, type Random, randomFrom } from "../../../../support/random.ts";
import { type BenchDaemon, StoreBench } from "../../../../support/store_bench.ts";

const STORMS = 60;
const STEPS = 150;
const DAEMONS = 3;
/** Sessions of each daemon, by their graces in milliseconds. */
const GRACES = { none: 0, short: 30, long: 80 } as const;
const SESSIONS = ["none", "short", "long"] as const;

/** A lock that a client believes in whose daemon is gone. */
interface Belief {
  readonly mode: Mode;
  readonly untilMs: number;
}

class Storm implements Disposable {
  readonly bench = new StoreBench();
  readonly #random: Random;
  readonly #living: BenchDaemon[] = [];
  readonly #beliefs: Belief[] = [];
  /** How many effects of each daemon were looked at. */
  readonly #seen = new Map<BenchDaemon, number>();
  #id = 0;
  kills = 0;
  /** How many grants came while something was believed in that they could stand beside. */
  besides = 0;

  constructor(seed: number, readonly over: "local" | "nfs") {
    this.#random = randomFrom(seed);
    for (let count = 0; count < DAEMONS; count++) this.#living.push(this.#daemon());
  }

  step(): void {
    const index = this.#random(DAEMONS);
    const daemon = this.#living[index] as BenchDaemon;
    const what = this.#random(100);
    if (what < 45) this.#acquire(daemon);
    else if (what < 65) this.#withLock(daemon, (id, session) => daemon.release(id, session));
    else if (what < 80) this.#withLock(daemon, (id, session) => this.#convert(daemon, id, session));
    else if (what < 84) {
      daemon.calls.fail({ errno: ERRNO.EIO, kind: "write", effect: oneOf(this.#random, ["none", "done"]) });
    } else if (what < 90) daemon.calls.heal();
    else if (what < 97) this.#pass(1 + this.#random(20));
    else this.#end(index);
    this.#look();
  }

  /** All is free again, after all graces, and the file says nothing. */
  settle(): void {
    for (const daemon of this.#living) {
      daemon.calls.heal();
      for (const session of SESSIONS) daemon.end(session);
    }
    const last = this.#daemon();
    last.acquire(1, "EX", { session: "last", waitMs: Infinity });
    const slowest = 2 * GRACES.long + LEAVE_MS + MARK_RETRY_MS + 4 * RETRY_MS_MAX;
    this.bench.until(() => last.holds(1, "last"), slowest);
    deepEqual(said(this.bench), []);
    this.#look();
  }

  [Symbol.dispose](): void {
    this.bench[Symbol.dispose]();
  }

  #daemon(): BenchDaemon {
    return this.bench.daemon({ over: this.over });
  }

  #acquire(daemon: BenchDaemon): void {
    const session = oneOf(this.#random, SESSIONS);
    const waitMs = this.#wait();
    daemon.acquire(++this.#id, oneOf(this.#random, MODES), {
      session,
      waitMs,
      graceMs: GRACES[session],
    });
  }

  #convert(daemon: BenchDaemon, lock: number, session: string): void {
    const mode = oneOf(this.#random, MODES);
    const convert = { session: session as SessionId, request: ++this.#id, lock, mode, waitMs: this.#wait() };
    daemon.store.convert(convert, this.bench.nowMs);
    daemon.work();
  }

  /** Over NFS, where admissions come later, nobody waits here. */
  #wait(): number {
    return this.over === "nfs" ? 0 : oneOf(this.#random, [0, 50, Infinity]);
  }

  #withLock(daemon: BenchDaemon, use: (id: number, session: string) => void): void {
    const held = [...daemon.store.table.resources.get("x")?.held ?? []].filter(({ request }) =>
      request.state === "held"
    );
    const { request } = held[this.#random(held.length || 1)] ?? {};
    if (request) use(request.id, request.session.id);
  }

  /** Kills a daemon, or ends it in order, and starts another one. */
  #end(index: number): void {
    const daemon = this.#living[index] as BenchDaemon;
    const isInOrder = this.#random(3) === 0;
    const leaves = (session: string) => isInOrder && !daemon.store.leaveSession(session as SessionId);
    for (const session of SESSIONS.filter(leaves)) daemon.end(session);
    daemon.work();
    this.#look();
    for (const { request, mode, graceMs } of daemon.store.table.resources.get("x")?.held ?? []) {
      if (request.state !== "held" || graceMs === 0) continue;
      this.#beliefs.push({ mode, untilMs: this.bench.nowMs + graceMs });
    }
    if (isInOrder) daemon.close();
    else daemon.kill();
    this.kills++;
    this.#living[index] = this.#daemon();
  }

  #pass(ms: number): void {
    for (let step = 0; step < ms; step++) {
      this.bench.pass(1);
      this.#look();
    }
  }

  /** What was granted since the last look conflicts with nothing that somebody may believe in. */
  #look(): void {
    const { nowMs } = this.bench;
    const believed = this.#beliefs.filter(({ untilMs }) => nowMs < untilMs);
    for (const daemon of this.bench.daemons) {
      daemon.check();
      for (const effect of daemon.effects.slice(this.#seen.get(daemon) ?? 0)) {
        if (effect.type !== "granted" && effect.type !== "converted") continue;
        for (const { mode, untilMs } of believed) {
          ok(
            friends(mode, effect.mode),
            `${effect.mode} at ${nowMs}, ${mode} is believed in until ${untilMs}`,
          );
          if (mode !== "NL" && effect.mode !== "NL") this.besides++;
        }
      }
      this.#seen.set(daemon, daemon.effects.length);
    }
  }
}

for (const over of ["local", "nfs"] as const) {
  Deno.test(`[I-12] [I-15] no storm of locks, faults and deaths gives away what a client may believe in (${over})`, () => {
    const first = crypto.getRandomValues(new Uint32Array(1))[0]!;
    let [kills, besides] = [0, 0];
    for (let seed = first; seed < first + STORMS; seed++) {
      using storm = new Storm(seed, over);
      try {
        for (let step = 0; step < STEPS; step++) storm.step();
        storm.settle();
      } catch (cause) {
        throw new Error(`in the storm of seed ${seed}`, { cause });
      }
      kills += storm.kills;
      besides += storm.besides;
    }
    ok(
      kills > STORMS && besides > STORMS,
      `${kills} daemons ended, ${besides} grants beside what is believed`,
    );
  });
}
