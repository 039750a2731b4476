/**
 * What explain and watch print.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { explanationText } from "../../../../client/cli/explain_text.ts";
import { jsonLine, tableLine } from "../../../../client/cli/watch.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const a = { session: "sa", request: 1, client: { name: "billing", host: "app3", pid: 7 } } as const;
const b = { session: "sb", request: 4, owner: "job" } as const;

Deno.test("explanationText tells who holds, who waits for whom, where in the queue, since when and why", () => {
  const names = [{
    name: "in/1",
    held: [{ ...a, mode: "EX", since: NOW - 192_000, token: 1805, expires: NOW + 20_000, reason: "nightly" }],
    waiting: [
      { ...b, mode: "PR", since: NOW - 10_000, position: 1, blockedBy: [{ session: "sa", request: 1 }] },
      {
        session: "sc",
        request: 1,
        mode: "EX",
        since: NOW - 1_000,
        reason: "late",
        position: 2,
        blockedBy: [{ session: "sa", request: 1 }, { session: "sb", request: 4 }, {
          session: "sd",
          request: 1,
        }],
      },
    ],
    heldCount: 1,
    waitingCount: 5,
    outside: null,
  }, {
    name: "free",
    held: [],
    waiting: [],
    heldCount: 0,
    waitingCount: 0,
    outside: null,
  }] as const;
  equal(
    explanationText(names, NOW),
    `in/1
  held  EX  billing@app3[7]  since 3m12s, token 1805, expires in 20s  nightly
  1st   PR  session sb/job   for 10s ← billing@app3[7]
  2nd   EX  session sc       for 1s ← billing@app3[7], session sb/job, session sd  late
            and 3 more

free
  free
`,
  );
});

Deno.test("explanationText tells what is held outside, and what is to be converted", () => {
  const waiting = [{ ...a, mode: "EX", since: NOW, position: 11, blockedBy: [] }] as const;
  const counts = { heldCount: 0, waitingCount: 1 };
  const holder = {
    session: "so",
    request: 1,
    mode: "PW",
    since: NOW - 60_000,
    daemon: "app4[9]",
    reason: "far",
  } as const;
  equal(
    explanationText([{ name: "x", held: [], waiting, ...counts, outside: "EX" }], NOW),
    "x\n  held  EX  another process\n  11th  EX  billing@app3[7]  for 0s ← another process\n",
  );
  equal(
    explanationText([{
      name: "x",
      held: [],
      waiting: [],
      heldCount: 0,
      waitingCount: 0,
      outside: "PW",
      outsideHolder: holder,
    }], NOW),
    "x\n  held  PW  session so  since 1m at app4[9]  far\n",
  );
  const held = [
    { ...a, mode: "PR", since: NOW, convertingTo: "EX", blockedBy: [{ session: "sb", request: 4 }] },
    { ...b, mode: "PR", since: NOW },
  ] as const;
  equal(
    explanationText([{ name: "x", held, waiting: [], heldCount: 2, waitingCount: 0, outside: null }], NOW),
    "x\n  held  PR  billing@app3[7]  since 0s  wants EX ← session sb/job\n  held  PR  session sb/job   since 0s\n",
  );
});

Deno.test("tableLine and jsonLine print an event, and where some are missing", () => {
  const time = new Date(NOW);
  const party = { ...a, mode: "EX", since: NOW, token: 7, reason: "nightly" } as const;
  equal(
    tableLine({ event: "lost", name: "in/1", party, reason: "session" }, time),
    "2026-01-02T03:04:05.000Z  lost       in/1                      EX    7               billing@app3[7]  session\n",
  );
  equal(
    tableLine({ event: "waiting", name: "x", party: { ...b, mode: "PR", since: NOW } }, time),
    "2026-01-02T03:04:05.000Z  waiting    x                         PR                    sb\n",
  );
  equal(
    tableLine({ event: "resync" }, time),
    "2026-01-02T03:04:05.000Z  resync     (events are missing here)\n",
  );
  equal(jsonLine({ event: "resync" }, time), '{"time":"2026-01-02T03:04:05.000Z","event":"resync"}\n');
});
