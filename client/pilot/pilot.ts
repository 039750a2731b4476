/**
 * The pilot: opens connections for a client in another thread, passes frames on in both directions, and
 * renews what it is told to, so that a client that is too busy for anything does not lose its locks.
 *
 * @module
 */
import type { Dial, DialOptions } from "../address.ts";
import type { Clock } from "../clock.ts";
import type { Kept, OpenTransport, Transport } from "../transport/transport.ts";
import type { ConnectionId, PilotError, PilotOrder, PilotReport, Port } from "./messages.ts";
import { Renewals } from "./renewals.ts";

/** One connection that the pilot holds. */
interface Held {
  readonly abort: AbortController;
  readonly renewals: Renewals;
  readonly slots: Map<Kept, number>;
  transport: Transport | undefined;
}

/** What the pilot works with. */
export interface PilotOptions {
  readonly port: Port<PilotOrder, PilotReport>;
  readonly dialWith: (options: DialOptions) => Dial;
  readonly clock: Clock;
}

/** Does what it is told, until its thread ends. */
export function servePilot(options: PilotOptions): void {
  const pilot = new PilotServer(options);
  options.port.listen((order) => pilot.take(order));
}

class PilotServer {
  readonly #options: PilotOptions;
  readonly #connections = new Map<ConnectionId, Held>();
  #memory: BigInt64Array | undefined;
  /** What the client's clock shows when ours shows 0, or less. */
  #offsetMs = -Infinity;

  constructor(options: PilotOptions) {
    this.#options = options;
  }

  take(order: PilotOrder): void {
    switch (order.do) {
      case "share":
        this.#memory = new BigInt64Array(order.memory);
        break;
      case "open":
        void this.#open(order);
        break;
      case "close":
        this.#close(order.id);
        break;
      case "send":
        this.#connections.get(order.id)?.transport?.send(order.frame);
        break;
      case "keep":
        this.#keep(order);
        break;
      case "drop":
        this.#drop(order.id, order.kept);
        break;
    }
  }

  async #open({ id, url, ca }: PilotOrder & { do: "open" }): Promise<void> {
    const { clock, dialWith, port } = this.#options;
    const held: Held = {
      abort: new AbortController(),
      renewals: new Renewals({
        clock,
        send: (frame) => held.transport?.send(frame),
        confirm: (kept, sentMs) => this.#confirm(id, kept, sentMs),
      }),
      slots: new Map(),
      transport: undefined,
    };
    this.#connections.set(id, held);
    try {
      const openTransport: OpenTransport = await dialWith({ ca })(new URL(url), held.abort.signal);
      held.transport = await openTransport({
        onMessage: (frame) => held.renewals.take(frame) || port.post({ is: "message", id, frame }),
        onClose: (cause) => this.#ended(id, held, cause),
      });
      port.post({ is: "opened", id });
      if (held.abort.signal.aborted) held.transport.close();
    } catch (error) {
      this.#connections.delete(id);
      port.post({ is: "failed", id, error: told(error) });
    }
  }

  #close(id: ConnectionId): void {
    const held = this.#connections.get(id);
    held?.abort.abort(new Error("Cannot connect: it was ended"));
    held?.renewals.end();
    held?.transport?.close();
  }

  #ended(id: ConnectionId, held: Held, cause: Error | undefined): void {
    held.renewals.end();
    // First, so that the client reads no slot any more when others may use it.
    this.#options.port.post({ is: "closed", id, error: cause && told(cause) });
    for (const kept of [...held.slots.keys()]) this.#drop(id, kept);
    this.#connections.delete(id);
  }

  #keep({ id, kept, lifeMs, nowMs, slot }: PilotOrder & { do: "keep" }): void {
    // It was later when the order came than when it was given, so this may be too little, never too much.
    this.#offsetMs = Math.max(this.#offsetMs, nowMs - this.#options.clock.now());
    const held = this.#connections.get(id);
    if (held === undefined) {
      if (slot !== undefined) this.#options.port.post({ is: "dropped", slot });
      return;
    }
    if (slot !== undefined) held.slots.set(kept, slot);
    held.renewals.keep(kept, lifeMs);
  }

  #drop(id: ConnectionId, kept: Kept): void {
    const held = this.#connections.get(id);
    held?.renewals.drop(kept);
    const slot = held?.slots.get(kept);
    if (slot === undefined) return;
    held?.slots.delete(kept);
    this.#options.port.post({ is: "dropped", slot });
  }

  #confirm(id: ConnectionId, kept: Kept, sentMs: number): void {
    const clientMs = sentMs + this.#offsetMs;
    const slot = this.#connections.get(id)?.slots.get(kept);
    if (slot === undefined || this.#memory === undefined) {
      return this.#options.port.post({ is: "confirmed", id, kept, sentMs: clientMs });
    }
    Atomics.store(this.#memory, slot, BigInt(Math.floor(clientMs * 1_000)));
  }
}

function told(error: unknown): PilotError {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return { message: String(message ?? error), code: typeof code === "string" ? code : undefined };
}
