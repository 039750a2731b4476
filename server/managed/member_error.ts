/**
 * What keeps a member of etcd from starting.
 *
 * @module
 */

/** The member cannot start as things are; the message says why, and what to do. */
export class MemberError extends Error {
  override readonly name = "MemberError";
}
