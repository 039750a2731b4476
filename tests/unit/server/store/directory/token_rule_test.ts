/**
 * The token rule in every situation: all sequences of up to five grants that the matrix allows, by two
 * daemons whose steps (claim, read, write) interleave in every order, with releases and deaths at every
 * point.
 *
 * @module
 */
import { fail, ok } from "node:assert/strict";
import { type Mode, MODES } from "../../../../../client/protocol/modes.ts";
import { nextToken, type TokenRecord } from "../../../../../server/store/directory/token_rule.ts";
import { friends } from "../../../../support/lock_model_parts.ts";

const GRANTS = 5;

/**
 * A grant that a daemon is about to make. `above` and `least` are what its token must be, from what was
 * granted before it began.
 */
interface Attempt {
  readonly mode: Mode;
  readonly above: number;
  readonly least: number;
  /** What it read, once it has. */
  readonly read: TokenRecord | null;
}

/** Numbers are relative to the record's, so that situations that differ by a shift only are the same. */
interface Situation {
  readonly left: number;
  readonly record: TokenRecord;
  /** Modes in force. */
  readonly held: readonly Mode[];
  /** The greatest token that was granted in each mode so far. */
  readonly given: Readonly<Record<Mode, number>>;
  readonly attempts: readonly [Attempt | null, Attempt | null];
}

const NEVER = -1_000;

function withAttempt(
  { attempts: [a, b] }: Situation,
  daemon: number,
  attempt: Attempt | null,
): Situation["attempts"] {
  return daemon === 0 ? [attempt, b] : [a, attempt];
}

function* begin(now: Situation, daemon: number): Generator<Situation> {
  const claimed = [...now.held, ...now.attempts.flatMap((attempt) => attempt ? [attempt.mode] : [])];
  for (const mode of MODES) {
    if (!claimed.every((other) => friends(other, mode))) continue;
    const conflicting = MODES.filter((other) => !friends(other, mode)).map((other) => now.given[other]);
    const above = Math.max(NEVER, ...conflicting);
    const least = Math.max(...MODES.map((other) => now.given[other]));
    const attempts = withAttempt(now, daemon, { mode, above, least, read: null });
    yield { ...now, left: now.left - 1, attempts };
  }
}

function finish(
  now: Situation,
  daemon: number,
  { mode, above, least, read }: Attempt & { read: TokenRecord },
): Situation {
  const { token, write } = nextToken(mode, read);
  const record = write ?? now.record;
  const rules = {
    "a token is above all that its grant conflicts with": token > above,
    "tokens never go down": token >= least,
    "the record is not below a token that was given": record.number >= token,
  };
  for (const [rule, holds] of Object.entries(rules)) {
    if (!holds) fail(`[P-24] ${rule}: ${token} for ${mode} after ${JSON.stringify(now)}`);
  }
  const given = { ...now.given, [mode]: Math.max(now.given[mode], token) };
  return {
    ...now,
    record,
    given,
    held: [...now.held, mode].sort(),
    attempts: withAttempt(now, daemon, null),
  };
}

function* steps(now: Situation): Generator<Situation> {
  for (const daemon of [0, 1]) {
    const attempt = now.attempts[daemon];
    if (!attempt) {
      if (now.left > 0) yield* begin(now, daemon);
      continue;
    }
    const { read } = attempt;
    if (read) yield finish(now, daemon, { ...attempt, read });
    else yield { ...now, attempts: withAttempt(now, daemon, { ...attempt, read: now.record }) };
    // The daemon dies: its claim is gone; with or without having written.
    yield { ...now, attempts: withAttempt(now, daemon, null) };
    const write = read && nextToken(attempt.mode, read).write;
    if (write) yield { ...now, record: write, attempts: withAttempt(now, daemon, null) };
  }
  for (const mode of new Set(now.held)) {
    yield { ...now, held: now.held.toSpliced(now.held.indexOf(mode), 1) };
  }
}

/** The same with the record's number as zero, and the two daemons in a fixed order; and a name for it. */
function normal(now: Situation): { same: Situation; key: string } {
  const by = now.record.number;
  const less = (number: number) => number <= NEVER / 2 ? NEVER : number - by;
  const attempts = now.attempts.map((attempt) => {
    if (!attempt) return { attempt, key: "" };
    const { mode, above, least, read } = attempt;
    const shifted = {
      mode,
      above: less(above),
      least: less(least),
      read: read && { ...read, number: read.number - by },
    };
    return {
      attempt: shifted,
      key: `${mode} ${shifted.above} ${shifted.least} ${shifted.read?.number} ${read?.mode}`,
    };
  });
  const [a, b] = attempts.sort((a, b) => a.key < b.key ? -1 : 1) as [typeof attempts[0], typeof attempts[0]];
  const given = { ...now.given };
  for (const mode of MODES) given[mode] = less(given[mode]);
  const record = { number: 0, mode: now.record.mode };
  const same: Situation = { left: now.left, record, held: now.held, given, attempts: [a.attempt, b.attempt] };
  const givenKey = MODES.map((mode) => given[mode]);
  return { same, key: `${now.left};${record.mode};${now.held};${givenKey};${a.key};${b.key}` };
}

Deno.test(`[P-24] nextToken orders all sequences of ${GRANTS} grants by two daemons, however their steps interleave`, () => {
  const seen = new Set<string>();
  const given = { NL: NEVER, CR: NEVER, CW: NEVER, PR: NEVER, PW: NEVER, EX: NEVER };
  const start: Situation = {
    left: GRANTS,
    record: { number: 0, mode: "NL" },
    held: [],
    given,
    attempts: [null, null],
  };
  const open: Situation[] = [start];
  for (let now = open.pop(); now; now = open.pop()) {
    for (const next of steps(now)) {
      const { same, key } = normal(next);
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(same);
    }
  }

  ok(seen.size > 400_000, `${seen.size} situations`);
});

Deno.test("[P-24] nextToken lets compatible grants share a token only within one class", () => {
  const record = { number: 7, mode: "PR" } as const;
  ok(nextToken("PR", record).token === 7 && nextToken("PR", record).write === undefined);
  ok(nextToken("CW", record).token === 8);
  ok(nextToken("EX", record).token === 8 && nextToken("EX", record).write?.number === 9);
});
