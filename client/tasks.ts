/**
 * What a client does by itself, in the background: coming back, going on with a session.
 *
 * @module
 */
import { ConnectionError } from "./errors.ts";

/** The background tasks of one client. */
export class Tasks {
  readonly #running = new Set<Promise<void>>();
  readonly #onBroken: (error: ConnectionError) => void;

  /** @param onBroken Called when a task ended as nobody foresaw. */
  constructor(onBroken: (error: ConnectionError) => void) {
    this.#onBroken = onBroken;
  }

  /** Lets a task run to its end. */
  run(task: Promise<void>): void {
    const watched = task.catch((cause: unknown) => {
      const message = "Cannot go on: the client broke a rule of its own";
      this.#onBroken(new ConnectionError(message, { code: "INTERNAL", cause }));
    }).finally(() => this.#running.delete(watched));
    this.#running.add(watched);
  }

  /** Resolves when all that run now have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
