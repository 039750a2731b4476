/**
 * The arbiter of a directory on NFSv4: the file server decides, workers ask it, and this is the main thread's
 * view of it. Nothing here waits; what the server has not answered is not believed. `docs/design/0016-nfs.md`
 * tells why it is so.
 *
 * @module
 */
import type { Mode } from "../../../../client/protocol/modes.ts";
import type { Clock } from "../../../base/clock.ts";
import { Deadlines, type Timed } from "../../../base/deadlines.ts";
import type { Refusal } from "../../../lock/claims.ts";
import type { Arbiter, ArbiterHost, Outside, Verdict } from "../arbiter.ts";
import { Beats } from "./beats.ts";
import { type Belief, silenceMsMax } from "./belief.ts";
import type { Courier } from "./courier.ts";
import { Lanes } from "./lanes.ts";
import { NfsClaims } from "./nfs_claims.ts";

/** How long a question beside locks (who, explain, verify) waits for the server, in milliseconds. */
export const PATIENCE_MS = 1_000;
/** How often holder notes are written: locks that come and go faster are never noted. In milliseconds. */
const NOTE_INTERVAL_MS = 250;
/** How long closing waits for the server, in milliseconds. */
const CLOSING_MS = 1_000;

/** What an arbiter is made with. */
export interface NfsArbiterOptions {
  readonly courier: Courier;
  readonly belief: Belief;
  readonly clock: Clock;
  /** Milliseconds since the machine was started. */
  readonly bootMs: () => number;
  /** Called when an answer has come: {@link NfsArbiter.tick} has something to do now. */
  readonly wake: () => void;
  /** Hears what an operator wants to know. */
  readonly report: Report;
  /** This daemon's place in the roster. */
  readonly roster: {
    /** What it writes of itself now. */
    readonly text: () => string;
    /** Hears what others have written, each time. */
    readonly onTexts: (texts: readonly string[]) => void;
    /** Hears that it could not be written and why, once for each reason. */
    readonly onRefused: (message: string) => void;
  };
}

/**
 * What happened to the way to the server: it is down, so that nothing is believed any more and requests are
 * refused; it is back; claims were lost, so many.
 */
export type Report = (what: "down" | "back" | "lost", claims: number) => void;

/** The lane that keeps the roster. */
const ROSTER_LANE = 0;

/** A question that is given up when its time is over. */
interface Question extends Timed {
  readonly giveUp: (now: number) => void;
}

/** The arbiter of a directory on NFSv4. */
export class NfsArbiter implements Arbiter {
  readonly guarantee = "nfs";
  readonly claims: NfsClaims;
  readonly #options: NfsArbiterOptions;
  readonly #lanes: Lanes;
  readonly #beats: Beats;
  readonly #questions = new Deadlines<Question>();
  #notesDueMs = 0;
  #signDueMs = 0;
  #isSigning = false;
  /** Why the roster could not be signed the last time. */
  #refusal = "";
  #closed: Promise<void> | undefined;

  constructor(options: NfsArbiterOptions, host: ArbiterHost) {
    this.#options = options;
    const { courier, belief, clock, bootMs, wake } = options;
    this.#lanes = new Lanes({ courier, clock, wake, downMs: belief.believedMs });
    this.claims = new NfsClaims({ lanes: this.#lanes, host, belief, bootMs });
    this.#beats = new Beats({ claims: this.claims, lanes: this.#lanes, belief, bootMs });
  }

  get available(): boolean {
    return this.claims.available;
  }

  get nextDueMs(): number {
    if (this.#lanes.hasAnswers) return 0;
    const noteMs = this.claims.hasUnnoted ? this.#notesDueMs : Infinity;
    const signMs = this.#isSigning ? Infinity : this.#signDueMs;
    return Math.min(this.claims.nextDueMs, this.#beats.nextDueMs, this.#questions.nextMs(), noteMs, signMs);
  }

  verify(
    name: string,
    lock: { mode: Mode; token: number },
    now: number,
    answer: (verdict: Verdict, now: number) => void,
  ): void {
    const silence: Refusal = {
      code: "STORE_UNAVAILABLE",
      message: `Cannot verify a lock on ${name}: the file server does not answer`,
    };
    const done = this.#ask(now, (verdict: Verdict, then) => answer(verdict, then), silence);
    this.claims.verify(name, lock, done);
  }

  look(names: readonly string[], now: number, done: () => void): void {
    const finish = this.#ask<undefined>(now, done, undefined);
    let open = names.length;
    for (const name of names) {
      this.claims.look(name, () => {
        if (--open === 0) finish(undefined, now);
      });
    }
  }

  outside(name: string): Outside {
    return this.claims.outside(name);
  }

  validForMs(names: Iterable<string>): number {
    const bootMs = this.#options.bootMs();
    // What is granted later lasts for so long at least, see NfsClaims.
    let endMs = bootMs + silenceMsMax(this.#options.belief);
    for (const name of names) {
      const claim = this.claims.get(name);
      if (claim?.given) endMs = Math.min(endMs, this.claims.endOf(claim));
    }
    return endMs - bootMs;
  }

  tick(now: number): void {
    const wasDown = this.#lanes.down;
    this.#lanes.deliver(now);
    if (this.#lanes.check(now)) this.claims.giveUp(now);
    this.#beats.tick(now);
    this.#report(wasDown);
    this.claims.retryDue(now);
    if (now >= this.#signDueMs && !this.#isSigning) this.#sign(now);
    for (let due = this.#questions.takeDue(now); due; due = this.#questions.takeDue(now)) due.giveUp(now);
    if (now < this.#notesDueMs) return;
    this.#notesDueMs = now + NOTE_INTERVAL_MS;
    this.claims.writeHolderNotes();
  }

  /** Signs the roster; also what finds out that a server is back when nobody asks for anything. */
  #sign(now: number): void {
    const { roster, belief: { beatMs } } = this.#options;
    this.#isSigning = true;
    this.#signDueMs = now + beatMs;
    this.#lanes.send(ROSTER_LANE, { op: "sign", text: roster.text() }, (answer) => {
      this.#isSigning = false;
      const refusal = answer.type === "refused" ? answer.refusal.message : "";
      if (refusal !== "" && refusal !== this.#refusal) roster.onRefused(refusal);
      this.#refusal = refusal;
      if (answer.type === "signed") roster.onTexts(answer.peers);
    });
  }

  #report(wasDown: boolean): void {
    const { report } = this.#options;
    const lost = this.claims.takeLost();
    if (lost > 0) report("lost", lost);
    if (wasDown !== this.#lanes.down) report(wasDown ? "back" : "down", 0);
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    const { courier } = this.#options;
    let patience: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => patience = setTimeout(resolve, CLOSING_MS));
    await Promise.race([this.#lanes.close(), late]);
    clearTimeout(patience);
    courier.end();
  }

  /**
   * A callback for the answer to a question; `otherwise` is the answer when none comes in time. What comes
   * later is not heard.
   */
  #ask<T>(
    now: number,
    answered: (answer: T, now: number) => void,
    otherwise: T,
  ): (answer: T, now: number) => void {
    let isOpen = true;
    const finish = (answer: T, then: number) => {
      if (!isOpen) return;
      isOpen = false;
      this.#questions.remove(question);
      answered(answer, then);
    };
    const question: Question = {
      dueMs: now + PATIENCE_MS,
      heapIndex: -1,
      giveUp: (then) => finish(otherwise, then),
    };
    this.#questions.add(question);
    return finish;
  }
}
