/**
 * Signals that the command line receives: told to whoever is in charge of them at the moment, since none of
 * them may end the process before its lock is given back.
 *
 * Source: signal(7), nohup(1).
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import process from "node:process";

const WATCHED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** Watches the signals that would end the process, until it is stopped. */
export class SignalWatch {
  readonly #listeners = new Map<NodeJS.Signals, () => void>();

  /**
   * Signals that were ignored when the process started, as under nohup or in the background of a script. They
   * are not told.
   */
  readonly ignored: readonly NodeJS.Signals[] = ignoredSignals();

  /** @param onSignal Called for each signal that comes. */
  constructor(onSignal: (signal: NodeJS.Signals) => void) {
    for (const signal of WATCHED_SIGNALS) {
      // Ignored ones need a listener too: Deno gives some of them their usual effect as soon as any signal is
      // watched.
      const listener = this.ignored.includes(signal) ? () => {} : () => onSignal(signal);
      this.#listeners.set(signal, listener);
      process.on(signal, listener);
    }
  }

  /** Gives the signals back their usual effect. */
  stop(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
    this.#listeners.clear();
  }
}

/** Signals that this process ignores by now, as far as the system tells (Linux does). */
function ignoredSignals(): readonly NodeJS.Signals[] {
  let status: string;
  try {
    status = readFileSync("/proc/self/status", "utf8");
  } catch {
    return [];
  }
  const mask = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return WATCHED_SIGNALS.filter((signal) => (mask >> BigInt(constants.signals[signal] - 1)) & 1n);
}
