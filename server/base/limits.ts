/**
 * Every limit of the server in one place: what a client can make grow stops at one of these. The unit is in
 * the name. Limits that client and server must agree on are in `client/protocol/limits.ts`. Each limit here
 * has a flag of the same name (see `server/config.ts`).
 *
 * @module
 */
import { FRAME_BYTES_MAX_DEFAULT, LIFE_MS_MAX, WAIT_MS_MAX } from "../../client/protocol/limits.ts";

/** The limits of one daemon. */
export interface Limits {
  /** Open connections of all kinds; the next one is answered by `LIMIT` [P-61]. */
  readonly connectionsMax: number;
  /** Open connections from one address; the next one is answered by `LIMIT` [P-61]. */
  readonly connectionsPerAddressMax: number;
  /** Locks that one session holds at a time; the next acquire is answered by `LIMIT` [P-29]. */
  readonly locksPerSessionMax: number;
  /** Acquires of one session that wait at a time; the next one is answered by `LIMIT` [P-29]. */
  readonly waitersPerSessionMax: number;
  /** Acquires that wait for one name, of all sessions; the next one is answered by `QUEUE_FULL` [P-29]. */
  readonly queueLengthMax: number;
  /** Watches of one session; the next one is answered by `LIMIT` [P-56]. */
  readonly watchesPerSessionMax: number;
  /** Longest frame that is read, in bytes with the line end; a longer one ends its connection [P-3]. */
  readonly frameBytesMax: number;
  /** Bytes that may wait to be sent on one connection; a client that reads slower is cut off [P-60]. */
  readonly outputBytesMax: number;
  /** Lock files kept open after their last release, for the next acquire of the name to be fast; 0 = none. */
  readonly idleFilesMax: number;
  /** How long a connection may stay without a hello, in milliseconds [P-12]. */
  readonly helloTimeoutMs: number;
  /**
   * How long an HTTP connection from beyond loopback may be open without a request, in milliseconds; it is
   * cut then.
   */
  readonly requestTimeoutMs: number;
  /** How long whoever shows a wrong token waits for its answer, in milliseconds [P-80]. */
  readonly refusalPauseMs: number;
  /**
   * How long a text connection that is owed no answer may be silent before it ends with its locks, in
   * milliseconds [T-13].
   */
  readonly textSilenceMs: number;
  /**
   * Silence after which a peer is asked for a sign of life, in milliseconds; 0 = never. It is given up after
   * three times that [P-17].
   */
  readonly heartbeatMs: number;
  /**
   * Longest time that a session outlives its connection, in milliseconds; one that asks for more gets this.
   * 0 = none does [P-15].
   */
  readonly graceMsMax: number;
  /**
   * Sessions without a connection; while there are so many, a hello that asks for a grace is answered by
   * `LIMIT` [P-15].
   */
  readonly detachedSessionsMax: number;
  /** Losses that a session with a grace remembers for its client, the last ones [P-15]. */
  readonly lossesPerSessionMax: number;
  /** Locks and waits of HTTP clients, of all sessions; the next acquire is answered by `LIMIT` [H-20]. */
  readonly httpLocksMax: number;
  /**
   * Longest wait that an HTTP request can ask for, in milliseconds; one that asks for more is answered by
   * `LIMIT` [H-7].
   */
  readonly httpWaitMsMax: number;
  /** Keys of requests whose locks have ended that are remembered, the last ones; 0 = none [H-9]. */
  readonly idempotencyKeysMax: number;
  /** Streams of events, those that can be gone on with too; the next one is answered by `LIMIT` [H-20]. */
  readonly eventStreamsMax: number;
  /** Events that are remembered for a stream, the last ones; 0 = none [H-16]. */
  readonly eventReplayMax: number;
  /** How long a stream without a reader can be gone on with, in milliseconds; 0 = not at all [H-16]. */
  readonly eventReplayMs: number;
  /**
   * How long holders may keep their locks after the daemon began to leave, in milliseconds; 0 = not at all
   * [P-51].
   */
  readonly drainTimeoutMs: number;
  /**
   * How long a daemon that cannot reach its etcd cluster may go on believing in the locks of a session, in
   * milliseconds.
   */
  readonly etcdLeaseMs: number;
  /** How long one call to etcd may take before another member is asked, in milliseconds. */
  readonly etcdCallMs: number;
}

/** What is true of one limit, whatever the others are. */
export interface LimitRule {
  /** What holds when nobody says otherwise. */
  readonly initial: number;
  /** Smallest value that makes sense. */
  readonly least: number;
  /** Greatest value that the code can count with. */
  readonly most: number;
  /** What it limits, for `--help`. */
  readonly help: string;
}

/** Greatest count: no limit needs more, and 32-bit integers stay small in memory and in system calls. */
export const COUNT_MAX = 2 ** 31 - 1;

/** Longest `heartbeatMs`: a client with more would hear of its lost server after days. */
const HEARTBEAT_MS_MAX = 3_600_000;

/** Longest `refusalPauseMs`: more would keep connections open for those who guess. */
const REFUSAL_PAUSE_MS_MAX = 10_000;

/**
 * Shortest useful `frameBytesMax`: a hello with two texts of 256 bytes, each written as `\u` escapes (6 bytes
 * a character), and its field names.
 */
const FRAME_BYTES_LEAST = 4_096;

/** Shortest useful `outputBytesMax`: an error with a full `blockedBy`, escaped as above. */
const OUTPUT_BYTES_LEAST = 65_536;

/** The rules of the single limits; {@link checkLimits} adds how they relate. */
export const LIMIT_RULES: Readonly<Record<keyof Limits, LimitRule>> = {
  connectionsMax: { initial: 10_000, least: 1, most: COUNT_MAX, help: "open connections" },
  connectionsPerAddressMax: {
    initial: 10_000,
    least: 1,
    most: COUNT_MAX,
    help: "open connections from one address",
  },
  locksPerSessionMax: { initial: 10_000, least: 1, most: COUNT_MAX, help: "locks that one session holds" },
  waitersPerSessionMax: {
    initial: 10_000,
    least: 1,
    most: COUNT_MAX,
    help: "waiting acquires of one session",
  },
  queueLengthMax: { initial: 20_000, least: 1, most: COUNT_MAX, help: "waiting acquires of one name" },
  watchesPerSessionMax: { initial: 16, least: 0, most: COUNT_MAX, help: "watches of one session" },
  frameBytesMax: {
    initial: FRAME_BYTES_MAX_DEFAULT,
    least: FRAME_BYTES_LEAST,
    most: COUNT_MAX,
    help: "bytes of one frame, line end included",
  },
  outputBytesMax: {
    initial: 1_048_576,
    least: OUTPUT_BYTES_LEAST,
    most: COUNT_MAX,
    help: "bytes that wait to be sent on one connection",
  },
  idleFilesMax: { initial: 1_024, least: 0, most: COUNT_MAX, help: "lock files kept open after release" },
  helloTimeoutMs: {
    initial: 10_000,
    least: 1,
    most: WAIT_MS_MAX,
    help: "time that a connection has for its hello",
  },
  requestTimeoutMs: {
    initial: 60_000,
    least: 1,
    most: WAIT_MS_MAX,
    help: "time that an HTTP connection may be without a request",
  },
  refusalPauseMs: {
    initial: 500,
    least: 0,
    most: REFUSAL_PAUSE_MS_MAX,
    help: "pause before a wrong token is answered",
  },
  textSilenceMs: {
    initial: 300_000,
    least: 1,
    most: WAIT_MS_MAX,
    help: "time that a text connection may be silent",
  },
  heartbeatMs: {
    initial: 15_000,
    least: 0,
    most: HEARTBEAT_MS_MAX,
    help: "silence after which a peer is asked for a sign of life",
  },
  graceMsMax: {
    initial: 3_600_000,
    least: 0,
    most: LIFE_MS_MAX,
    help: "time that a session can outlive its connection",
  },
  detachedSessionsMax: { initial: 10_000, least: 0, most: COUNT_MAX, help: "sessions without a connection" },
  lossesPerSessionMax: { initial: 100, least: 0, most: COUNT_MAX, help: "losses remembered for a session" },
  httpLocksMax: { initial: 10_000, least: 0, most: COUNT_MAX, help: "locks and waits of HTTP clients" },
  httpWaitMsMax: {
    initial: 600_000,
    least: 0,
    most: WAIT_MS_MAX,
    help: "longest wait that an HTTP request can ask for",
  },
  idempotencyKeysMax: {
    initial: 10_000,
    least: 0,
    most: COUNT_MAX,
    help: "keys remembered of HTTP requests whose locks have ended",
  },
  eventStreamsMax: { initial: 256, least: 0, most: COUNT_MAX, help: "streams of events" },
  eventReplayMax: { initial: 256, least: 0, most: COUNT_MAX, help: "events remembered for a stream" },
  eventReplayMs: {
    initial: 60_000,
    least: 0,
    most: WAIT_MS_MAX,
    help: "time in which a stream of events can be gone on with",
  },
  drainTimeoutMs: {
    initial: 30_000,
    least: 0,
    most: WAIT_MS_MAX,
    help: "time that holders have when the daemon leaves",
  },
  etcdLeaseMs: {
    initial: 10_000,
    least: 2_000,
    most: HEARTBEAT_MS_MAX,
    help: "time that locks outlive the last word of etcd",
  },
  etcdCallMs: { initial: 2_000, least: 100, most: 60_000, help: "time that one call to etcd may take" },
};

/** Pairs of which the first must not exceed the second. */
const RISING: readonly (readonly [low: keyof Limits, high: keyof Limits])[] = [
  // The answer to a hello promises so many waits, and all of them may be for one name.
  ["waitersPerSessionMax", "queueLengthMax"],
  // Answers echo names and texts that came in a frame: what fits in must fit out.
  ["frameBytesMax", "outputBytesMax"],
  // A call that hangs must leave time to ask another member.
  ["etcdCallMs", "etcdLeaseMs"],
];

/** The names of all limits, in the order of their documentation. */
export const LIMIT_NAMES = Object.keys(LIMIT_RULES) as readonly (keyof Limits)[];

/** What holds when nobody says otherwise. */
export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(LIMIT_NAMES.map((name) => [name, LIMIT_RULES[name].initial])) as Record<
    keyof Limits,
    number
  >,
);

/** Limits that cannot hold together, or that this machine cannot give. Its message says which. */
export class LimitsError extends Error {
  override readonly name = "LimitsError";
}

/**
 * Throws a {@link LimitsError} when a limit is no integer of its range, or when two limits contradict each
 * other. `nameOf` says how the message calls a limit, where people know it by another name.
 *
 * ```ts
 * import { throws } from "node:assert/strict";
 *
 * checkLimits(DEFAULT_LIMITS);
 * throws(() => checkLimits({ ...DEFAULT_LIMITS, queueLengthMax: 1 }), LimitsError);
 * ```
 */
export function checkLimits(
  limits: Limits,
  nameOf: (limit: keyof Limits) => string = (limit) => limit,
): void {
  for (const limit of LIMIT_NAMES) {
    const value = limits[limit];
    const { least, most } = LIMIT_RULES[limit];
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue;
    throw new LimitsError(
      `Cannot set ${nameOf(limit)} to ${value}: want an integer from ${least} to ${most}`,
    );
  }
  for (const [low, high] of RISING) {
    if (limits[low] <= limits[high]) continue;
    const state = `want at least ${nameOf(low)}, which is ${limits[low]}`;
    throw new LimitsError(`Cannot set ${nameOf(high)} to ${limits[high]}: ${state}`);
  }
}
