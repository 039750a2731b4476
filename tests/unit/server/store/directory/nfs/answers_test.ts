// Answers of workers that come in an order which only several workers make: the test says what each of them
// answered, and when.
import { deepEqual, equal, ok } from "node:assert/strict";
import { AnswerBench as Bench, BELIEF, SESSION } from "../../../../../support/answer_bench.ts";
import { NFS_RETRY_MS_MAX } from "../../../../../../server/store/directory/turns.ts";
import { silenceMsMax } from "../../../../../../server/store/directory/nfs/belief.ts";

Deno.test("what was asked for under a claim that is lost is not granted, though a worker says so later", () => {
  const bench = new Bench();
  bench.acquire(1, "CR");
  bench.courier.answer("admit", bench.granted(1));
  bench.tick();
  bench.acquire(2, "CW");
  bench.tick(BELIEF.beatMs);
  bench.courier.answer("beat", { type: "beaten", proofs: ["lost"] });
  bench.courier.answer("admit", bench.granted(2));
  bench.tick();
  deepEqual(bench.said(), ["granted 1", "lost 1"]);
  const { lane } = bench.courier.find("drop");
  equal(
    lane,
    bench.courier.find("await").lane,
    "the claim is dropped before it is asked for again, in the same lane",
  );
  bench.tick(100);
  bench.courier.answer("admit", bench.granted(3));
  bench.tick();
  deepEqual(bench.said(), ["granted 2"]);
});

Deno.test("an answer wakes the daemon once, and is heard in its turn", () => {
  const bench = new Bench();
  bench.acquire(1, "EX");
  equal(bench.store.nextDueMs > 0 || bench.woken === 0, true);
  bench.courier.answer("admit", bench.granted(1));
  equal(bench.woken, 1);
  deepEqual(bench.said(), []);
  equal(bench.store.nextDueMs, 0);
  bench.tick();
  deepEqual(bench.said(), ["granted 1"]);
});

Deno.test("a descriptor that its worker has closed is no loss: the worker tells why", () => {
  const bench = new Bench();
  bench.acquire(1, "EX");
  bench.courier.answer("admit", bench.granted(1));
  bench.tick(BELIEF.beatMs);
  bench.courier.answer("beat", { type: "beaten", proofs: ["closed"] });
  bench.tick();
  deepEqual(bench.said(), ["granted 1"]);
  bench.tick(BELIEF.believedMs);
  deepEqual(bench.said(), ["lost 1"], "but no proof either");
});

Deno.test("locks are kept by beats while the lane of their name hangs, and requests of other lanes are answered", () => {
  const bench = new Bench();
  bench.acquire(1, "CR");
  bench.courier.answer("admit", bench.granted(1));
  bench.tick();
  // A server in its grace time answers reads, and no new lock.
  bench.acquire(2, "PW");
  for (let ms = 0; ms < 6 * BELIEF.leaseMs; ms += 250) {
    bench.tick(250);
    if (bench.courier.open.some(({ errand }) => errand.operation.op === "beat")) {
      equal(bench.courier.find("beat").lane, bench.courier.lanes);
      bench.courier.answer("beat", { type: "beaten", proofs: [bench.nowMs] });
    }
  }
  deepEqual(bench.said(), ["granted 1"]);
  bench.courier.answer("admit", bench.granted(2));
  bench.tick();
  deepEqual(bench.said(), ["granted 2"]);
});

Deno.test("[P-18] DirectoryStore.validForMs is what is left of the belief in the locks of a session, as far as later grants will have as much", () => {
  const bench = new Bench();
  const validForMs = () => bench.store.validForMs(SESSION, bench.nowMs);
  const promisedMs = silenceMsMax(BELIEF);
  equal(validForMs(), promisedMs, "it holds nothing");
  bench.acquire(1, "EX");
  bench.courier.answer("admit", bench.granted(1));
  bench.tick();
  equal(
    validForMs(),
    promisedMs,
    "and no more than that, since what is granted next may have been proven earlier",
  );
  bench.tick(BELIEF.beatMs);
  equal(validForMs(), promisedMs);
  // The server is away: what was said first was that the word ends then, and it does not end sooner.
  bench.tick(BELIEF.beatMs);
  equal(validForMs(), BELIEF.believedMs - 2 * BELIEF.beatMs);
  ok(validForMs() < promisedMs);
  bench.courier.answer("beat", { type: "beaten", proofs: [bench.nowMs] });
  bench.tick();
  equal(validForMs(), promisedMs);
  bench.nowMs += 2 * BELIEF.leaseMs;
  ok(validForMs() < 0, "also when nobody has noticed yet");
});

Deno.test("[P-18] nothing is granted that would not stand for as long as clients were told", () => {
  const bench = new Bench();
  const staleMs = BELIEF.believedMs - silenceMsMax(BELIEF);
  for (const [request, ageMs] of [[1, staleMs], [2, staleMs + 1]] as const) {
    bench.acquire(request, "CR");
    const answer = bench.granted(request);
    bench.tick(ageMs);
    bench.courier.answer("admit", answer);
    bench.tick();
  }
  deepEqual(bench.said(), ["granted 1", "refused 2 STORE_UNAVAILABLE"]);
});

Deno.test("[P-18] a lock of several names is not granted when one of them was proven too long ago", () => {
  const bench = new Bench();
  const names = ["x", "y"];
  bench.store.acquire({ session: SESSION, request: 1, names, mode: "EX", waitMs: Infinity }, bench.nowMs);
  bench.courier.answer("admit", bench.granted(1));
  bench.tick();
  bench.tick(BELIEF.believedMs - silenceMsMax(BELIEF) + 1);
  bench.courier.answer("admit", bench.granted(2));
  bench.tick();
  deepEqual(bench.said(), ["refused 1 STORE_UNAVAILABLE"]);
});

Deno.test("closing ends the workers, also when they do not answer", async () => {
  const bench = new Bench();
  bench.acquire(1, "EX");
  const closed = bench.store.close();
  bench.courier.answer("close", { type: "done" });
  for (const { lane, errand } of bench.courier.open.filter(({ errand }) => errand.operation.op === "close")) {
    bench.courier.onReply(lane, { id: errand.id, answer: { type: "done" } });
  }
  await closed;
  ok(bench.courier.ended);
});

Deno.test("[I-6] a beat that was asked of a claim before it was lost says nothing of the next one", () => {
  const bench = new Bench();
  bench.acquire(1, "EX");
  bench.courier.answer("admit", bench.granted(1));
  bench.tick(BELIEF.beatMs);
  // The lane of the name finds the loss out before the lane of beats does.
  for (const request of [50, 51]) bench.store.verify({ session: SESSION, request, lock: 1 }, bench.nowMs);
  for (const _request of [50, 51]) bench.courier.answer("verify", { type: "lost" });
  bench.tick();
  deepEqual(bench.said(), ["granted 1", "lost 1", "refused 50 NOT_HELD", "refused 51 NOT_HELD"]);
  deepEqual(bench.reports, ["lost 1"], "once, however often the worker says so");
  bench.acquire(2, "EX");
  bench.courier.answer("drop", { type: "done" });
  bench.courier.answer("admit", bench.granted(2));
  bench.tick();
  bench.courier.answer("beat", { type: "beaten", proofs: ["lost"] });
  bench.tick();
  deepEqual(bench.said(), ["granted 2"]);
  equal(bench.beliefMs, BELIEF.believedMs);
});

Deno.test("a beat that is answered after the release of the lock loses nothing", () => {
  const bench = new Bench();
  bench.acquire(1, "EX");
  bench.courier.answer("admit", bench.granted(1));
  bench.tick(BELIEF.beatMs);
  bench.release(1);
  bench.courier.answer("beat", { type: "beaten", proofs: ["lost"] });
  bench.tick();
  deepEqual(bench.said(), ["granted 1", "released 101"]);
  deepEqual(bench.reports, []);
  ok(!bench.open.includes("drop"));
});

Deno.test("a proof that is answered after a later one takes nothing of a belief away", () => {
  const bench = new Bench();
  bench.acquire(1, "CR");
  bench.courier.answer("admit", bench.granted(1));
  bench.tick(BELIEF.beatMs);
  const beatMs = bench.bootMs;
  bench.acquire(2, "CR");
  bench.tick(100);
  bench.courier.answer("admit", bench.granted(1, beatMs + 50));
  bench.courier.answer("beat", { type: "beaten", proofs: [beatMs] });
  bench.tick();
  equal(bench.beliefMs, BELIEF.believedMs - 50, "the beat began before the read under the second grant");
  bench.tick(BELIEF.beatMs);
  const laterMs = bench.bootMs;
  bench.acquire(3, "CR");
  bench.courier.answer("beat", { type: "beaten", proofs: [laterMs] });
  bench.tick();
  bench.courier.answer("admit", bench.granted(1, laterMs - 50));
  bench.tick();
  equal(bench.beliefMs, BELIEF.believedMs);
});

Deno.test("[P-50] a machine that slept for longer than a belief lasts has lost its locks when it wakes", () => {
  const bench = new Bench();
  bench.acquire(1, "EX");
  bench.courier.answer("admit", bench.granted(1));
  bench.tick(10);
  bench.sleptMs = BELIEF.believedMs;
  bench.tick(1);
  deepEqual(bench.said(), ["granted 1", "lost 1"]);
});

Deno.test("what is not held is not proven, and nothing is remembered of it", () => {
  const bench = new Bench();
  bench.acquire(1, "EX");
  bench.store.cancel(SESSION, 90, 1, bench.nowMs);
  bench.courier.answer("admit", bench.granted(1));
  bench.tick();
  bench.acquire(3, "EX");
  bench.courier.answer("admit", bench.granted(3));
  bench.tick();
  bench.release(3);
  bench.acquire(4, "NL");
  bench.courier.answer("admit", bench.granted(3));
  bench.tick();
  for (let ms = 0; ms < 3 * BELIEF.leaseMs; ms += 250) {
    bench.tick(250);
    for (const op of ["settle", "note", "sign"] as const) {
      if (bench.open.includes(op)) bench.courier.answer(op, { type: "done" });
    }
    ok(!bench.open.includes("beat"));
  }
  deepEqual(bench.reports, []);
  bench.release(4);
  bench.tick(250);
  equal([...(bench.arbiter?.claims.all() ?? [])].length, 0);
});

Deno.test("a roster that cannot be signed is told once for each reason, and is no reason to stop", () => {
  const bench = new Bench();
  const sign = (message?: string) => {
    bench.tick(BELIEF.beatMs);
    const refusal = { code: "STORE_UNAVAILABLE", message: message ?? "" } as const;
    bench.courier.answer("sign", message ? { type: "refused", refusal } : { type: "signed", peers: [] });
    bench.tick();
    return bench.reports.splice(0);
  };
  deepEqual(["full", "full", "EIO", undefined, "full"].map(sign), [["full"], [], ["EIO"], [], ["full"]]);
});

Deno.test("two waiters in compatible modes do not ask in turn for what another host holds", () => {
  for (const modes of [["PW", "CR"], ["CR", "PW"], ["PR", "CR"]] as const) {
    const bench = new Bench();
    modes.forEach((mode, index) => bench.acquire(index + 1, mode));
    let asked = 0;
    const answerAll = () => {
      for (; bench.open.includes("admit") && asked < 100; asked++) {
        bench.courier.answer("admit", { type: "outside" });
        bench.tick();
      }
    };
    answerAll();
    ok(asked <= 4, `${modes}: ${asked} asked before the first retry`);
    // At the retry each of them is asked for again.
    const before = asked;
    bench.tick(NFS_RETRY_MS_MAX);
    answerAll();
    ok(asked > before && asked <= before + 4, `${modes}: ${asked - before} asked at a retry`);
    bench.tick(NFS_RETRY_MS_MAX);
    for (let token = 1; bench.open.includes("admit"); token++) {
      bench.courier.answer("admit", bench.granted(token));
      bench.tick();
    }
    deepEqual(bench.said().sort(), ["granted 1", "granted 2"]);
  }
});

Deno.test("[I-11] a name that was let go of before its holder was noted is forgotten", () => {
  const bench = new Bench();
  bench.tick(1_000);
  bench.courier.answer("sign", { type: "signed", peers: [] });
  bench.tick();
  bench.acquire(1, "EX");
  bench.courier.answer("admit", bench.granted(1));
  bench.tick();
  bench.release(1);
  bench.courier.answer("settle", { type: "done" });
  bench.tick();
  bench.tick(1_000);
  deepEqual([...bench.arbiter!.claims.all()], []);
});

Deno.test("two waiters do not ask in turn when the one before them, in a stronger mode, gave up", () => {
  const bench = new Bench();
  (["EX", "PR", "CR"] as const).forEach((mode, index) => bench.acquire(index + 1, mode));
  bench.courier.answer("admit", { type: "outside" });
  bench.tick();
  bench.store.cancel(SESSION, 99, 1, bench.nowMs);
  let asked = 0;
  for (; bench.open.includes("admit") && asked < 100; asked++) {
    bench.courier.answer("admit", { type: "outside" });
    bench.tick();
  }
  ok(asked <= 4, `${asked} asked before the first retry`);
});
