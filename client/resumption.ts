/**
 * How a session whose connection was lost goes on over another one.
 *
 * @module
 */
import type { Dial } from "./address.ts";
import { attempt, isNobodyThere, isSessionGone } from "./attempt.ts";
import { backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { ConnectionError } from "./errors.ts";
import type { Session } from "./session.ts";
import { pause } from "./waiters.ts";

/** Where a session may be gone on with, and how. */
export interface ResumptionOptions {
  /** The server that has it. */
  readonly home: URL;
  /** All servers. */
  readonly servers: readonly URL[];
  readonly dial: Dial;
  readonly clock: Clock;
  /** A number from 0 to 1, another one each time. */
  readonly random: () => number;
  /** How many connections before did not last. */
  readonly rounds: number;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
}

/**
 * Tries until the session is connected again, or has ended: because its grace is over, or its server said
 * that it is gone, or there is no server any more. A daemon that nobody can find has taken its sessions with
 * it, unless they live in a cluster (`guarantee` is `quorum`), where every daemon can go on with them.
 *
 * @returns the address at which it goes on; undefined when it has ended.
 */
export async function resume(
  session: Session,
  { home, servers, dial, clock, random, rounds, signal }: ResumptionOptions,
): Promise<URL | undefined> {
  const isQuorum = session.hello.guarantee === "quorum";
  const places = isQuorum ? [home, ...servers.filter((address) => address !== home)] : [home];
  for (let round = rounds;; round++) {
    if (round > 0) await pause(clock, backoffMs(round - 1, random()), signal);
    for (const address of places) {
      if (session.end !== undefined) return undefined;
      // Whoever does not answer must leave time for the others, and for a second round.
      const timeoutMs = session.remainingMs() / (places.length + 1);
      try {
        await attempt(
          { address, dial, clock, timeoutMs, signal },
          (openTransport, signal) => session.resume(openTransport, signal),
        );
        return address;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        if (isSessionGone(error) || (isNobodyThere(error) && !isQuorum)) session.over(error);
      }
    }
  }
}
