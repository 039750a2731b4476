/**
 * `distrilock lock`: runs a command while holding a lock.
 *
 * ```text
 * WAITING → RUNNING  the lock was granted; signals go to the command from here on
 * WAITING → ended    refused, or a signal came: the wait is withdrawn
 * RUNNING → LOST     the lock is lost or soon uncertain; the command is being ended, unless that is not wanted
 * RUNNING → ended    the command ended: the lock is released
 * LOST    → ended    nothing is left of the command
 * ```
 *
 * @module
 */
import type { Client } from "../client.ts";
import { RUNTIME_CLOCK } from "../clock.ts";
import { ConnectionError, LockError, LockLostError } from "../errors.ts";
import type { Lock } from "../lock.ts";
import { Child } from "./child.ts";
import type { Command } from "./command.ts";
import { followNews } from "./connection_news.ts";
import { durationText } from "./duration.ts";
import { EXIT_CODE_BY_ERROR, EXIT_CODES, exitCodeOfSignal } from "./exit_codes.ts";
import { Guard } from "./guard.ts";
import { LOCK_SPEC } from "./lock_help.ts";
import { type LockPlan, readLockPlan } from "./lock_plan.ts";
import { fitToWord } from "./lock_times.ts";
import { tell } from "./output.ts";
import { addressList, readServers, type Servers } from "./servers.ts";
import { inTime, withClientOf } from "./session.ts";
import { SignalWatch } from "./signals.ts";
import { Supervisor } from "./supervisor.ts";
import type { Words } from "./words.ts";

/** The command `lock`. */
export const LOCK: Command = { ...LOCK_SPEC, run: runLock };

/** All that one run asks for is one flow of control. */
const OWNER = "command";

async function runLock(words: Words): Promise<number> {
  const plan = readLockPlan(words);
  const servers = readServers(words);
  const waiting = new AbortController();
  let onSignal = (signal: NodeJS.Signals) => waiting.abort(new SignalDuringWait(signal));
  const watch = new SignalWatch((signal) => onSignal(signal));
  const options = { grace: plan.times.graceMs || undefined, reconnect: true, signal: waiting.signal };
  try {
    return await withClientOf(servers, options, async (client) => {
      const lock = await acquire(client, plan, waiting.signal);
      // A signal that came after the grant, but before there is a command to pass it on to.
      waiting.signal.throwIfAborted();
      const fitted = fittedPlan(lock, plan);
      if (!isCertainEnough(lock, fitted)) {
        await lock.release();
        return EXIT_CODES.unreachable;
      }
      const run = { client, lock, plan: fitted, servers, ignored: watch.ignored };
      return await runUnder(run, (listener) => onSignal = listener);
    });
  } catch (error) {
    if (error instanceof SignalDuringWait) return exitCodeOfSignal(error.signal);
    if (!(error instanceof LockError)) throw error;
    tell(error.message);
    return refusedCode(error, plan);
  } finally {
    watch.stop();
  }
}

/** A signal came before the lock did. */
class SignalDuringWait extends Error {
  constructor(readonly signal: NodeJS.Signals) {
    super(`Cannot wait for the lock: ended by ${signal}`);
  }
}

/**
 * Waits for the lock until a signal comes. Then nothing is left to say to the daemon: the connection is
 * closed next, and the wait ends with it, even if no answer comes any more.
 */
function acquire(client: Client, plan: LockPlan, signal: AbortSignal): Promise<Lock> {
  const { names, mode, wait, reason, labels, times: { ttlMs: ttl, maxHoldMs: maxHold } } = plan;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    client.owner(OWNER).acquire(names, { mode, wait, reason, labels, ttl, maxHold })
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
  });
}

/** The plan with the times that the server leaves. */
function fittedPlan(lock: Lock, plan: LockPlan): LockPlan {
  const { guarantee } = lock;
  const times = fitToWord(plan.times, { guarantee, remainingMs: lock.remaining() });
  if (times.killAfterMs < plan.times.killAfterMs && plan.onLost !== "ignore") {
    tell(
      `without a grace the server lets the lock be certain for a short time only: when nothing is heard of it, the command has ${
        durationText(times.killAfterMs)
      } to end`,
    );
  }
  return { ...plan, times };
}

/**
 * Whether the lock is certain for so long that the command can be ended in it; a server may give less than
 * was asked for.
 */
function isCertainEnough(
  lock: Lock,
  { names, onLost, times: { graceMs, killAfterMs, leadMs } }: LockPlan,
): boolean {
  const remainingMs = lock.remaining();
  if (onLost === "ignore" || !lock.held) return true;
  if (remainingMs === Infinity && graceMs > 0) {
    tell(
      "the server gives no grace: when the connection is lost, the lock is free while the command is still being ended",
    );
  }
  if (remainingMs > leadMs) return true;
  tell(
    `Cannot keep ${names.join(" ")}: the server lets it be certain for ${
      durationText(Math.floor(remainingMs))
    } only, ` +
      `want --kill-after below ${durationText(killAfterMs)}, or a server with a greater --grace-max`,
  );
  return false;
}

/** A command that is about to run. */
interface Run {
  readonly client: Client;
  readonly lock: Lock;
  readonly plan: LockPlan;
  readonly servers: Servers;
  readonly ignored: readonly NodeJS.Signals[];
}

async function runUnder(
  run: Run,
  listen: (listener: (signal: NodeJS.Signals) => void) => void,
): Promise<number> {
  const { lock, plan: { command, onLost, times }, ignored } = run;
  const environment = environmentOf(run);
  const mark = `DISTRILOCK_SESSION=${environment.DISTRILOCK_SESSION}`;
  const start = () => {
    const child = new Child(command, { environment, mark, ignored });
    listen((signal) => child.forward(signal));
    return child;
  };
  if (onLost === "ignore") return await runToItsEnd(start(), lock);
  const guard = new Guard({ mark, killAfterMs: times.killAfterMs });
  try {
    return await runGuarded(run, start(), guard);
  } finally {
    await guard.stop();
  }
}

async function runGuarded(
  { client, lock, plan: { times } }: Run,
  child: Child,
  guard: Guard,
): Promise<number> {
  if (child.session !== undefined) guard.watch(child.session);
  const supervisor = new Supervisor({
    lock,
    child,
    clock: RUNTIME_CLOCK,
    ...times,
    tell,
    feed: (ms) => guard.feed(ms),
    relieve: (ms) => guard.relieve(ms),
  });
  void followNews(client, { tell, endsIn: (ms) => supervisor.endsIn(ms) });
  const code = await child.ended;
  // This process may have stood still, and the guard done its work.
  supervisor.check();
  supervisor.stop();
  if (!supervisor.hasGivenUp) {
    // What the command left behind is nobody's concern from here on, however long the release takes.
    const [isReleased] = await Promise.all([released(lock), guard.stop()]);
    return isReleased ? code : EXIT_CODES.lost;
  }
  await supervisor.over;
  // It may be there still: so nobody waits for its end.
  await inTime(lock[Symbol.asyncDispose]());
  return EXIT_CODES.lost;
}

/** The same where a loss is only told. */
async function runToItsEnd(child: Child, lock: Lock): Promise<number> {
  const onLoss = () => tell((lock.signal.reason as Error).message);
  lock.signal.addEventListener("abort", onLoss);
  if (lock.signal.aborted) onLoss();
  const code = await child.ended;
  lock.signal.removeEventListener("abort", onLoss);
  if (lock.held) await released(lock);
  return code;
}

/**
 * Gives the lock back; false when it was lost before, so that the command did not run under it to its end.
 */
async function released(lock: Lock): Promise<boolean> {
  try {
    await lock.release();
    return true;
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    // Where it is not given back, it ends with the session, which is closed next.
    tell(
      error instanceof LockLostError
        ? error.message
        : `Cannot release ${lock.names.join(" ")}: ${error.message}`,
    );
    return !(error instanceof LockLostError);
  }
}

function environmentOf(
  { client, lock, servers }: Run,
): Record<string, string> & { DISTRILOCK_SESSION: string } {
  return {
    DISTRILOCK_NAME: lock.names.join(" "),
    DISTRILOCK_TOKEN: [...lock.tokens.values()].join(" "),
    DISTRILOCK_MODE: lock.mode,
    DISTRILOCK_SESSION: client.session,
    // Commands about the lock ask where it is, as whoever holds it.
    DISTRILOCK_SERVER: addressList(servers.addresses),
    ...(servers.tokenFile === undefined ? {} : { DISTRILOCK_TOKEN_FILE: servers.tokenFile }),
    ...(lock.expires === undefined ? {} : { DISTRILOCK_EXPIRES: String(lock.expires) }),
  };
}

function refusedCode(error: LockError, { notAcquiredCode }: LockPlan): number {
  const code = EXIT_CODE_BY_ERROR[error.code];
  if (code !== EXIT_CODES.notAcquired) return code;
  // A daemon that turned the connection away was never asked for the lock.
  return error instanceof ConnectionError ? EXIT_CODES.unreachable : notAcquiredCode;
}
