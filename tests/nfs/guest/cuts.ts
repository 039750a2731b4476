/**
 * What becomes of locks while a host is cut off from the file server, for longer and for shorter than the
 * lease time.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { beliefOf } from "../../../server/store/directory/nfs/belief.ts";
import { Row, ROWS } from "./cut_row.ts";
import { codeOf, type TwoHosts, twoHosts } from "./holds.ts";
import { cutOff, LEASE_MS, pause, soon } from "./stage.ts";

const { believedMs } = beliefOf(LEASE_MS);

async function beforeAll(hosts: TwoHosts): Promise<readonly Row[]> {
  const rows = ROWS.map((row) => new Row(hosts, row));
  for (const row of rows) await row.before();
  await pause(300);
  return rows;
}

Deno.test("[I-1] [I-3] [P-50] a host that is cut off for longer than the lease time stops believing before another host holds, whatever it and the other host had and do, and takes nothing again", async () => {
  await using hosts = await twoHosts();
  const { a, b, beliefs } = hosts;
  const rows = await beforeAll(hosts);
  await using cut = await cutOff("a");
  const cutMs = performance.now();
  for (const row of rows) row.meanwhile();
  const holding = rows.filter(({ here }) => here === "holds" || here === "shares");
  await soon("the loss of all that a held", () => holding.every(({ lost }) => lost?.aborted));
  const lostMs = performance.now() - cutMs;
  equal(await codeOf(a.tryAcquire("new")), "STORE_UNAVAILABLE");
  await Promise.all(rows.map((row) => row.done()));
  const takenMs = Math.min(...holding.map(({ takenMs }) => takenMs)) - cutMs;
  console.log(
    `cut for long: lost after ${lostMs.toFixed(0)} ms, held by the other host after ${takenMs.toFixed(0)} ms`,
  );
  ok(lostMs <= believedMs + 1_000, "at the latest when the last proof is worth nothing any more");

  await cut.heal();
  const healMs = performance.now();
  await soon("a is served again", async () => (await codeOf(a.tryAcquire("new"))) === "granted");
  console.log(`healed: served again after ${(performance.now() - healMs).toFixed(0)} ms`);
  await Promise.all(rows.map((row) => row.afterLonger()));
  await a.close();
  await b.close();
  deepEqual(beliefs.faults(), []);
});

Deno.test("[I-1] [I-6] [I-14] a cut that is shorter than the lease time costs no lock and no wait, whatever both hosts had and do", async () => {
  await using hosts = await twoHosts();
  const { a, b, beliefs } = hosts;
  for (const cutMs of [1_000, 4_000]) {
    const rows = await beforeAll(hosts);
    const cut = await cutOff("a");
    for (const row of rows) row.meanwhile();
    const hangs = codeOf(a.acquire(`new-${cutMs}`));
    await pause(cutMs);
    await cut.heal();
    const healMs = performance.now();
    equal(await hangs, "granted", "what waited is granted when the server is back");
    console.log(`cut of ${cutMs} ms: answered ${(performance.now() - healMs).toFixed(0)} ms after the heal`);
    await Promise.all(rows.map((row) => row.afterShorter()));
  }
  await a.close();
  await b.close();
  deepEqual(beliefs.faults(), []);
});

Deno.test("[I-14] a daemon that is killed while its host is cut off frees its locks when the lease time is over", async () => {
  await using hosts = await twoHosts();
  const { one, a, b, beliefs } = hosts;
  const { lock: { token, signal } } = await beliefs.acquire(a, "x");
  const waiting = beliefs.acquire(b, "x");
  await pause(300);
  await using cut = await cutOff("a");
  const cutMs = performance.now();
  const since = () => (performance.now() - cutMs).toFixed(0);
  // Its process cannot end before the server answers, so its clients hear nothing, and have to find that out.
  one.kill("SIGKILL");
  const gone = new Promise((resolve) => signal.addEventListener("abort", resolve)).then(() => {
    console.log(`killed while cut off: its client gives the lock up after ${since()} ms`);
  });
  const { lock, hold } = await waiting;
  console.log(`killed while cut off: held by the other host after ${since()} ms`);
  ok(lock.token > token);
  await gone;
  await cut.heal();
  await beliefs.end(lock, hold);
  deepEqual(beliefs.faults(), []);
});
