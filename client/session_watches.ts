/**
 * The watches of one session.
 *
 * @module
 */
import type { Exchange } from "./exchange.ts";
import type { EventPush, ResyncPush } from "./protocol/messages.ts";
import type { WatchListener } from "./watch.ts";

/** The watches of one session, by their ids. */
export class SessionWatches {
  readonly #exchange: Exchange;
  readonly #listeners = new Map<number, WatchListener>();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Begins a watch; its listener hears all that comes after the answer, which is its id. */
  begin(prefix: string, listener: WatchListener): Promise<number> {
    return this.#exchange.send("watch", { prefix }, ({ id }) => {
      this.#listeners.set(id, listener);
      listener.begun?.();
      return id;
    }).answer;
  }

  /** Ends a watch. */
  async end(id: number): Promise<void> {
    this.#listeners.delete(id);
    await this.#exchange.ask("cancel", { request: id });
  }

  /** The server tells something to a watch. */
  onPush(push: EventPush | ResyncPush): void {
    this.#listeners.get(push.watch)?.tell(push);
  }

  /** The session has ended. */
  clear(): void {
    this.#listeners.clear();
  }
}
