/**
 * What the directory store costs without sockets: system calls, and time.
 *
 * @module
 */
import { MODES } from "../../client/protocol/modes.ts";
import { Libc } from "../../ffi/libc.ts";
import { SYSTEM_CLOCK } from "../../server/base/clock.ts";
import { DEFAULT_LIMITS } from "../../server/base/limits.ts";
import { DirectoryStore } from "../../server/store/directory/directory_store.ts";
import type { SessionId } from "../../server/store/store.ts";
import { temporaryDirectory } from "../support/daemon.ts";
import { FaultyFiles } from "../support/faulty_files.ts";

const PAIRS = 100_000;

/**
 * A row for each mode: mode, system calls of an acquire, of a release, µs of a pair. `sole`: of a daemon that
 * has the directory alone.
 */
export function storeCosts(sole: boolean): string[][] {
  return MODES.map((mode) => {
    using directory = temporaryDirectory();
    Deno.mkdirSync(`${directory.path}/.distrilock`);
    using libc = Libc.open();
    const counted = new FaultyFiles(libc);
    const count = openStore(counted, directory.path, sole);
    pair(count, 1, mode);
    const before = counted.calls;
    count.acquire(wish(2, mode), count.now());
    const acquired = counted.calls;
    count.store.release({ session: SESSION, request: 3, lock: 2 }, count.now());
    const released = counted.calls;
    count.store.close();
    const timed = openStore(libc, directory.path, sole);
    for (let id = 1; id <= PAIRS; id++) pair(timed, id, mode);
    const start = performance.now();
    for (let id = PAIRS + 1; id <= 2 * PAIRS; id++) pair(timed, id, mode);
    const micros = (performance.now() - start) / PAIRS * 1000;
    timed.store.close();
    return [mode, String(acquired - before), String(released - acquired), micros.toFixed(2)];
  });
}

const SESSION = "bench" as SessionId;
type Mode = typeof MODES[number];

function openStore(calls: Libc | FaultyFiles, directory: string, sole: boolean) {
  const limits = { ...DEFAULT_LIMITS, lockFilesMax: 100 };
  const store = DirectoryStore.local({
    calls,
    directory,
    effects: () => {},
    clock: SYSTEM_CLOCK,
    limits,
    keepFiles: false,
    sole,
    daemon: "bench",
  });
  const now = () => SYSTEM_CLOCK.now();
  store.openSession(SESSION, undefined);
  return { store, now, acquire: (wanted: ReturnType<typeof wish>, at: number) => store.acquire(wanted, at) };
}

function wish(request: number, mode: Mode) {
  return { session: SESSION, request, names: ["bench"], mode, waitMs: 0 };
}

function pair({ store, now }: ReturnType<typeof openStore>, id: number, mode: Mode): void {
  const at = now();
  store.acquire(wish(id, mode), at);
  store.release({ session: SESSION, request: id, lock: id }, at);
}
