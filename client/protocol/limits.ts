/**
 * Limits of the native protocol that client and server must agree on. Limits that only the server knows are
 * in `server/base/limits.ts`; those that a client needs are told in the answer to its hello.
 *
 * @module
 */

/** Longest lock name, in bytes (names are ASCII, so in characters too). */
export const LOCK_NAME_BYTES_MAX = 200;

/**
 * Longest free text that a client may attach to a request or to itself (reason, client name, host), in bytes
 * of UTF-8.
 */
export const TEXT_BYTES_MAX = 256;

/** Greatest request id: the ids are JavaScript-safe integers, and so are fencing tokens. */
export const REQUEST_ID_MAX = Number.MAX_SAFE_INTEGER;

/** Longest wait that can be asked for, in milliseconds (about 24.8 days: what a timer can count). */
export const WAIT_MS_MAX = 2 ** 31 - 1;

/**
 * Longest frame that a peer accepts unless it says otherwise in its hello answer, in bytes with the line end.
 */
export const FRAME_BYTES_MAX_DEFAULT = 65_536;

/** Most names that one `list` answer carries. */
export const LIST_NAMES_MAX = 1_000;

/** How many names one `list` answer carries when the request does not say. */
export const LIST_NAMES_DEFAULT = 100;

/** Most entries in a `blockedBy`. */
export const BLOCKED_BY_MAX = 8;

/** Most holders, and most waiters, in the answer to a who. */
export const WHO_PARTIES_MAX = 500;

/** Most holders, and most waiters, of each name in the answer to a list. */
export const LIST_PARTIES_MAX = 4;

/** Longest value block, in bytes of UTF-8. */
export const VALUE_BYTES_MAX = 1_024;

/** Most names in the answer to an explain. */
export const EXPLAIN_NAMES_MAX = 20;

/** Most holders, and most waiters, of each name in the answer to an explain. */
export const EXPLAIN_PARTIES_MAX = 100;

/** Most names in one acquire. */
export const NAMES_PER_REQUEST_MAX = 32;

/** Longest owner, label name and label value, in bytes of UTF-8. */
export const WORD_BYTES_MAX = 64;

/** Most labels of a request. */
export const LABELS_MAX = 8;

/**
 * Shortest time to live and longest hold that can be asked for, in milliseconds: below, the network decides
 * more than the clock.
 */
export const LIFE_MS_MIN = 100;

/** Longest time to live and longest hold that can be asked for, in milliseconds: a leap year. */
export const LIFE_MS_MAX = 366 * 24 * 3_600_000;

/** Longest session id and longest secret, in bytes of UTF-8. Those of this version are 16 and 22. */
export const SESSION_WORD_BYTES_MAX = 64;

/** Longest token that proves who one is, in bytes (tokens are ASCII). Those that the daemon makes have 47. */
export const TOKEN_BYTES_MAX = 512;

/**
 * A peer is given up after a silence of so many times `heartbeatMs`; after one it is asked for a sign of
 * life.
 */
export const SILENT_BEATS_MAX = 3;
