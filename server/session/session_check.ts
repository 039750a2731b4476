/**
 * What is always true of the sessions of a daemon, between two commands: this table, as assertions.
 *
 * | from | to | when |
 * |---|---|---|
 * | – | OPEN | a client said hello [open] |
 * | OPEN | DETACHED | its connection ended, and it has a grace [leave] |
 * | DETACHED | OPEN | its client resumed it, within the grace [resume] |
 * | OPEN | OPEN | its client resumed it from another connection: the old one is told, and closed [resume] |
 * | OPEN, DETACHED | ENDED | it said bye, was kicked, or the daemon is done with it [end] |
 * | OPEN | ENDED | its connection ended, and it has no grace [leave] |
 * | DETACHED | ENDED | its grace is over [tick] |
 * | – | OPEN | its client resumed it, and another daemon had it [admit] |
 * | OPEN, DETACHED | ENDED | another daemon has it, or the store cannot keep it here [deliver]; it is left for other daemons, since this one ends [drain, hangUp] |
 *
 * - OPEN: the store knows it; its listener hears of every effect; it has no deadline.
 * - DETACHED: the store knows it, and its locks and waits go on; nobody hears of effects: what they did is in
 *   the store, and losses are remembered; its deadline is the end of its grace.
 * - ENDED: the store has forgotten it, with its locks and waits; nothing reaches its listener any more;
 *   nobody can resume it here.
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
