/**
 * Who asks, and what it may: the seam between sessions and whatever knows of tokens. Every interface asks the
 * {@link Gate} who a request comes from; what that one may do is checked in `session.ts` and
 * `administration.ts`, the same for all interfaces, and `veil.ts` hides what it may not read.
 *
 * @module
 */

/** What one may be allowed to do: see who has a name, lock it, end locks of others, run the daemon. */
export const RIGHTS = ["read", "acquire", "break", "admin"] as const;

/** One of the {@link RIGHTS}. */
export type Right = typeof RIGHTS[number];

/** What stands in place of a name where a right is about the daemon: `admin` is about nothing else. */
export const WHOLE_DAEMON = "";

/** Somebody who may do something. What it says may change while it lives: tokens are reloaded, and expire. */
export interface Access {
  /** Whom the token belongs to, for logs and for people. Two tokens of one subject are the same one. */
  readonly subject: string;
  /**
   * Why it is over, as the end of a sentence; undefined while it is in force. Nothing is allowed any more
   * once it is over.
   */
  readonly ended: string | undefined;
  /** Whether it has a right for that name, now. */
  allows(right: Right, name: string): boolean;
  /** Whether it has a right for some name that begins so, now. */
  allowsBelow(right: Right, prefix: string): boolean;
}

/** Why a request is not carried out. */
export interface Denial {
  readonly code: "DENIED";
  /** For people. */
  readonly message: string;
}

/**
 * Why nobody was identified. Its words are the same for every wrong token: whoever guesses learns nothing.
 */
export interface Unauthenticated {
  readonly code: "UNAUTHENTICATED";
  /** For people. */
  readonly message: string;
}

/** Knows tokens. */
export interface Gate {
  /** Whether somebody without a token may do anything. */
  readonly admitsStrangers: boolean;
  /** When the next access ends by itself, in milliseconds since 1970, or Infinity. */
  readonly nextEndWallMs: number;
  /**
   * Who shows that token; of who shows none, what strangers may. `peer` is the address that the token came
   * from, for the log.
   */
  identify(token: string | undefined, peer?: string): Access | Unauthenticated;
}

/** Anybody may do anything: a daemon without a tokens file, and a program with a lock table of its own. */
export const OPEN_ACCESS: Access = Object.freeze({
  subject: "anybody",
  ended: undefined,
  allows: () => true,
  allowsBelow: () => true,
});

/** Lets everybody in, and does not look at tokens. */
export const OPEN_GATE: Gate = Object.freeze({
  admitsStrangers: true,
  nextEndWallMs: Infinity,
  identify: () => OPEN_ACCESS,
});

/** True for who was identified. */
export function isAccess(who: Access | Unauthenticated): who is Access {
  return "allows" in who;
}

/**
 * Why `access` may not do it to the name; undefined when it may. `cannot` begins the message, as
 * `Cannot lock`; the name follows, if there is one.
 */
export function denial(
  access: Access,
  { right, name, cannot }: { readonly right: Right; readonly name: string; readonly cannot: string },
): Denial | undefined {
  if (access.allows(right, name)) return undefined;
  const [what, whose] = name === WHOLE_DAEMON ? ["", ""] : [` ${name}`, ` for ${name}`];
  const state = access.ended ?? `${access.subject} lacks the right ${right}${whose}`;
  return { code: "DENIED", message: `${cannot}${what}: ${state}` };
}
