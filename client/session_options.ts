/**
 * What a session is opened with, and whom it tells of its life.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { ConnectionError, LockError } from "./errors.ts";
import type { Lock } from "./lock.ts";
import type { ClientProfile } from "./protocol/messages.ts";
import type { Session } from "./session.ts";

/** A client profile; undefined counts as absent. */
export type Introduction = { readonly [K in keyof ClientProfile]?: ClientProfile[K] | undefined };

/** What a session tells whoever opened it. Nothing of it may throw. */
export interface SessionEvents {
  /** The connection ended; {@link Session.resume} is wanted. */
  onDetached(session: Session, error: ConnectionError): void;
  /** The server leaves service. */
  onDraining(session: Session, closesInMs: number): void;
  /** It has ended. Told once, last of all, and not when it was never open. */
  onEnded(session: Session, error: ConnectionError): void;
  /** A lock was disposed of, and its release failed. */
  onReleaseFailed(lock: Lock, error: LockError): void;
}

/** How to open a session. */
export interface SessionOptions {
  readonly client: Introduction;
  /** Proves who the caller is. */
  readonly token?: string | undefined;
  /** How long it should outlive a connection, in milliseconds; undefined = not at all. */
  readonly graceMs?: number | undefined;
  readonly clock: Clock;
  readonly events: SessionEvents;
}

/** The field of a hello that proves who the caller is; nothing without a token. */
export function proof(token: string | undefined): { readonly token?: string } {
  return token === undefined ? {} : { token };
}

/** The fields of a hello that opens a session. */
export function introduction({ client, token, graceMs }: SessionOptions): object {
  return { client, ...proof(token), ...(graceMs === undefined ? {} : { grace: graceMs }) };
}
