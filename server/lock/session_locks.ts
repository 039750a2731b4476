/**
 * What one session holds and waits for.
 *
 * @module
 */
import type { ClientProfile } from "../../client/protocol/messages.ts";
import type { SessionId } from "./effect.ts";
import type { LockRequest } from "./request.ts";

/** What one session holds and waits for. */
export class SessionLocks {
  /** WAITING, ADMITTING and HELD requests by their ids. */
  readonly requests = new Map<number, LockRequest>();
  /** How many of them are WAITING. */
  waiting = 0;
  /** The greatest id that an acquire of this session ever had: an id up to here that is not in `requests` has ended. */
  highestId = 0;

  constructor(
    readonly id: SessionId,
    readonly client: ClientProfile | undefined,
  ) {}
}
