/**
 * Every two faults at once: some pairs by chance, or all of them (`deno task pairs`, some twelve minutes),
 * with a table of what was measured.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { temporaryDirectory } from "../../support/daemon.ts";
import { NO_ETCD } from "../../support/etcd_cluster.ts";
import { FaultStage } from "../../support/fault_stage.ts";
import {
  FAULTS,
  type Pair,
  type PairMeasure,
  PAIRS,
  pairTable,
  parsePairs,
  samplePairs,
  shownFault,
} from "../../support/faults.ts";
import { randomFrom } from "../../support/random.ts";

const SAMPLE = 8;

Deno.test({
  name:
    "[I-1] [I-2] [I-4] [I-6] [I-12] [I-14] [I-15] [I-16] no two faults at once, of leader, follower, majority, daemon and client, make two conflicting locks, or lose a lock of a client that lives",
  ignore: NO_ETCD !== undefined,
  async fn() {
    const seed = Number(Deno.env.get("PAIRS_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
    const random = randomFrom(seed);
    const wanted = Deno.env.get("PAIRS");
    const pairs = wanted === "all"
      ? PAIRS
      : wanted === undefined
      ? samplePairs(random, SAMPLE)
      : parsePairs(wanted);
    console.log(`${pairs.length} of ${PAIRS.length} pairs of ${FAULTS.length} faults, of seed ${seed}`);
    using directory = temporaryDirectory();
    await using stage = await FaultStage.open(directory.path, random);
    const played: [Pair, PairMeasure][] = [];
    for (const [one, other] of pairs) {
      const what = `${shownFault(one)}, then ${shownFault(other)}`;
      const measure = await stage.play(one, other);
      played.push([[one, other], measure]);
      const { locks, gapMs, nextMs, lost } = measure;
      const next = nextMs === undefined ? "" : `, next holder after ${Math.round(nextMs)} ms`;
      console.log(`${what}: ${locks} locks, service gap ${gapMs} ms${next}, ${lost} lost`);
      equal(lost, 0, what);
    }
    deepEqual(await stage.end(), []);
    const { holds } = stage.players.history;
    ok(holds.length > pairs.length, "a storm in which little is granted shows little");
    console.log(`${holds.length} locks; failures`, Object.fromEntries(stage.players.failures));
    if (wanted === "all") console.log(pairTable(played));
  },
});
