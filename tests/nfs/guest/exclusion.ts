/**
 * The suites of stores over a real file server, what is told of holders at another host, two hosts counting
 * on each other, and a storm of clients at both.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect, LockTimeoutError, type Party } from "../../../client/mod.ts";
import { NFS_RETRY_MS_MAX } from "../../../server/store/directory/turns.ts";
import { storeSuite } from "../../conformance/store_suite.ts";
import { eventually } from "../../support/eventually.ts";
import { checkHistory, type History } from "../../support/history.ts";
import { randomFrom } from "../../support/random.ts";
import { severalDaemonsSuite } from "../../support/several_daemons_suite.ts";
import { DirectoryStage } from "../../support/store_stage.ts";
import { StormClient, StormDaemons } from "../../support/storm.ts";
import { twoHosts } from "./holds.ts";
import { exportedDirectory, type Host, mountOf, startOn } from "./stage.ts";

storeSuite("DirectoryStore on an NFS mount", () => new DirectoryStage({ mount: mountOf("a"), over: "nfs" }));
severalDaemonsSuite({
  title: "on two hosts",
  options: { over: "nfs" },
  mounts: [mountOf("a"), mountOf("b")],
  handOverMs: NFS_RETRY_MS_MAX + 1,
});

const COUNTS_EACH = 1_000;
const CLIENTS_EACH = 4;

Deno.test("[I-1] [I-2] two hosts that count 1,000 times each under a lock lose and repeat nothing, and no token", async () => {
  const directory = exportedDirectory();
  await using daemons = new AsyncDisposableStack();
  const hosts = await Promise.all((["a", "b"] as const).map((host) => startOn(host, directory)));
  for (const daemon of hosts) daemons.use(daemon);
  let [counter, holders] = [0, 0];
  const tokens: number[] = [];
  const startMs = performance.now();
  await Promise.all(hosts.flatMap(({ url }) =>
    Array.from({ length: CLIENTS_EACH }, async () => {
      await using client = await connect(url);
      for (let count = 0; count < COUNTS_EACH / CLIENTS_EACH; count++) {
        const lock = await client.acquire("counter");
        equal(++holders, 1, "nobody else is here");
        const seen = counter;
        await Promise.resolve();
        counter = seen + 1;
        tokens.push(lock.token);
        holders--;
        await lock.release();
      }
    })
  ));
  console.log(
    `${2 * COUNTS_EACH} grants to two hosts in ${((performance.now() - startMs) / 1000).toFixed(1)} s`,
  );
  equal(counter, 2 * COUNTS_EACH);
  deepEqual(
    tokens,
    [...new Set(tokens)].sort((one, other) => one - other),
    "each greater than the one before",
  );
});

Deno.test("[P-26] [P-40] [P-57] who, explain and blockedBy name a holder at the other host, and metrics count what that took", async () => {
  await using hosts = await twoHosts();
  const { one, other, a, b } = hosts;
  await using _held = await a.acquire("report", { reason: "the books of May" });
  const isHe = (party: Party | undefined) => {
    deepEqual([party?.client?.name, party?.reason, party?.mode], ["a", "the books of May", "EX"]);
    equal(party?.daemon, `host-a[${one.pid}]`);
  };
  const { outside, outsideHolder } = await eventually("the note of the holder", async () => {
    const report = await b.who("report");
    return report.outsideHolder ? report : undefined;
  });
  equal(outside, "EX");
  isHe(outsideHolder);
  const waiting = b.acquire("report", { wait: 3_000 });
  const refusal = waiting.then(() => undefined, (error) => error);
  await eventually("the wait", async () => (await b.who("report")).waitingCount === 1);
  const [explained] = await b.explain("report");
  equal(explained?.outside, "EX");
  isHe(explained?.outsideHolder);
  equal(explained?.waiting[0]?.client?.name, "b");
  const error = await refusal;
  ok(error instanceof LockTimeoutError, `${error}`);
  isHe(error.blockedBy[0]);
  const metrics = await (await fetch(`http://127.0.0.1:${other.httpPort}/metrics`)).text();
  match(metrics, /^distrilock_store_operations_total\{operation="lock",result="refused"\} [1-9]/m);
  match(metrics, /^distrilock_store_operation_seconds_count\{operation="read"\} [1-9]/m);
});

Deno.test("[I-1] [I-2] [P-22] no storm of clients at two hosts, with daemons killed and connections cut, makes two conflicting locks", async () => {
  const seed = Number(Deno.env.get("STORM_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  console.log(`storm of seed ${seed}`);
  const directory = exportedDirectory();
  await using daemons = new StormDaemons((place) =>
    startOn((["a", "b"] as Host[])[place % 2] as Host, directory)
  );
  await daemons.start();
  await daemons.start();
  const history: History = { holds: [], asks: [] };
  const [clients, requests, kills] = [8, 60, 3];
  // A daemon that has just been started may take longer to ask its server than a try waits, where the
  // processor is slow.
  const mayRefuse = ["STORE_UNAVAILABLE"] as const;
  {
    await using stack = new AsyncDisposableStack();
    const players = Array.from({ length: clients }, (_, index) => {
      return stack.use(new StormClient(daemons, { random: randomFrom(seed + index), history, mayRefuse }));
    });
    const playing = players.map((player) => player.play(requests));
    const killing = async () => {
      for (let count = 1; count <= kills; count++) {
        const due = count * clients * requests / (kills + 1);
        await eventually(`${due} requests`, () => history.asks.length >= due, 120_000);
        await daemons.replace(count % 2);
      }
    };
    await Promise.all([...playing, killing()]);
  }
  deepEqual(checkHistory(history), []);
  console.log(
    `${history.asks.length} requests, ${history.holds.length} locks, ${daemons.killed} daemons killed`,
  );
  ok(history.holds.length > history.asks.length / 5, "a storm in which little is granted shows little");
});
