/**
 * `distrilock lock`: runs a command while holding a lock.
 *
 * ```text
 * WAITING → RUNNING  the lock was granted; signals go to the command from here on
 * WAITING → ended    refused, or a signal came: the wait is withdrawn
 * RUNNING → LOST     the lock was lost; the command is being ended, unless that is not wanted
 * RUNNING → ended    the command ended: the lock is released
 * LOST    → ended    the command ended
 * ```
 *
 * @module
 */
import type { Client } from "../client.ts";
import { ConnectionError, LockError } from "../errors.ts";
import type { Lock } from "../lock.ts";
import { Child } from "./child.ts";
import { EXIT_CODE_BY_ERROR, EXIT_CODES, exitCodeOfSignal } from "./exit_codes.ts";
import { type LockPlan, parseLockPlan } from "./lock_plan.ts";
import { printData, tell } from "./output.ts";
import { withClient } from "./session.ts";
import { SignalWatch } from "./signals.ts";
import { LOCK_HELP, serverAddress } from "./usage.ts";

/** All that one run asks for is one flow of control. */
const OWNER = "command";

/** Runs a command under a lock; gives the exit code. */
export async function runLock(args: readonly string[]): Promise<number> {
  const plan = parseLockPlan(args);
  if (plan === undefined) {
    await printData(LOCK_HELP);
    return EXIT_CODES.ok;
  }
  const address = serverAddress(plan.server);
  const waiting = new AbortController();
  let onSignal = (signal: NodeJS.Signals) => waiting.abort(new SignalDuringWait(signal));
  const watch = new SignalWatch((signal) => onSignal(signal));
  try {
    return await withClient(address, async (client) => {
      const lock = await acquire(client, plan, waiting.signal);
      // A signal that came after the grant, but before there is a command to pass it on to.
      waiting.signal.throwIfAborted();
      const child = new Child(plan.command, {
        environment: environmentOf(client, lock),
        ignored: watch.ignored,
      });
      onSignal = (signal) => child.forward(signal);
      return await supervise(child, lock, plan);
    }, waiting.signal);
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
 * Waits for the lock until a signal comes. Then nothing is left to say to the daemon: the connection is closed next, and the wait ends with
 * it, even if no answer comes any more.
 */
function acquire(client: Client, plan: LockPlan, signal: AbortSignal): Promise<Lock> {
  const { names, mode, wait, reason } = plan;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    client.owner(OWNER).acquire(names, { mode, wait, reason }).then(resolve, reject).finally(() =>
      signal.removeEventListener("abort", onAbort)
    );
    if (signal.aborted) onAbort();
  });
}

async function supervise(
  child: Child,
  lock: Lock,
  { onLost, killAfterMs, names }: LockPlan,
): Promise<number> {
  let mustEnd = false;
  const onLoss = () => {
    tell(`${(lock.signal.reason as Error).message}${onLost === "ignore" ? "" : ", ending the command"}`);
    if (onLost === "ignore") return;
    mustEnd = true;
    if (onLost === "kill") child.kill();
    else child.terminate(killAfterMs);
  };
  lock.signal.addEventListener("abort", onLoss);
  if (lock.signal.aborted) onLoss();
  const code = await child.ended;
  lock.signal.removeEventListener("abort", onLoss);
  if (mustEnd) return EXIT_CODES.lost;
  try {
    await lock.release();
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    // The connection is closed next, and the lock ends with it.
    if (lock.held) tell(`Cannot release ${names.join(" ")}: ${error.message}`);
  }
  return code;
}

function environmentOf(client: Client, lock: Lock): Record<string, string> {
  return {
    DISTRILOCK_NAME: lock.names.join(" "),
    DISTRILOCK_TOKEN: [...lock.tokens.values()].join(" "),
    DISTRILOCK_MODE: lock.mode,
    DISTRILOCK_SESSION: client.session,
  };
}

function refusedCode(error: LockError, { notAcquiredCode }: LockPlan): number {
  const code = EXIT_CODE_BY_ERROR[error.code];
  if (code !== EXIT_CODES.notAcquired) return code;
  // A daemon that turned the connection away was never asked for the lock.
  return error instanceof ConnectionError ? EXIT_CODES.unreachable : notAcquiredCode;
}
