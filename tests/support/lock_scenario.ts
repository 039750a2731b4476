/**
 * A small language for scenarios of a lock table, one command a line with what it says:
 *
 * ```text
 * a 1 EX             -> +a1            session a acquires x in EX as request 1, waiting for ever
 * b 1 PR y wait 50   ->                another name, a time limit (0 = try once)
 * b 2 EX y,z owner o -> -b2 DEADLOCK: b2 y   several names, an owner; the circle: who waits for what
 * a off 1            -> =a1, +b1       release; off 1 7: as request 7 -> =a7 of 1
 * a cancel 1         -> -a1 CANCELLED, was waiting
 * a conv 1 PR as 7   -> ~a7 PR         converts lock 1 as request 7; wait as above
 * a 3 EX ttl 90      -> +a3 until 90   ttl, hold (maxHold), and yield, which has no value
 * a renew 3 ttl 60   -> ^a3 until 150  ?a3 20: it expires in 20 ms
 * c break x 1 why    -> broke a1, !a1 broken   the lock of x with token 1
 * a end              ->                %b1 x a2: lock b1 should yield x to a2
 * at 100             -> -b1 TIMEOUT    sets the clock and lets what is due expire
 * world outside      ->                how claims answer: yes, outside, later, or a code; world y outside: those of y
 * late a 1 yes       -> +a1            the answer to an admission that came later; late a 1 yes y: for that name
 * retry | lose | drain                 calls of the table about x, or about another name: lose y
 * ```
 *
 * `!a1` is the loss of a lock with the reason `store`, other reasons are told. After every command the
 * invariants of the table are checked, and that the claims are exactly what is held.
 *
 * @module
 */
import { deepEqual, ok } from "node:assert/strict";
import type { CycleParty } from "../../client/protocol/messages.ts";
import type { Mode } from "../../client/protocol/modes.ts";
import type { Effect, Happening, SessionId } from "../../server/lock/effect.ts";
import type { LockTableLimits } from "../../server/lock/refusals.ts";
import { type BenchWish, LockBench, type ScriptedAnswer } from "./lock_bench.ts";

/** Runs a scenario on a table of its own. */
export function play(scenario: string, limits: Partial<LockTableLimits> = {}): LockBench {
  const bench = new LockBench(limits);
  playOn(bench, scenario);
  return bench;
}

/** Goes on with a scenario. */
export function playOn(bench: LockBench, scenario: string): void {
  const lines = scenario.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean);
  for (const line of lines) {
    const [command = "", expected = ""] = line.split("->").map((part) => part.trim());
    const said = run(bench, command.split(/\s+/));
    const words = [...takeWords(bench), ...said].join(", ");
    deepEqual(words, expected, line);
    bench.check();
  }
}

/** What a bench said since it was asked last, in words. */
export function takeWords(bench: LockBench): string[] {
  const words = bench.effects.map(inWords);
  bench.effects = [];
  return words;
}

/** What the watcher of a bench heard since it was asked last: `granted a1 x`. */
export function takeHappenings(bench: LockBench): string[] {
  const words = bench.happenings.map(({ what, name, party, reason }: Happening) =>
    `${what} ${party.session}${party.request} ${name}${reason === undefined ? "" : ` ${reason}`}`
  );
  bench.happenings = [];
  return words;
}

/** Who waits for what, in a circle. */
export function cycleInWords(cycle: readonly CycleParty[]): string {
  return cycle.map(({ session, request, name }) => `${session}${request} ${name}`).join(" ");
}

function run(bench: LockBench, [who = "", verb = "", ...rest]: string[]): string[] {
  const { table, claims } = bench;
  if (who === "at") table.expire(bench.now = Number(verb));
  else if (who === "world") {
    tell(bench, rest.length > 0 ? verb : undefined, (rest[0] ?? verb) as ScriptedAnswer);
  } else if (who === "retry") claims.awaited.delete(verb || "x"), table.retry(verb || "x", bench.now);
  else if (who === "lose") table.lose(verb || "x", "store", bench.now);
  else if (who === "drain") table.refuseWaiters({ code: "DRAINING", message: "Cannot wait" }, bench.now);
  else if (who === "late") {
    const candidate = bench.pendingOf(verb, Number(rest[0]), rest[2]);
    ok(candidate, "somebody waits for that answer");
    bench.admitted(candidate, rest[1] as Exclude<ScriptedAnswer, "later">);
  } else return runFor(bench, who as SessionId, [verb, ...rest]);
  return [];
}

function tell(bench: LockBench, name: string | undefined, answer: ScriptedAnswer): void {
  const before = bench.claims.answer;
  bench.claims.answer = (candidate) =>
    name === undefined || candidate.resource.name === name ? answer : before(candidate);
}

function runFor(bench: LockBench, session: SessionId, words: string[]): string[] {
  const { table, now } = bench;
  const [verb = "", ...rest] = words;
  const lock = Number(rest[0]);
  if (verb === "end") table.endSession(session, now);
  else if (verb === "off") bench.release(session, lock, Number(rest[1] ?? lock));
  else if (verb === "cancel") return [`was ${table.cancel(session, lock, now)}`];
  else if (verb === "conv") {
    const request = Number(option(rest, "as") ?? lock);
    bench.convert(session, lock, rest[1] as Mode, {
      request,
      waitMs: Number(option(rest, "wait") ?? Infinity),
    });
  } else if (verb === "renew") {
    const ttl = option(rest, "ttl");
    table.renew({ session, request: lock, lock, ttlMs: ttl === undefined ? undefined : Number(ttl) }, now);
  } else if (verb === "break") {
    const [name = "", token, reason = ""] = rest;
    table.break({ session, request: 0, name, token: Number(token), reason }, now);
  } else {
    if (!table.sessions.has(session) && Number(verb) === 1) bench.open(session);
    bench.acquire(session, Number(verb), rest[0] as Mode, wishOf(rest.slice(1)));
  }
  return [];
}

const OPTIONS = ["wait", "owner", "ttl", "hold", "yield", "reason"];

function wishOf(rest: string[]): BenchWish {
  const names = rest[0] === undefined || OPTIONS.includes(rest[0]) ? "x" : rest[0];
  return {
    names: names.split(","),
    waitMs: Number(option(rest, "wait") ?? Infinity),
    owner: option(rest, "owner"),
    reason: option(rest, "reason"),
    ttlMs: rest.includes("ttl") ? Number(option(rest, "ttl")) : undefined,
    maxHoldMs: rest.includes("hold") ? Number(option(rest, "hold")) : undefined,
    yieldNotice: rest.includes("yield"),
  };
}

function option(words: string[], key: string): string | undefined {
  const at = words.indexOf(key);
  return at < 0 ? undefined : words[at + 1];
}

/** One effect, as scenarios write it. */
export function inWords(effect: Effect): string {
  const { session } = effect;
  switch (effect.type) {
    case "granted":
      return `+${session}${effect.request}${until(effect.expires)}`;
    case "refused":
      return `-${session}${effect.request} ${effect.code}${
        effect.cycle ? `: ${cycleInWords(effect.cycle)}` : ""
      }`;
    case "released":
      return effect.request === effect.lock
        ? `=${session}${effect.lock}`
        : `=${session}${effect.request} of ${effect.lock}`;
    case "converted":
      return `~${session}${effect.request} ${effect.mode}`;
    case "renewed":
      return `^${session}${effect.lock}${until(effect.expires)}`;
    case "expiring":
      return `?${session}${effect.lock} ${effect.expiresInMs}`;
    case "yield":
      return `%${session}${effect.lock} ${effect.name} ${effect.by.session}${effect.by.request}`;
    case "broken":
      return `broke ${effect.parties.map((party) => `${party.session}${party.request}`).join(" ")}`;
    case "lost":
      return `!${session}${effect.lock}${effect.reason === "store" ? "" : ` ${effect.reason}`}`;
    default:
      throw new Error(`a lock table does not say ${effect.type}`);
  }
}

function until(expires: number | undefined): string {
  return expires === undefined ? "" : ` until ${expires}`;
}
