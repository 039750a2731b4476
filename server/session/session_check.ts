/**
 * What is always true of the sessions of a daemon, between two commands: the table in `sessions.ts`, as assertions.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Sessions } from "./sessions.ts";

/** Throws an AssertionError when a rule is broken. */
export function checkSessions(sessions: Sessions): void {
  let detached = 0;
  for (const session of sessions.all()) {
    const { id, stage, listener, heapIndex, dueMs, graceMs, secret } = session;
    assert(sessions.find(id) === session, "a session is filed under its id");
    assert(stage !== "ended", "what has ended is forgotten");
    assert((stage === "open") === (listener !== undefined), "somebody speaks for it while it is open");
    assert((stage === "detached") === (heapIndex !== -1), "it has a deadline while it is detached");
    assert(stage === "open" || (graceMs > 0 && Number.isFinite(dueMs)), "who is detached has a grace");
    assert((graceMs > 0) === (secret !== undefined), "who has a grace has a secret");
    if (stage === "detached") detached++;
  }
  assert(detached === sessions.detachedCount, "detached sessions are counted");
}
