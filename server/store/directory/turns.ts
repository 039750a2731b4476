/**
 * How daemons of a directory take turns; `local_claims.ts` tells the rules.
 *
 * @module
 */

/** Longest time between two retries of a name that other daemons of this machine hold, in milliseconds. */
export const RETRY_MS_MAX = 25;
/** How long a daemon may keep a claim busy while another one waits, in milliseconds. */
export const TURN_MS = 20;
/**
 * How long a daemon whose turn is over leaves the name to others: longer than any retry takes. In
 * milliseconds.
 */
export const LEAVE_MS = 2 * RETRY_MS_MAX;
/** A wait note older than this is nobody's, in milliseconds by the wall clock. */
export const NOTE_FRESH_MS = 250;

/** How daemons of a directory take turns. */
export interface Turns {
  /** See {@link TURN_MS}. */
  readonly turnMs: number;
  /** See {@link LEAVE_MS}. */
  readonly leaveMs: number;
  /** See {@link NOTE_FRESH_MS}. */
  readonly noteFreshMs: number;
  /** A daemon that still waits renews its note when it is older than this, in milliseconds. */
  readonly noteRenewMs: number;
  /**
   * How the age of a note is told: by the clock that the daemons of one machine share, or by sight: since
   * when this daemon has seen it, which makes a note count once, however old it is, and needs no common
   * clock.
   */
  readonly noteAge: "by clock" | "by sight";
}

/** As between the daemons of one machine. */
export const LOCAL_TURNS: Turns = {
  turnMs: TURN_MS,
  leaveMs: LEAVE_MS,
  noteFreshMs: NOTE_FRESH_MS,
  noteRenewMs: 50,
  noteAge: "by clock",
};

/** First retry of a name that daemons of other hosts hold, in milliseconds. */
export const NFS_RETRY_MS_MIN = 2;
/** Longest time between two retries of such a name, in milliseconds: each is a call to the file server. */
export const NFS_RETRY_MS_MAX = 50;

/**
 * As between daemons of several hosts, whose clocks differ and whose calls take as long as the way to the
 * file server.
 */
export const NFS_TURNS: Turns = {
  turnMs: 50,
  leaveMs: 3 * NFS_RETRY_MS_MAX,
  noteFreshMs: 1_500,
  noteRenewMs: 300,
  noteAge: "by sight",
};
