/**
 * What sessions on two hosts believe, and a resource that they write to.
 *
 * @module
 */
import { type Client, connect, type Lock, LockError, type Mode } from "../../../client/mod.ts";
import type { DaemonProcess } from "../../support/daemon.ts";
import { checkHistory, type History, type Hold } from "../../support/history.ts";
import { exportedDirectory, startOn } from "./stage.ts";

/** Writes down what sessions believe, for `checkHistory`. */
export class Beliefs {
  readonly #history: History = { holds: [], asks: [] };
  /**
   * A session believes in a lock from now on, until its signal is aborted or it is given back through
   * {@link end}.
   */
  begin({ name, mode, token, signal }: Lock): Hold {
    const hold: Hold = {
      name,
      mode,
      token,
      lives: [],
      fromMs: performance.now(),
      toMs: Infinity,
      lost: false,
    };
    signal.addEventListener("abort", () => hold.toMs = Math.min(hold.toMs, performance.now()));
    this.#history.holds.push(hold);
    return hold;
  }

  /** Gives a lock back. */
  async end(lock: Lock, hold: Hold): Promise<void> {
    hold.toMs = Math.min(hold.toMs, performance.now());
    await lock.release();
  }

  /** Acquires, and believes. */
  acquire(client: Client, name: string, mode: Mode = "EX"): Promise<{ lock: Lock; hold: Hold }> {
    const held = client.acquire(name, { mode }).then((lock) => ({ lock, hold: this.begin(lock) }));
    // Whoever awaits it hears of a failure; a test that failed before it does has its own to tell.
    held.catch(() => {});
    return held;
  }

  /** What was believed and should not have been. */
  faults(): string[] {
    return checkHistory(this.#history);
  }
}

/** A daemon and a client on each of two hosts, on a directory of their own. */
export interface TwoHosts extends AsyncDisposable {
  readonly one: DaemonProcess;
  readonly other: DaemonProcess;
  /** At the daemon of host A. */
  readonly a: Client;
  /** At the daemon of host B. */
  readonly b: Client;
  readonly beliefs: Beliefs;
}

/** Starts them. */
export async function twoHosts(): Promise<TwoHosts> {
  await using started = new AsyncDisposableStack();
  const directory = exportedDirectory();
  const one = started.use(await startOn("a", directory));
  const other = started.use(await startOn("b", directory));
  const a = started.use(await connect(one.url, { name: "a" }));
  const b = started.use(await connect(other.url, { name: "b" }));
  const all = started.move();
  return { one, other, a, b, beliefs: new Beliefs(), [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** What came of asking for a lock: `granted`, or the code of the refusal. */
export async function codeOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return "granted";
  } catch (error) {
    if (error instanceof LockError) return error.code;
    throw error;
  }
}

/** A resource that refuses tokens below the greatest it has seen. */
export class GuardedResource {
  #highest = 0;
  /** The tokens of the writes that it took. */
  readonly taken: number[] = [];

  /** Answers whether the write was taken. */
  write(token: number): boolean {
    if (token < this.#highest) return false;
    this.#highest = token;
    this.taken.push(token);
    return true;
  }
}
