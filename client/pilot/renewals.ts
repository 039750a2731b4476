/**
 * The renewals that a pilot makes over one connection: requests of its own, mixed with those of its client,
 * whose ids are far above them.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { decodeServerMessage, encodeRequest } from "../protocol/codec.ts";
import type { PingAnswer } from "../protocol/messages.ts";
import type { Kept } from "../transport/transport.ts";

/**
 * The pilot's ids begin here: no client asks so often. The ids of acquires rise on their own ([P-25] of
 * `docs/protocol.md`).
 */
const FIRST_ID = 2 ** 52;

/** What one pilot needs for one connection. */
export interface RenewalsOptions {
  readonly clock: Clock;
  readonly send: (frame: string) => void;
  /** A renewal was done that was sent then, by the clock. */
  readonly confirm: (kept: Kept, sentMs: number) => void;
}

interface Renewal {
  readonly lifeMs: number;
  stop: () => void;
}

/** The renewals of one connection. */
export class Renewals {
  readonly #options: RenewalsOptions;
  readonly #renewals = new Map<Kept, Renewal>();
  readonly #sent = new Map<number, { readonly kept: Kept; readonly sentMs: number }>();
  #lastId = FIRST_ID;

  constructor(options: RenewalsOptions) {
    this.#options = options;
  }

  /** Renews something whenever a quarter of its life has gone by. */
  keep(kept: Kept, lifeMs: number): void {
    this.drop(kept);
    const renewal = { lifeMs, stop: () => {} };
    this.#renewals.set(kept, renewal);
    this.#arm(kept, renewal);
  }

  /** Renews it no more; what was sent is not confirmed any more either. */
  drop(kept: Kept): void {
    this.#renewals.get(kept)?.stop();
    this.#renewals.delete(kept);
    for (const [id, sent] of this.#sent) if (sent.kept === kept) this.#sent.delete(id);
  }

  /** The connection has ended. */
  end(): void {
    for (const { stop } of this.#renewals.values()) stop();
    this.#renewals.clear();
    this.#sent.clear();
  }

  /** Takes a frame of the server when it is for the pilot; false when it is for the client. */
  take(frame: string): boolean {
    const message = decodeServerMessage(frame);
    // What is no message is the client's to judge.
    if (message === undefined || message === "ignored") return false;
    if ("push" in message) {
      if (message.push !== "ping") return false;
      this.#ask({ id: ++this.#lastId, op: "ping" });
      return true;
    }
    if (message.id === null || message.id <= FIRST_ID) return false;
    const sent = this.#sent.get(message.id);
    this.#sent.delete(message.id);
    const renewal = sent && this.#renewals.get(sent.kept);
    if (renewal === undefined || !message.ok) return true;
    const { kept, sentMs } = sent!;
    const { validFor = 0 } = message as PingAnswer;
    this.#options.confirm(kept, kept === "validity" ? sentMs + validFor - renewal.lifeMs : sentMs);
    return true;
  }

  #arm(kept: Kept, renewal: Renewal): void {
    renewal.stop = this.#options.clock.after(renewal.lifeMs / 4, () => {
      this.#arm(kept, renewal);
      const id = ++this.#lastId;
      this.#sent.set(id, { kept, sentMs: this.#options.clock.now() });
      this.#ask(typeof kept === "number" ? { id, op: "renew", lock: kept } : { id, op: "ping" });
    });
  }

  #ask(request: Parameters<typeof encodeRequest>[0]): void {
    this.#options.send(encodeRequest(request));
  }
}
