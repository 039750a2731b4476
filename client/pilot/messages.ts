/**
 * What a client and its pilot, a worker that holds its connections, say to each other.
 *
 * @module
 */
import type { Kept } from "../transport/transport.ts";

/** Names a connection. */
export type ConnectionId = number;

/** What the pilot is told. */
export type PilotOrder =
  /** Open a connection to an address; `ca` as in `DialOptions`. */
  | { readonly do: "open"; readonly id: ConnectionId; readonly url: string; readonly ca: string | undefined }
  /** Never mind the opening, or end the connection after what was sent. */
  | { readonly do: "close"; readonly id: ConnectionId }
  | { readonly do: "send"; readonly id: ConnectionId; readonly frame: string }
  /**
   * Renew something every quarter of its life. `nowMs` is the client's clock; `slot` is where in the shared
   * memory confirmations go.
   */
  | {
    readonly do: "keep";
    readonly id: ConnectionId;
    readonly kept: Kept;
    readonly lifeMs: number;
    readonly nowMs: number;
    readonly slot: number | undefined;
  }
  | { readonly do: "drop"; readonly id: ConnectionId; readonly kept: Kept }
  /** Memory to write confirmations into. */
  | { readonly do: "share"; readonly memory: SharedArrayBuffer };

/** What the pilot tells. */
export type PilotReport =
  | { readonly is: "opened"; readonly id: ConnectionId }
  | { readonly is: "failed"; readonly id: ConnectionId; readonly error: PilotError }
  | { readonly is: "message"; readonly id: ConnectionId; readonly frame: string }
  | { readonly is: "closed"; readonly id: ConnectionId; readonly error: PilotError | undefined }
  /** A renewal was done that was sent then, by the client's clock: only where memory cannot be shared. */
  | { readonly is: "confirmed"; readonly id: ConnectionId; readonly kept: Kept; readonly sentMs: number }
  /** Nothing will be written into that slot any more. */
  | { readonly is: "dropped"; readonly slot: number };

/** An error on its way between two threads. */
export interface PilotError {
  readonly message: string;
  readonly code: string | undefined;
}

/** One side of the way between the two. */
export interface Port<In, Out> {
  post(message: Out): void;
  /** Called once, before anything is told. */
  listen(onMessage: (message: In) => void): void;
}
