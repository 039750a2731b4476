// How long a proof is believed, for every lease time that is served.
import { equal, ok } from "node:assert/strict";
import {
  beliefOf,
  LEASE_MS_LEAST,
  silenceMsMax,
} from "../../../../../../server/store/directory/nfs/belief.ts";

/** Clocks may differ by this in rate (docs/guarantees.md), and each of two may be the one that is off. */
const RATE_OFF = 0.01;
/**
 * Between the end of a belief and the moment at which its holder has heard of it, in milliseconds: generous
 * on one network.
 */
const NEWS_MS = 500;

Deno.test("[I-12] beliefOf ends a belief before the lease, with clocks that differ and a holder that hears of it late", () => {
  for (let leaseMs = LEASE_MS_LEAST; leaseMs <= 600_000; leaseMs += 500) {
    const { believedMs, beatMs } = beliefOf(leaseMs);
    ok(believedMs * (1 + 2 * RATE_OFF) + NEWS_MS <= leaseMs, `${leaseMs} ms`);
    ok(beatMs * 2 < believedMs, "a proof that is late by a beat costs nothing");
  }
});

Deno.test("[I-12] silenceMsMax is over before a belief whose next proof failed, however long ago the last one was", () => {
  for (let leaseMs = LEASE_MS_LEAST; leaseMs <= 600_000; leaseMs += 500) {
    const belief = beliefOf(leaseMs);
    // A proof is as old as a beat, and a round late, when the daemon speaks last.
    const oldMs = belief.beatMs + belief.beatMs / 5;
    ok(oldMs + silenceMsMax(belief) <= belief.believedMs + 1e-6);
    ok(silenceMsMax(belief) > 0, `${leaseMs} ms`);
  }
  equal(beliefOf(10_000).believedMs, 8_500);
});
