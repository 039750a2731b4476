/**
 * How fast locks are on NFS, and how many calls to the server they cost. Run by hand, with the delay of each
 * way: `GUEST_DELAY=500us tests/nfs/guest.sh deno run -A tests/nfs/guest/pace.ts`.
 *
 * @module
 */
import { type Client, connect } from "../../../client/mod.ts";
import { printTable } from "../../bench/report.ts";
import { exportedDirectory, mountOf, startOn } from "./stage.ts";

const PAIRS = 300;
const NAMES = 16;

/** Calls to the server that the mount of host A has made, by kind (proc_pid_mountstats(5)). */
function calls(): Map<string, number> {
  const text = Deno.readTextFileSync("/proc/self/mountstats");
  const block =
    text.split(/^(?=device )/m).find((one) => one.includes(` mounted on ${mountOf("a")} with `)) ?? "";
  return new Map(
    [...block.matchAll(/^\s*([A-Z_]+): (\d+) /gm)].map(([, kind = "", count]) => [kind, Number(count)]),
  );
}

async function counted(what: string, pairs: number, work: () => Promise<void>): Promise<string[]> {
  const before = calls();
  const startMs = performance.now();
  await work();
  const ms = performance.now() - startMs;
  const kinds = [...calls()].map(([kind, count]) =>
    [kind, (count - (before.get(kind) ?? 0)) / pairs] as const
  );
  const shown = kinds.filter(([, each]) => each >= 0.05).map(([kind, each]) => `${kind} ${each.toFixed(1)}`);
  return [what, Math.round(pairs / ms * 1000).toString(), (ms / pairs).toFixed(2), shown.join(", ")];
}

async function pairs(client: Client, name: string, count: number): Promise<void> {
  for (let done = 0; done < count; done++) await (await client.acquire(name)).release();
}

async function handOvers(clients: readonly Client[], count: number): Promise<void> {
  await Promise.all(clients.map((client) => pairs(client, "crossed", count / clients.length)));
}

const directory = exportedDirectory();
await using one = await startOn("a", directory);
await using other = await startOn("b", directory);
await using a = await connect(one.url);
await using b = await connect(other.url);
await Promise.all(Array.from({ length: NAMES }, (_, index) => pairs(a, `warm-${index}`, 3)));
await pairs(a, "alone", 3);
printTable(["load", "pairs/s", "ms a pair", "calls of host A a pair"], [
  await counted("one client, one name", PAIRS, () => pairs(a, "alone", PAIRS)),
  await counted(`one client, ${NAMES} names at a time`, 2 * PAIRS, async () => {
    const each = 2 * PAIRS / NAMES;
    await Promise.all(Array.from({ length: NAMES }, (_, index) => pairs(a, `warm-${index}`, each)));
  }),
  await counted("4 clients of one host, one name", PAIRS, async () => {
    await Promise.all([1, 2, 3, 4].map(() => pairs(a, "shared", PAIRS / 4)));
  }),
  await counted("2 hosts, one name", 60, () => handOvers([a, b], 60)),
  await counted("new names", 50, async () => {
    for (let index = 0; index < 50; index++) await pairs(a, `new-${index}`, 1);
  }),
]);
Deno.exit(0);
