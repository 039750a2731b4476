/**
 * How sessions are opened and gone on with.
 *
 * @module
 */
import type { Access } from "./access.ts";

/** How a session is opened. */
export interface OpenOptions {
  /** Who opens it: what the `gate` of the sessions said. There is no default, so that no interface can forget to ask. */
  readonly access: Access;
  /** How long it shall outlive its connection, in milliseconds. */
  readonly graceMs?: number | undefined;
  /** What its connection is, for people. */
  readonly transport?: string;
}

/** How a session is gone on with. */
export interface ResumeOptions {
  readonly access: Access;
  /** What its connection is, for people. */
  readonly transport: string;
}

/** Why no session is opened. */
export interface OpenRefusal {
  readonly code: "DRAINING" | "LIMIT";
  readonly message: string;
}
