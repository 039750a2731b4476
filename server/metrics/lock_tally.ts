/**
 * Counts what happens to locks: how many are held and waited for, what came of requests, how long waits and
 * holds took. It looks on at what sessions ask and are told, and so is the same for every store and every
 * interface. Pure.
 *
 * What a session asked for is one of these:
 *
 * ```text
 *   – ──▶ WAITING ──▶ HELD ──▶ –      [asked; told granted; told released, lost, cancelled; ended]
 *            └──────────────▶ –        [told refused; ended]
 * ```
 *
 * A lock of several names is one lock, of the class of its first name.
 *
 * @module
 */
import type { LossReason } from "../../client/protocol/messages.ts";
import { type Mode, MODES } from "../../client/protocol/modes.ts";
import { assert } from "../base/assert.ts";
import type { Observer } from "../session/observer.ts";
import type { Acquire, Convert, Effect, Refused, SessionId } from "../store/store.ts";
import { Distribution } from "./distribution.ts";
import { NameClasses } from "./name_classes.ts";
import { type Result, resultOf, RESULTS } from "./result.ts";

/**
 * Bounds of waits and of holds, in seconds: from "at once" to what nobody would wait for, and from a moment
 * to a day.
 */
const WAIT_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800];
const HOLD_BOUNDS = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 3_600, 86_400];

const MODE_INDEX = Object.fromEntries(MODES.map((mode, index) => [mode, index])) as Record<Mode, number>;
const MODE_COUNT = MODES.length;

interface Ask {
  /** Index of mode and class, of the lock as it is held or of what is asked for. */
  cell: number;
  /** Since when it waits, or is held. */
  sinceMs: number;
  held: boolean;
}

/** A mode and a class of names. */
export interface Cell {
  readonly mode: Mode;
  readonly className: string;
}

/** What is known of the locks of one daemon. All counts are since its start. */
export class LockTally implements Observer {
  /** From asking to the grant, by cell. */
  readonly waits = new Distribution(WAIT_BOUNDS);
  /** From the grant to the end of the lock, however it came, by cell of its last mode. */
  readonly holds = new Distribution(HOLD_BOUNDS);
  /** Locks that ended although their holders did not release them, by reason. */
  readonly losses: Record<LossReason, number> = {
    "store": 0,
    "broken": 0,
    "expired": 0,
    "max-hold": 0,
    "session": 0,
  };
  /** What came of converts. */
  readonly conversions: Record<Result, number> = Object.fromEntries(
    RESULTS.map((result) => [result, 0]),
  ) as Record<
    Result,
    number
  >;
  /** How many breaks were carried out. */
  breaks = 0;
  readonly #classes: NameClasses;
  readonly #held: Int32Array;
  readonly #waiting: Int32Array;
  readonly #results: Readonly<Record<Result, Float64Array>>;
  readonly #asks = new Map<SessionId, Map<number, Ask>>();
  /** Converts that are not decided, apart: they wait while their lock is held. */
  readonly #converts = new Map<SessionId, Map<number, Ask>>();

  constructor(classes: NameClasses = new NameClasses([])) {
    this.#classes = classes;
    const cells = MODE_COUNT * classes.names.length;
    this.#held = new Int32Array(cells);
    this.#waiting = new Int32Array(cells);
    this.#results = Object.fromEntries(RESULTS.map((result) => [result, new Float64Array(cells)])) as Record<
      Result,
      Float64Array
    >;
  }

  /** All cells, in the order of their indices. */
  get cells(): readonly Cell[] {
    return this.#classes.names.flatMap((className) => MODES.map((mode) => ({ mode, className })));
  }

  /** All classes, in the order of their indices. */
  get classNames(): readonly string[] {
    return this.#classes.names;
  }

  /** How many locks are held in a cell. */
  heldIn(cell: number): number {
    return this.#held[cell] ?? 0;
  }

  /** How many requests wait in a cell, converts too. */
  waitingIn(cell: number): number {
    return this.#waiting[cell] ?? 0;
  }

  /** How many acquires of a cell ended so. */
  resultsIn(cell: number, result: Result): number {
    return this.#results[result][cell] ?? 0;
  }

  /**
   * How long the request that waits longest has waited, by the index of its class, in milliseconds; 0 where
   * none does.
   */
  oldestWaitsMs(now: number): number[] {
    const oldest = this.#classes.names.map(() => 0);
    if (!this.#waiting.some((count) => count > 0)) return oldest;
    for (const asks of [...this.#asks.values(), ...this.#converts.values()]) {
      for (const { held, cell, sinceMs } of asks.values()) {
        const index = Math.floor(cell / MODE_COUNT);
        if (!held) oldest[index] = Math.max(oldest[index] ?? 0, now - sinceMs);
      }
    }
    return oldest;
  }

  asked({ session, request, names, mode }: Acquire, now: number): void {
    const asks = this.#asks.get(session);
    if (asks?.has(request)) return;
    const cell = this.#classes.of(names[0] ?? "") * MODE_COUNT + MODE_INDEX[mode];
    const ask = { cell, sinceMs: now, held: false };
    if (asks) asks.set(request, ask);
    else this.#asks.set(session, new Map([[request, ask]]));
    (this.#waiting[cell] as number)++;
  }

  converts({ session, request, lock, mode }: Convert, now: number): void {
    const held = this.#asks.get(session)?.get(lock);
    const converts = this.#converts.get(session);
    if (!held?.held || converts?.has(request)) return;
    const cell = held.cell - held.cell % MODE_COUNT + MODE_INDEX[mode];
    const ask = { cell, sinceMs: now, held: false };
    if (converts) converts.set(request, ask);
    else this.#converts.set(session, new Map([[request, ask]]));
    (this.#waiting[cell] as number)++;
  }

  told(effect: Effect, now: number): void {
    switch (effect.type) {
      case "granted":
        return this.#granted(effect.session, effect.request, now);
      case "released":
        return this.#over(effect.session, effect.lock, now);
      case "refused":
        return this.#refused(effect);
      case "converted":
        return this.#converted(effect);
      case "cancelled":
        return effect.was === "held" ? this.#over(effect.session, effect.target, now) : undefined;
      case "lost":
        this.losses[effect.reason]++;
        return this.#over(effect.session, effect.lock, now);
      case "released-all":
        return this.#allReleased(effect.session, now);
      case "broken":
        this.breaks++;
    }
  }

  ended(session: SessionId, now: number): void {
    for (const [request, { held, cell }] of this.#asks.get(session) ?? []) {
      if (held) {
        this.losses.session++;
        this.#over(session, request, now);
      } else this.#decided(cell, "session_ended");
    }
    for (const { cell } of this.#converts.get(session)?.values() ?? []) {
      (this.#waiting[cell] as number)--;
      this.conversions.session_ended++;
    }
    this.#asks.delete(session);
    this.#converts.delete(session);
  }

  /** Throws when the sums are not those of the parts. */
  checkInvariants(): void {
    const asks = [...this.#asks.values()].flatMap((ofSession) => [...ofSession.values()]);
    const converts = [...this.#converts.values()].flatMap((ofSession) => [...ofSession.values()]);
    this.cells.forEach((_, cell) => {
      const held = asks.filter((ask) => ask.held && ask.cell === cell).length;
      const waiting = [...asks, ...converts].filter((ask) => !ask.held && ask.cell === cell).length;
      assert(this.heldIn(cell) === held, "held locks are counted");
      assert(this.waitingIn(cell) === waiting, "waits are counted");
    });
    assert(converts.every(({ held }) => !held), "a convert that is decided is forgotten");
  }

  #granted(session: SessionId, request: number, now: number): void {
    const ask = this.#asks.get(session)?.get(request);
    // The answer to a retry says once more what was counted.
    if (!ask || ask.held) return;
    this.#decided(ask.cell, "granted");
    this.waits.note(ask.cell, (now - ask.sinceMs) / 1_000);
    ask.held = true;
    ask.sinceMs = now;
    (this.#held[ask.cell] as number)++;
  }

  #refused({ session, request, code }: Refused): void {
    const result = resultOf(code);
    const asks = this.#asks.get(session);
    const ask = asks?.get(request);
    if (ask && !ask.held) {
      asks?.delete(request);
      return this.#decided(ask.cell, result);
    }
    const convert = this.#takeConvert(session, request);
    if (convert) this.conversions[result]++;
  }

  #converted({ session, request, lock, mode }: Extract<Effect, { type: "converted" }>): void {
    const ask = this.#asks.get(session)?.get(lock);
    if (this.#takeConvert(session, request)) this.conversions.granted++;
    if (!ask?.held) return;
    (this.#held[ask.cell] as number)--;
    ask.cell += MODE_INDEX[mode] - ask.cell % MODE_COUNT;
    (this.#held[ask.cell] as number)++;
  }

  #takeConvert(session: SessionId, request: number): Ask | undefined {
    const converts = this.#converts.get(session);
    const convert = converts?.get(request);
    if (!convert) return undefined;
    converts?.delete(request);
    (this.#waiting[convert.cell] as number)--;
    return convert;
  }

  #decided(cell: number, result: Result): void {
    (this.#waiting[cell] as number)--;
    (this.#results[result][cell] as number)++;
  }

  #over(session: SessionId, lock: number, now: number): void {
    const asks = this.#asks.get(session);
    const ask = asks?.get(lock);
    if (!ask?.held) return;
    asks?.delete(lock);
    (this.#held[ask.cell] as number)--;
    this.holds.note(ask.cell, (now - ask.sinceMs) / 1_000);
  }

  #allReleased(session: SessionId, now: number): void {
    for (const [request, { held }] of [...this.#asks.get(session) ?? []]) {
      if (held) this.#over(session, request, now);
    }
  }
}
