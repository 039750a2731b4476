/**
 * Ends a command in time: before its lock can be somebody else's where that is known before, at once where it
 * was lost otherwise.
 *
 * ```text
 * WATCHING → ENDING  [#giveUp]  the lock is lost, or soon uncertain: the family is asked to end
 * WATCHING → OVER    [stop]     the command ended by itself
 * ENDING   → KILLING [#kill]    it did not end in time
 * ENDING   → OVER    [#look]    nobody of it is left
 * KILLING  → OVER    [#look]    nobody of it is left, or it cannot be ended
 * ```
 *
 * @module
 */
import type { Clock } from "../clock.ts";

/** How long before the next look at a lock, in milliseconds, and for a family that ends. */
const CHECK_MS_MIN = 20;
const CHECK_MS_MAX = 60_000;
const LOOK_MS = 20;
/**
 * How long ending by force is tried, in milliseconds. A process that waits for a device cannot be ended, nor
 * can another user's.
 */
const KILL_PATIENCE_MS = 5_000;
/**
 * By how much the guard may be later than this process, of the reserve for killing: it acts only when this
 * process does not.
 */
const GUARD_SHARE = 1 / 2;

/** What has to be ended. */
export interface Family {
  readonly family: readonly number[];
  signalFamily(signal: NodeJS.Signals): void;
}

/** A lock, as far as its end is concerned. */
export interface Endable {
  readonly signal: AbortSignal;
  remaining(): number;
}

/** What a supervisor works with. */
export interface SupervisorOptions {
  readonly lock: Endable;
  readonly child: Family;
  readonly clock: Clock;
  /** Milliseconds, see `LockTimes`. */
  readonly killAfterMs: number;
  readonly leadMs: number;
  /** Tells people. */
  readonly tell: (text: string) => void;
  /** Tells the guard for how many milliseconds the lock is certain. */
  readonly feed: (ms: number) => void;
  /** Tells the guard that the family was asked to end, and has so many milliseconds. */
  readonly relieve: (ms: number) => void;
}

/** Watches one lock and one command. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #resolveOver!: () => void;
  readonly #onLoss = () => this.check();
  #stage: "watching" | "ending" | "killing" | "over" = "watching";
  #hasGivenUp = false;
  #mustEndMs = Infinity;
  #killsUntilMs = Infinity;
  #disarm = () => {};
  #disarmKill = () => {};

  /** Resolves when nobody is left of a command that had to be ended. */
  readonly over: Promise<void> = new Promise((resolve) => this.#resolveOver = resolve);

  constructor(options: SupervisorOptions) {
    this.#options = options;
    options.lock.signal.addEventListener("abort", this.#onLoss);
    this.check();
  }

  /** Whether the command had to be ended. */
  get hasGivenUp(): boolean {
    return this.#hasGivenUp;
  }

  /** The lock will end in so many milliseconds, whatever its clock says. */
  endsIn(ms: number): void {
    this.#mustEndMs = Math.min(this.#mustEndMs, this.#options.clock.now() + ms);
    this.check();
  }

  /** Looks at the lock, and gives up when it is time. */
  check(): void {
    if (this.#stage !== "watching") return;
    this.#disarm();
    const { lock, clock, leadMs, killAfterMs, feed } = this.#options;
    if (lock.signal.aborted) return this.#giveUp((lock.signal.reason as Error).message);
    const leftMs = Math.min(lock.remaining(), this.#mustEndMs - clock.now()) - leadMs;
    if (leftMs <= 0) {
      return this.#giveUp("Cannot be sure of the lock any longer: it will end, or nothing is heard of it");
    }
    if (leftMs === Infinity) return;
    feed(leftMs + (leadMs - killAfterMs) * GUARD_SHARE);
    const nextMs = Math.min(leftMs, Math.max(leftMs / 2, CHECK_MS_MIN), CHECK_MS_MAX);
    this.#disarm = clock.after(nextMs, () => this.check());
  }

  /** The command has ended: by itself, or because it had to; then the rest of its family is seen to. */
  stop(): void {
    if (this.#stage !== "watching") return;
    this.#stage = "over";
    this.#disarm();
    this.#options.lock.signal.removeEventListener("abort", this.#onLoss);
  }

  #giveUp(why: string): void {
    const { child, clock, killAfterMs, leadMs, tell, relieve } = this.#options;
    this.#stage = "ending";
    this.#hasGivenUp = true;
    tell(`${why}, ending the command`);
    relieve(killAfterMs + (leadMs - killAfterMs) * GUARD_SHARE);
    if (killAfterMs === 0) return this.#kill();
    child.signalFamily("SIGTERM");
    // A stopped process sees the signal when it goes on.
    child.signalFamily("SIGCONT");
    this.#disarmKill = clock.after(killAfterMs, () => this.#kill());
    this.#look();
  }

  #kill(): void {
    this.#stage = "killing";
    this.#killsUntilMs = this.#options.clock.now() + KILL_PATIENCE_MS;
    this.#look();
  }

  #look(): void {
    this.#disarm();
    const { child, clock, tell } = this.#options;
    const isKilling = this.#stage === "killing";
    if (isKilling) child.signalFamily("SIGKILL");
    const { family } = child;
    const isTooLate = clock.now() >= this.#killsUntilMs;
    if (family.length > 0 && !isTooLate) {
      this.#disarm = clock.after(LOOK_MS, () => this.#look());
      return;
    }
    if (family.length > 0) tell(`Cannot end ${family.join(" ")}: they do not go, without a lock from now on`);
    this.#disarmKill();
    this.#stage = "over";
    this.#options.lock.signal.removeEventListener("abort", this.#onLoss);
    this.#resolveOver();
  }
}
