/**
 * Resumes that come too late. A hello can lie in the socket of a daemon that is paused while its client has
 * long gone on elsewhere: carried out then, it would take the session away from there. So each resume of a
 * session has a greater id than those before, and an earlier one does nothing.
 *
 * @module
 */

/** Why a session is not gone on with, although whoever asks has its secret. */
export interface Overtaken {
  readonly code: "BAD_REQUEST";
  readonly message: string;
}

/**
 * What a resume with the id `attempt` is told, when the last one had the id `last`; undefined when it may go
 * on.
 */
export function overtaken(attempt: number, last: number): Overtaken | undefined {
  if (attempt > last) return undefined;
  const message =
    `Cannot resume the session: the id ${attempt} is not above ${last}, that of its last resume`;
  return { code: "BAD_REQUEST", message };
}
