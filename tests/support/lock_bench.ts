/**
 * A lock table on claims that answer as they are told, and a small language for scenarios, one command a line:
 *
 * ```text
 * a 1 EX            -> +a1             session a acquires x in EX as request 1, waiting for ever
 * b 1 PR y wait 50  ->                 another name, a time limit (0 = try once)
 * a off 1           -> =a1, +b1        release; cancel, end: a cancel 1 -> -a1 CANCELLED, was waiting
 * at 100            -> -b1 TIMEOUT     sets the clock and lets what is due expire
 * world outside     ->                 how claims answer from now on: yes, outside, later, or a refusal code
 * late a 1 yes      -> +a1             the answer to an admission that came later
 * retry | lose | drain                 calls of the table about x
 * ```
 *
 * After every command the invariants of the table are checked, and that the claims are exactly what is held.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { ErrorCode } from "../../client/protocol/codes.ts";
import { type Mode, MODES } from "../../client/protocol/modes.ts";
import type { Admission, Claims } from "../../server/lock/claims.ts";
import type { Effect, SessionId } from "../../server/lock/effect.ts";
import { covers, MODE_BIT, union } from "../../server/lock/mode.ts";
import type { LockTableLimits } from "../../server/lock/refusals.ts";
import type { LockRequest } from "../../server/lock/request.ts";
import { LockTable } from "../../server/lock/table.ts";
import { checkInvariants } from "../../server/lock/table_check.ts";

/** How a claim is answered. */
export type ScriptedAnswer = "yes" | "outside" | "later" | ErrorCode;

/** Claims that answer as they are told, and check what they are asked. */
export class ScriptedClaims implements Claims {
  /** Decides about each admission. */
  answer: (request: LockRequest) => ScriptedAnswer = () => "yes";
  /** What the daemon claims of each name, NL left out. */
  readonly claimed = new Map<string, Mode>();
  /** Requests that were answered `later` and wait for it. */
  readonly pending: LockRequest[] = [];
  /** Names that are to be tried again. */
  readonly awaited = new Set<string>();
  /** How often each method was called. */
  readonly count = { admit: 0, settle: 0, awaitOutside: 0 };
  #token = 0;

  admit(request: LockRequest, mode: Mode): Admission {
    this.count.admit++;
    const modes = request.resource.heldModes | MODE_BIT[request.mode];
    for (const held of MODES.filter((one) => modes & MODE_BIT[one])) {
      ok(covers(mode, held), "the claim asked for covers the request and what is held");
    }
    const answer = this.answer(request);
    if (answer !== "later") return this.told(request.resource.name, answer, mode);
    this.pending.push(request);
    return "later";
  }

  settle(name: string, mode: Mode): void {
    this.count.settle++;
    if (mode === "NL") this.claimed.delete(name);
    else this.claimed.set(name, mode);
  }

  awaitOutside(name: string): void {
    this.count.awaitOutside++;
    this.awaited.add(name);
  }

  /** The admission that an answer stands for; a yes raises the claim. */
  told(name: string, answer: Exclude<ScriptedAnswer, "later">, mode: Mode): Exclude<Admission, "later"> {
    if (answer === "outside") return answer;
    if (answer !== "yes") return { code: answer, message: "Cannot claim: told so" };
    if (mode !== "NL" && !covers(this.claimed.get(name) ?? "NL", mode)) this.claimed.set(name, mode);
    return ++this.#token;
  }
}

/** Limits that no test reaches by accident. */
export const WIDE: LockTableLimits = {
  locksPerSessionMax: 100_000,
  waitersPerSessionMax: 100_000,
  queueLengthMax: 100_000,
};

/** A table with its claims, its clock and all that it said. */
export class LockBench {
  readonly claims = new ScriptedClaims();
  readonly table: LockTable;
  /** Effects since they were taken last. */
  effects: Effect[] = [];
  now = 0;

  constructor(limits: Partial<LockTableLimits> = {}) {
    this.table = new LockTable({
      claims: this.claims,
      effects: (effect) => this.effects.push(effect),
      limits: { ...WIDE, ...limits },
      epochMs: 0,
    });
  }

  open(...sessions: string[]): void {
    for (const session of sessions) this.table.openSession(session as SessionId, { name: session });
  }

  acquire(session: string, request: number, mode: Mode, { name = "x", waitMs = Infinity } = {}): void {
    const wanted = { session: session as SessionId, request, name, mode, waitMs, reason: undefined };
    this.table.acquire(wanted, this.now);
  }

  /** The answer to an admission that came later. */
  admitted(request: LockRequest, answer: Exclude<ScriptedAnswer, "later">): void {
    const { pending } = this.claims;
    pending.splice(pending.indexOf(request), 1);
    const { name, heldModes } = request.resource;
    this.table.admitted(request, this.claims.told(name, answer, union(heldModes)), this.now);
  }

  /** The invariants of the table, and that every claim is what its name needs. */
  check(): void {
    const { awaited, claimed, pending } = this.claims;
    checkInvariants(this.table, (name) => awaited.has(name));
    for (const [name, { heldModes }] of this.table.resources) {
      if (pending.some((request) => request.resource.name === name)) continue;
      equal(claimed.get(name) ?? "NL", union(heldModes), `the claim on ${name}`);
    }
    for (const name of claimed.keys()) ok(this.table.resources.has(name), `${name} is claimed in vain`);
  }

  /** What happened since it was asked last, in words. */
  takeWords(): string[] {
    const words = this.effects.map(inWords);
    this.effects = [];
    return words;
  }

  /** Runs a scenario; see the head of this file. */
  play(scenario: string): void {
    const lines = scenario.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean);
    for (const line of lines) {
      const [command = "", expected = ""] = line.split("->").map((part) => part.trim());
      const said = this.#run(command.split(/\s+/));
      const words = [...this.takeWords(), ...said].join(", ");
      deepEqual(words, expected, line);
      this.check();
    }
  }

  #run([who = "", verb = "", ...rest]: string[]): string[] {
    const { table, claims } = this;
    if (who === "at") table.expire(this.now = Number(verb));
    else if (who === "world") claims.answer = () => verb as ScriptedAnswer;
    else if (who === "retry") claims.awaited.delete("x"), table.retry("x", this.now);
    else if (who === "lose") table.lose("x", "store", this.now);
    else if (who === "drain") table.refuseWaiters({ code: "DRAINING", message: "Cannot wait" }, this.now);
    else if (who === "late") {
      const request = claims.pending.find((one) => one.session.id === verb && one.id === Number(rest[0]));
      ok(request, "somebody waits for that answer");
      this.admitted(request, rest[1] as Exclude<ScriptedAnswer, "later">);
    } else return this.#runFor(who as SessionId, verb, rest);
    return [];
  }

  #runFor(session: SessionId, verb: string, rest: string[]): string[] {
    const { table, now } = this;
    if (verb === "end") table.endSession(session, now);
    else if (verb === "off") table.release(session, Number(rest[1] ?? rest[0]), Number(rest[0]), now);
    else if (verb === "cancel") return [`was ${table.cancel(session, Number(rest[0]), now)}`];
    else {
      if (!table.sessions.has(session) && Number(verb) === 1) this.open(session);
      const wait = rest.indexOf("wait");
      const name = rest[1] === undefined || wait === 1 ? "x" : rest[1];
      const waitMs = wait < 0 ? Infinity : Number(rest[wait + 1]);
      this.acquire(session, Number(verb), rest[0] as Mode, { name, waitMs });
    }
    return [];
  }
}

/** Runs a scenario on a table of its own. */
export function play(scenario: string, limits: Partial<LockTableLimits> = {}): LockBench {
  const bench = new LockBench(limits);
  bench.play(scenario);
  return bench;
}

function inWords(effect: Effect): string {
  switch (effect.type) {
    case "granted":
      return `+${effect.session}${effect.request}`;
    case "refused":
      return `-${effect.session}${effect.request} ${effect.code}`;
    case "released":
      return effect.request === effect.lock
        ? `=${effect.session}${effect.lock}`
        : `=${effect.session}${effect.request} of ${effect.lock}`;
    case "lost":
      return `!${effect.session}${effect.lock}`;
    default:
      throw new Error(`a lock table does not say ${effect.type}`);
  }
}
