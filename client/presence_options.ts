/**
 * What a client's presence is made with.
 *
 * @module
 */
import type { Dial } from "./address.ts";
import type { Clock } from "./clock.ts";
import type { SessionOptions } from "./session_options.ts";

/** What a presence is made with. */
export interface PresenceOptions {
  /** One at least; the first is tried first. */
  readonly servers: readonly URL[];
  readonly dial: Dial;
  readonly clock: Clock;
  /** A number from 0 to 1, another one each time. */
  readonly random: () => number;
  readonly introduction: Pick<SessionOptions, "client" | "token" | "graceMs">;
  /** How long all servers together may take to answer, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** False: the client ends with its first session. */
  readonly reconnect: boolean;
  /** Called when it was closed, and nothing is left of its connections. */
  readonly onClosed: () => void;
}
