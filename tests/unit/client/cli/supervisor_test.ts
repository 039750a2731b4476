/**
 * When a command is ended, and how.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Supervisor } from "../../../../client/cli/supervisor.ts";
import { HandClock } from "../hand_clock.ts";

/** Times as of a lock with ten seconds. */
const LIFE_MS = 10_000;
const KILL_AFTER_MS = 5_000;
const LEAD_MS = 5_250;

interface Stage {
  readonly supervisor: Supervisor;
  readonly clock: HandClock;
  /** What was done, with the milliseconds of the clock. */
  readonly done: readonly string[];
  /** The lock was renewed now. */
  renew(): void;
  lose(why: string): void;
  /** Somebody of the family ends. */
  end(pid: number): void;
}

function stage(
  { lifeMs = LIFE_MS, killAfterMs = KILL_AFTER_MS, family = [7], immortal = false } = {},
): Stage {
  const clock = new HandClock();
  const controller = new AbortController();
  const alive = new Set(family);
  const done: string[] = [];
  let sinceMs = 0;
  const note = (what: string) => done.push(`${clock.now()} ${what}`);
  const supervisor = new Supervisor({
    lock: { signal: controller.signal, remaining: () => Math.max(0, sinceMs + lifeMs - clock.now()) },
    child: {
      get family() {
        return [...alive];
      },
      signalFamily(signal) {
        if (done.at(-1)?.endsWith(signal) !== true) note(signal);
        if (signal === "SIGKILL" && !immortal) alive.clear();
      },
    },
    clock,
    killAfterMs,
    leadMs: killAfterMs + LEAD_MS - KILL_AFTER_MS,
    tell: (text) => note(text.replace(/:.*/, "")),
    feed: (ms) => note(`feed ${ms}`),
    relieve: (ms) => note(`relieve ${ms}`),
  });
  return {
    supervisor,
    clock,
    done,
    renew: () => sinceMs = clock.now(),
    lose: (why) => controller.abort(new Error(why)),
    end: (pid) => alive.delete(pid),
  };
}

const doneOf = ({ done }: Stage) => done.filter((what) => !/feed|relieve/.test(what));

Deno.test("Supervisor leaves a command alone while its lock is renewed", async () => {
  const play = stage();
  for (let second = 0; second < 60; second += 3) {
    play.renew();
    await play.clock.advance(3_000);
  }
  deepEqual([doneOf(play), play.supervisor.hasGivenUp], [[], false]);
  play.supervisor.stop();
  equal(play.clock.alarms, 0);
});

Deno.test("Supervisor asks the command to end so early that it can be killed while the lock is certain", async () => {
  const play = stage();
  await play.clock.advance(LIFE_MS);
  deepEqual(doneOf(play), [
    "4750 Cannot be sure of the lock any longer",
    "4750 SIGTERM",
    "4750 SIGCONT",
    "9750 SIGKILL",
  ]);
  await play.supervisor.over;
  equal(play.clock.alarms, 0);
});

Deno.test("Supervisor is done as soon as the last of the family has ended", async () => {
  const play = stage({ family: [7, 8] });
  await play.clock.advance(4_750);
  play.end(7);
  await play.clock.advance(1_000);
  let isOver = false;
  const over = play.supervisor.over.then(() => isOver = true);
  equal(isOver, false);
  play.end(8);
  await play.clock.advance(20);
  await over;
  equal(doneOf(play).some((what) => what.includes("SIGKILL")), false);
  equal(play.clock.alarms, 0);
});

Deno.test("Supervisor sees to the rest of the family when the command itself has ended", async () => {
  const play = stage({ family: [7, 8] });
  await play.clock.advance(4_750);
  play.end(7);
  play.supervisor.stop();
  await play.clock.advance(KILL_AFTER_MS + 20);
  equal(doneOf(play).at(-1), "9750 SIGKILL");
  await play.supervisor.over;
});

Deno.test("Supervisor kills at once where nobody is to be asked", async () => {
  const play = stage({ killAfterMs: 0 });
  await play.clock.advance(LIFE_MS);
  deepEqual(doneOf(play), ["9750 Cannot be sure of the lock any longer", "9750 SIGKILL"]);
  await play.supervisor.over;
});

Deno.test("Supervisor ends the command of a lock that was lost otherwise", async () => {
  const play = stage({ lifeMs: Infinity });
  await play.clock.advance(1_000_000);
  deepEqual([play.done, play.clock.alarms], [[], 0]);
  play.lose("Cannot keep job");
  await play.clock.advance(KILL_AFTER_MS);
  deepEqual(doneOf(play).map((what) => what.split(" ")[1]), ["Cannot", "SIGTERM", "SIGCONT", "SIGKILL"]);
  await play.supervisor.over;
});

Deno.test("Supervisor ends the command in time before an end that it is told of", async () => {
  const play = stage({ lifeMs: Infinity });
  play.supervisor.endsIn(30_000);
  await play.clock.advance(30_000);
  equal(doneOf(play)[1], "24750 SIGTERM");
  equal(doneOf(play)[3], "29750 SIGKILL");
});

Deno.test("Supervisor that stood still finds out before anything else", async () => {
  const play = stage();
  play.clock.stall(20_000);
  play.supervisor.check();
  equal(play.supervisor.hasGivenUp, true);
  await play.clock.advance(KILL_AFTER_MS);
  await play.supervisor.over;
});

Deno.test("Supervisor gives up on what cannot be killed, and says so", async () => {
  const play = stage({ immortal: true });
  await play.clock.advance(60_000);
  match(play.done.at(-1) ?? "", /^14750 Cannot end 7/);
  await play.supervisor.over;
  equal(play.clock.alarms, 0);
});

Deno.test("Supervisor feeds the guard so that it is later than itself and earlier than the end", async () => {
  const play = stage();
  await play.clock.advance(LIFE_MS);
  ok(play.done.includes("4750 relieve 5125"));
  for (const feed of play.done.filter((what) => what.includes("feed"))) {
    const [atMs, , ms] = feed.split(" ").map(Number);
    const guardMs = atMs! + ms!;
    ok(guardMs > LIFE_MS - LEAD_MS, feed);
    ok(guardMs + KILL_AFTER_MS < LIFE_MS, feed);
  }
});
