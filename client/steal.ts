/**
 * Takes a lock away from whoever holds it, and before all that wait for it.
 *
 * A lock that is broken goes to the next that waits, so breaking and then asking would hit one waiter after
 * the other. But conversions go before waiters: an NL lock, which is granted whatever others hold, is
 * converted to EX, and then the holders are broken, each by its token. Of two that steal, the later one waits
 * behind the conversion of the earlier one, and breaks it in turn: the last caller has the lock.
 *
 * @module
 */
import type { Client } from "./client.ts";
import { LockError } from "./errors.ts";
import type { Lock } from "./lock.ts";
import type { AcquireOptions } from "./requester.ts";

const LOOK_MS_MIN = 5;
const LOOK_MS_MAX = 200;
const BREAK_REASON = "stolen by a Web Locks request";

/**
 * The lock in EX, taken from its holders at this daemon.
 *
 * @throws {LockTimeoutError} when holders that could not be broken still held it after `wait`; `blockedBy`
 *   names them.
 * @throws {LockError} when the server refused, for instance `DENIED` to who may not break.
 */
export async function stealLock(
  client: Client,
  name: string,
  { wait, ...options }: AcquireOptions & { readonly wait: number },
): Promise<Lock> {
  const lock = await client.acquire(name, { ...options, mode: "NL" });
  try {
    await convertBreaking(client, lock, wait);
    return lock;
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** Converts to EX, and breaks what is in the way until that is done. */
async function convertBreaking(client: Client, lock: Lock, waitMs: number): Promise<void> {
  const attempt = new AbortController();
  const conversion = new Settling(lock.convert("EX", { wait: waitMs, signal: attempt.signal }));
  try {
    for (let lookMs = LOOK_MS_MIN; !conversion.isSettled; lookMs = Math.min(2 * lookMs, LOOK_MS_MAX)) {
      for (const token of await tokensInTheWay(client, lock)) await breakToken(client, lock.name, token);
      await conversion.orAfter(lookMs);
    }
  } catch (error) {
    attempt.abort(error);
  }
  await conversion.result;
}

/** The tokens of the holders, but for the lock itself. Some may hold NL: a break passes over them. */
async function tokensInTheWay(client: Client, lock: Lock): Promise<ReadonlySet<number>> {
  const { held } = await client.who(lock.name);
  const others = held.filter(({ session, request }) => session !== client.session || request !== lock.id);
  return new Set(others.flatMap(({ token }) => token === undefined ? [] : [token]));
}

async function breakToken(client: Client, name: string, token: number): Promise<void> {
  try {
    await client.break(name, { token, reason: BREAK_REASON });
  } catch (error) {
    // Its holder let go meanwhile: whoever holds the name now is seen at the next look.
    const isGone = error instanceof LockError && (error.code === "NOT_HELD" || error.code === "STALE_TOKEN");
    if (!isGone) throw error;
  }
}

/** A promise that can be asked whether it is settled. */
class Settling {
  readonly result: Promise<void>;
  isSettled = false;

  constructor(result: Promise<void>) {
    this.result = result.finally(() => this.isSettled = true);
    // Heard of when it is awaited.
    this.result.catch(() => {});
  }

  /** Resolves when it is settled, or so many milliseconds later. */
  orAfter(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      const stop = () => {
        clearTimeout(timer);
        resolve();
      };
      this.result.then(stop, stop);
    });
  }
}
