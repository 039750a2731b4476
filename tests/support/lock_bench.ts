/**
 * A lock table on claims that answer as they are told, with all that it says; `lock_scenario.ts` plays
 * scenarios on it.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import type { ErrorCode } from "../../client/protocol/codes.ts";
import type { Party, ValueBlock } from "../../client/protocol/messages.ts";
import { type Mode, MODES } from "../../client/protocol/modes.ts";
import type { Admission, Candidate, Claims } from "../../server/lock/claims.ts";
import type { Acquire, Convert } from "../../server/lock/commands.ts";
import { Conversion } from "../../server/lock/conversion.ts";
import type { Effect, Happening, SessionId } from "../../server/lock/effect.ts";
import { covers, MODE_BIT, union } from "../../server/lock/mode.ts";
import type { LockTableLimits } from "../../server/lock/refusals.ts";
import { LockTable } from "../../server/lock/table.ts";
import { checkInvariants } from "../../server/lock/table_check.ts";

/** How a claim is answered. */
export type ScriptedAnswer = "yes" | "outside" | "later" | ErrorCode;

/** Claims that answer as they are told, and check what they are asked. */
export class ScriptedClaims implements Claims {
  available = true;
  /** Decides about each admission. */
  answer: (candidate: Candidate) => ScriptedAnswer = () => "yes";
  /** What the daemon claims of each name, NL left out. */
  readonly claimed = new Map<string, Mode>();
  /** Candidates that were answered `later` and wait for it. */
  readonly pending: Candidate[] = [];
  /** Names that are to be tried again. */
  readonly awaited = new Set<string>();
  /** How often each method was called. */
  readonly count = { admit: 0, settle: 0, awaitOutside: 0 };
  readonly #asked = new WeakMap<Candidate, Mode>();
  #token = 0;

  admit(candidate: Candidate, mode: Mode): Admission {
    this.count.admit++;
    const modes = candidate.resource.heldModes | MODE_BIT[candidate.mode];
    for (const held of MODES.filter((one) => modes & MODE_BIT[one])) {
      ok(covers(mode, held), "the claim asked for covers the candidate and what is held");
    }
    this.#asked.set(candidate, mode);
    const answer = this.answer(candidate);
    if (answer !== "later") return this.told(candidate, answer);
    this.pending.push(candidate);
    return "later";
  }

  settle(name: string, mode: Mode): void {
    this.count.settle++;
    if (mode === "NL") this.claimed.delete(name);
    else this.claimed.set(name, mode);
  }

  keptOut(): boolean {
    return false;
  }

  value(): ValueBlock | undefined {
    return undefined;
  }

  setValue(): undefined {}

  closeValue(): void {}

  outsideHolder(): Party | undefined {
    return undefined;
  }

  awaitOutside(name: string): void {
    this.count.awaitOutside++;
    this.awaited.add(name);
  }

  /** The admission that an answer stands for; a yes raises the claim to what was asked for. */
  told(candidate: Candidate, answer: Exclude<ScriptedAnswer, "later">): Exclude<Admission, "later"> {
    if (answer === "outside") return answer;
    if (answer !== "yes") return { code: answer, message: "Cannot claim: told so" };
    const { name } = candidate.resource;
    const mode = this.#asked.get(candidate) ?? "NL";
    if (!covers(this.claimed.get(name) ?? "NL", mode)) this.claimed.set(name, mode);
    return ++this.#token;
  }
}

/** Limits that no test reaches by accident. */
export const WIDE: LockTableLimits = {
  locksPerSessionMax: 100_000,
  waitersPerSessionMax: 100_000,
  queueLengthMax: 100_000,
};

/** How an acquire differs from one of `x` that waits for ever. */
export type BenchWish = Partial<Omit<Acquire, "session" | "request" | "mode">> & { readonly name?: string };

/** A table with its claims, its clock and all that it said. */
export class LockBench {
  readonly claims = new ScriptedClaims();
  readonly table: LockTable;
  /** Effects since they were taken last. */
  effects: Effect[] = [];
  /** Happenings since they were taken last; none before {@link watch}. */
  happenings: Happening[] = [];
  now = 0;

  constructor(limits: Partial<LockTableLimits> = {}) {
    this.table = new LockTable({
      claims: this.claims,
      effects: (effect) => this.effects.push(effect),
      limits: { ...WIDE, ...limits },
      epochMs: 0,
    });
  }

  watch(): void {
    this.table.watch((happening) => this.happenings.push(happening));
  }

  open(...sessions: string[]): void {
    for (const session of sessions) this.table.openSession(session as SessionId, { name: session });
  }

  acquire(session: string, request: number, mode: Mode, wish: BenchWish = {}): void {
    const { name = "x", ...more } = wish;
    const asked = { session: session as SessionId, request, mode, names: [name], waitMs: Infinity, ...more };
    this.table.acquire(asked, this.now);
  }

  release(session: string, lock: number, request = lock): void {
    this.table.release({ session: session as SessionId, request, lock }, this.now);
  }

  convert(session: string, lock: number, mode: Mode, { request, waitMs = Infinity }: {
    request: number;
    waitMs?: number;
  }): void {
    const wanted: Convert = { session: session as SessionId, request, lock, mode, waitMs };
    this.table.convert(wanted, this.now);
  }

  /** The answer to an admission that came later. */
  admitted(candidate: Candidate, answer: Exclude<ScriptedAnswer, "later">): void {
    const { pending } = this.claims;
    pending.splice(pending.indexOf(candidate), 1);
    this.table.admitted(candidate, this.claims.told(candidate, answer), this.now);
  }

  /**
   * The first candidate of a request, or of a conversion, that waits for its claim, on a name if one is
   * given.
   */
  pendingOf(session: string, id: number, name?: string): Candidate | undefined {
    return this.claims.pending.find((one) => {
      const request = one instanceof Conversion ? one : one.request;
      return request.id === id && one.request.session.id === session &&
        (name === undefined || one.resource.name === name);
    });
  }

  /** The invariants of the table, and that every claim is what its name needs. */
  check(): void {
    const { awaited, claimed, pending } = this.claims;
    checkInvariants(this.table, (name) => awaited.has(name));
    for (const [name, resource] of this.table.resources) {
      const claim = claimed.get(name) ?? "NL";
      for (const { mode, token } of resource.held) {
        ok(token === 0 || covers(claim, mode), `${name} is held in ${mode}, which its claim ${claim} covers`);
      }
      if (pending.some((candidate) => candidate.resource.name === name)) continue;
      equal(claim, union(resource.claimedModes), `the claim on ${name}`);
    }
    for (const name of claimed.keys()) ok(this.table.resources.has(name), `${name} is claimed in vain`);
  }
}
