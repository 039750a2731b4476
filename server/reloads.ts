/**
 * What is read or opened anew on SIGHUP, so that files can be changed or moved under a running daemon. Each
 * part is tried on its own: what fails keeps what it had.
 *
 * @module
 */
import type { Audit } from "./audit.ts";
import type { Log } from "./base/log.ts";

/** Parts of a daemon that can be reloaded. */
export class Reloads {
  /** How many reloads of parts there were. */
  readonly counts = { done: 0, failed: 0 };
  readonly #parts = new Map<string, () => void | Promise<void>>();

  /** Adds a part; `reload` throws when it goes on with what it had. */
  add(part: string, reload: () => void | Promise<void>): void {
    this.#parts.set(part, reload);
  }

  /** Reloads every part, and says of each how that went. Never rejects for what a part does. */
  async run(log: Log, audit: Audit): Promise<void> {
    for (const [part, reload] of this.#parts) {
      try {
        await reload();
        this.counts.done++;
        log.info("daemon.reloaded", { part });
        audit.record("config.reload", { part, done: true });
      } catch (error) {
        this.counts.failed++;
        log.error("daemon.reload_failed", { part, error });
        audit.record("config.reload", { part, done: false });
      }
    }
  }
}
