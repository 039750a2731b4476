/**
 * What a transport and a dialect know of each other: the transport moves frames of text, the dialect gives them a meaning.
 *
 * @module
 */

/** Why a connection is closed: the status codes of RFC 6455 section 7.4.1, which TCP has no way to tell. */
export const CLOSE = {
  /** All is said. */
  normal: 1000,
  /** The daemon leaves service. */
  goingAway: 1001,
  /** The peer breaks the protocol, or speaks another one. */
  protocol: 1002,
  /** A kind of data that is not taken: binary frames. */
  unsupportedData: 1003,
  /** Text that is not UTF-8. */
  invalidText: 1007,
  /** A limit that has no status of its own. */
  policy: 1008,
  /** A frame that is too long. */
  tooBig: 1009,
} as const;

/** One of the {@link CLOSE} codes. */
export type CloseCode = typeof CLOSE[keyof typeof CLOSE];

/** What a conversation needs of its connection. */
export interface Wire {
  /** Sends one frame. Nothing is sent once the connection is being closed. */
  send(frame: string): void;
  /** Sends what was said, then closes; the conversation hears `ended` in the end, as always. */
  close(code: CloseCode): void;
}

/** One side of a connection: what the peer says, and what becomes of the connection. */
export interface Conversation {
  /** True once the peer has introduced itself. */
  readonly introduced: boolean;
  /** The peer sent a frame. */
  receive(frame: string): void;
  /** The peer sent something that no frame can be made of, and no frame can follow: it is told, and the connection closed. */
  fail(fault: { readonly code: "LIMIT" | "BAD_REQUEST"; readonly message: string }, close: CloseCode): void;
  /** The peer has not introduced itself for so many ms. */
  timeOut(afterMs: number): void;
  /** The connection has ended: nothing can be said any more. Called exactly once. */
  ended(): void;
}

/** Begins a conversation on a new connection. */
export type Converse = (wire: Wire) => Conversation;
