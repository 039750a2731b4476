/**
 * One of several processes that take and release a few locks of one directory as fast as they can, each time
 * removing the lock file. A holder proves that it is alone: it makes a file that must not be there, and adds
 * its token to a list. Arguments: directory, name of this racer, rounds. Ends with 1 when it was not alone.
 *
 * @module
 */
import { Libc } from "../../ffi/libc.ts";
import type { Effect, SessionId } from "../../server/lock/effect.ts";
import { DirectoryStore } from "../../server/store/directory/directory_store.ts";
import { TIDY_INTERVAL_MS } from "../../server/store/directory/local_arbiter.ts";

const [directory = "", racer = "", rounds = "0"] = Deno.args;
const NAMES = ["a", "b"];
const SESSION = "s" as SessionId;

using libc = Libc.open();
const effects: Effect[] = [];
/** Jumps ahead after each release, so that tidying is due: idle files are removed then. */
let jumpedMs = 0;
const now = () => performance.now() + jumpedMs;
const most = 1_000_000;
const store = DirectoryStore.local({
  calls: libc,
  directory,
  effects: (effect) => effects.push(effect),
  clock: { now, wallMs: () => Date.now() },
  limits: {
    locksPerSessionMax: most,
    waitersPerSessionMax: most,
    queueLengthMax: most,
    lockFilesMax: 10,
    idleFilesMax: 0,
  },
  keepFiles: false,
  daemon: "racer",
});
store.openSession(SESSION, undefined);

let failed = false;
let request = 0;
for (let held = 0; held < Number(rounds);) {
  const name = NAMES[held % NAMES.length] as string;
  const token = take(name, held % 3 === 0 ? Infinity : 0);
  if (token === undefined) continue;
  held++;
  prove(name, token);
  store.release({ session: SESSION, request, lock: request }, now());
  jumpedMs += TIDY_INTERVAL_MS;
  store.tick(now());
}
store.close();
if (failed) Deno.exit(1);

/** Acquires, waiting for the other racers if `waitMs` says so; undefined when the lock is busy. */
function take(name: string, waitMs: number): number | undefined {
  effects.length = 0;
  const wanted = {
    session: SESSION,
    request: ++request,
    names: [name],
    mode: "EX",
    waitMs,
  } as const;
  store.acquire(wanted, now());
  while (effects.length === 0) store.tick(now());
  const [answer] = effects;
  if (answer?.type === "granted") return answer.fenced[0].token;
  if (answer?.type !== "refused" || answer.code !== "BUSY") report(`${name}: ${JSON.stringify(answer)}`);
  return undefined;
}

function prove(name: string, token: number): void {
  const marker = `${directory}/.distrilock/holder-${name}`;
  try {
    Deno.writeTextFileSync(marker, racer, { createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return report(`${name}: held by two at once`);
  }
  Deno.writeTextFileSync(`${directory}/.distrilock/tokens-${name}`, `${token} ${racer}\n`, { append: true });
  Deno.removeSync(marker);
}

function report(fault: string): void {
  failed = true;
  Deno.stderr.writeSync(new TextEncoder().encode(`${racer}: ${fault}\n`));
}
