/**
 * What a transport and a dialect know of each other: the transport moves frames of text, the dialect gives
 * them a meaning.
 *
 * @module
 */
import type { ErrorCode } from "../../client/protocol/codes.ts";
import type { ClientProfile } from "../../client/protocol/messages.ts";
import type { Access } from "../session/access.ts";

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
  /** What carries the frames. */
  readonly transport: "tcp" | "websocket" | "in-process";
  /** The address that the peer comes from, for people. */
  readonly peer: string;
  /** About how many bytes wait to be sent: said, and not in a write that is under way. */
  readonly unsentBytes: number;
  /** Sends one frame. Nothing is sent once the connection is being closed. */
  send(frame: string): void;
  /** Sends what was said, then closes; the conversation hears `ended` in the end, as always. */
  close(code: CloseCode): void;
  /**
   * The same with one last frame, after a pause in which nothing is heard: whoever tries one token after the
   * other has to wait for each.
   */
  closeLater(frame: string, code: CloseCode): void;
}

/**
 * Who is at the other end, for those who wait for it ([P-14] of `docs/protocol.md`): at the address that it
 * comes from, unless it says where it runs.
 */
export function profileAt({ transport, peer }: Wire, client?: ClientProfile): ClientProfile | undefined {
  return transport === "in-process" ? client : { host: peer, ...client };
}

/** What is wrong, for the peer. */
export interface Fault {
  readonly code: ErrorCode;
  /** For people. */
  readonly message: string;
}

/** One side of a connection: what the peer says, and what becomes of the connection. */
export interface Conversation {
  /** True once the peer has introduced itself. */
  readonly introduced: boolean;
  /** The peer sent a frame. */
  receive(frame: string): void;
  /**
   * How long an introduced peer may be silent after the last frame that was sent to it, in ms; absent: for
   * ever.
   */
  readonly silenceMsMax?: number;
  /** After so many ms of silence an introduced peer is asked for a sign of life; absent or 0: never. */
  readonly heartbeatMs?: number;
  /** Asks the peer for a sign of life: any frame will do. */
  ping?(): void;
  /**
   * The connection cannot go on, say since no frame can be made of what the peer sent: it is told, and the
   * connection closed.
   */
  fail(fault: Fault, close: CloseCode): void;
  /** The peer has not introduced itself for so many ms, or was silent for so long. */
  timeOut(afterMs: number): void;
  /** The connection has ended: nothing can be said any more. Called exactly once. */
  ended(): void;
}

/** Begins a conversation on a new connection. */
export type Converse = (wire: Wire) => Conversation;

/** The same, with a peer that said before who it is. */
export type ConverseAs = (wire: Wire, access: Access) => Conversation;

/** The dialects of a daemon. */
export interface Dialects {
  /** JSON of the native protocol. */
  readonly native: Converse;
  /** Text lines. */
  readonly text: Converse;
  /** JSON of the original distrilock. */
  readonly legacy: ConverseAs;
}
