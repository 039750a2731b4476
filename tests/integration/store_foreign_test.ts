/**
 * Programs that lock the same files by `lockf` take part: an exclusive lock of the whole file is EX, a shared
 * one is about PR.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { MODES } from "../../client/protocol/modes.ts";
import { IDLE_FILE_MS, TIDY_INTERVAL_MS } from "../../server/store/directory/local_arbiter.ts";
import { ForeignLocker, hasPython } from "../support/foreign_locker.ts";
import { type BenchDaemon, StoreBench } from "../support/store_bench.ts";

const python = hasPython();
if (!python) {
  console.warn("skipped: tests/integration/store_foreign_test.ts needs python3, which is not here");
}

/** The modes that a daemon is given now. */
function possible(daemon: BenchDaemon, firstId: number): string[] {
  return MODES.filter((mode, index) => {
    const granted = daemon.acquire(firstId + index, mode)?.type === "granted";
    if (granted) daemon.release(firstId + index);
    return granted;
  });
}

function foreignTest(name: string, body: (bench: StoreBench, foreign: ForeignLocker) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !python,
    fn: async () => {
      using bench = new StoreBench();
      await using foreign = await ForeignLocker.open(bench.path("x.lck"));
      await body(bench, foreign);
    },
  });
}

foreignTest(
  "a foreign exclusive lock keeps all modes out but NL, a shared one lets readers in",
  async (bench, foreign) => {
    const daemon = bench.daemon();
    deepEqual(possible(daemon, 1), MODES);
    equal(await foreign.lock("exclusive"), "locked");
    deepEqual(possible(daemon, 11), ["NL"]);
    equal(daemon.outside(), "EX");
    equal(await foreign.lock("shared"), "locked");
    deepEqual(possible(daemon, 21), ["NL", "CR", "PR"]);
    equal(daemon.outside(), "PR");
    equal(await foreign.lock("none"), "locked");
    deepEqual(possible(daemon, 31), MODES);
    equal(daemon.outside(), null);
  },
);

foreignTest("our modes keep foreign locks out as EX and PR would", async (bench, foreign) => {
  const daemon = bench.daemon();
  const expected = {
    NL: ["locked", "locked"],
    CR: ["locked", "busy"],
    CW: ["busy", "busy"],
    PR: ["locked", "busy"],
    PW: ["busy", "busy"],
    EX: ["busy", "busy"],
  };
  for (const [index, mode] of MODES.entries()) {
    daemon.grant(index + 1, mode);
    const answers = [
      await foreign.lock("shared"),
      await foreign.lock("none"),
      await foreign.lock("exclusive"),
    ];
    equal(answers[1], "locked");
    deepEqual([answers[0], answers[2]], expected[mode], mode);
    equal(await foreign.lock("none"), "locked");
    daemon.release(index + 1);
  }
});

foreignTest("a foreign program that waits gets the lock when we release it", async (bench, foreign) => {
  const daemon = bench.daemon();
  daemon.grant(1, "EX");
  const { locked } = await foreign.wait("exclusive");
  daemon.release(1);
  equal(await locked, "locked");
  equal(daemon.refusal(2, "PR"), "BUSY");
});

foreignTest("we get the lock when the foreign program that holds it is killed", async (bench, foreign) => {
  const daemon = bench.daemon();
  const before = daemon.grant(1, "EX");
  daemon.release(1);
  equal(await foreign.lock("exclusive"), "locked");
  daemon.wait(2, "EX");
  bench.pass(100);
  ok(!daemon.holds(2));
  await foreign.kill();
  bench.until(() => daemon.holds(2), 100);
  ok((daemon.grants().at(-1)?.token ?? 0) > before);
});

foreignTest("a file that a foreign program made is not removed from under it", async (bench, foreign) => {
  const daemon = bench.daemon();
  daemon.grant(1, "EX");
  daemon.release(1);
  bench.nowMs += IDLE_FILE_MS + 2 * TIDY_INTERVAL_MS;
  bench.pass(1);
  daemon.close();
  deepEqual(bench.lockFiles(), ["x.lck"]);
  equal(await foreign.lock("exclusive"), "locked");
  equal(bench.daemon().refusal(1, "EX"), "BUSY", "both still mean the same file");
});
