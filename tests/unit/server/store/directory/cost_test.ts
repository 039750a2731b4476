// What an uncontended lock costs in system calls: a budget, so that nobody spends more by accident.
import { deepEqual, equal } from "node:assert/strict";
import { type Mode, MODES } from "../../../../../client/protocol/modes.ts";
import { Libc } from "../../../../../ffi/libc.ts";
import { SYSTEM_CLOCK } from "../../../../../server/base/clock.ts";
import { DEFAULT_LIMITS } from "../../../../../server/base/limits.ts";
import { DirectoryStore } from "../../../../../server/store/directory/directory_store.ts";
import type { Effect, SessionId } from "../../../../../server/store/store.ts";
import { temporaryDirectory } from "../../../../support/daemon.ts";
import { FaultyFiles } from "../../../../support/faulty_files.ts";

const BUDGET: Readonly<Record<Mode, { acquire: number; release: number }>> = {
  NL: { acquire: 3, release: 0 },
  CR: { acquire: 3, release: 1 },
  CW: { acquire: 3, release: 1 },
  PR: { acquire: 3, release: 1 },
  PW: { acquire: 4, release: 1 },
  EX: { acquire: 4, release: 1 },
};

for (
  const [who, graceMs] of [["without a grace", 0], [
    "with a grace, and one more for its mark",
    5_000,
  ]] as const
) {
  Deno.test(`DirectoryStore answers an uncontended lock on an open file in the same turn, with at most four system calls for a session ${who}`, () => {
    for (const mode of MODES) answersWithin(mode, graceMs);
  });
}

function answersWithin(mode: Mode, graceMs: number): void {
  using directory = temporaryDirectory();
  Deno.mkdirSync(`${directory.path}/.distrilock`);
  using libc = Libc.open();
  const calls = new FaultyFiles(libc);
  const effects: Effect[] = [];
  const store = DirectoryStore.local({
    calls,
    directory: directory.path,
    effects: (effect) => effects.push(effect),
    clock: SYSTEM_CLOCK,
    limits: { ...DEFAULT_LIMITS, lockFilesMax: 10 },
    keepFiles: false,
    daemon: "d",
  });
  const session = "s" as SessionId;
  store.openSession(session, undefined, 0, { graceMs });
  const mark = graceMs > 0 && mode !== "NL" ? 1 : 0;
  const acquire = (request: number) => {
    store.acquire({ session, request, names: ["a"], mode, waitMs: 0 }, 0);
  };
  acquire(1);
  store.release({ session, request: 2, lock: 1 }, 0);
  effects.length = 0;
  const before = calls.calls;
  acquire(3);
  const between = calls.calls;
  equal(between - before, BUDGET[mode].acquire + mark, `acquire in ${mode}`);
  store.release({ session, request: 4, lock: 3 }, 0);
  equal(calls.calls - between, BUDGET[mode].release + mark, `release in ${mode}`);
  deepEqual(effects.map(({ type }) => type), ["granted", "released"]);
  void store.close();
}

Deno.test("DirectoryStore.close closes each descriptor once, however often it is called", async () => {
  using directory = temporaryDirectory();
  Deno.mkdirSync(`${directory.path}/.distrilock`);
  using libc = Libc.open();
  const calls = new FaultyFiles(libc);
  const store = DirectoryStore.local({
    calls,
    directory: directory.path,
    effects: () => {},
    clock: SYSTEM_CLOCK,
    limits: { ...DEFAULT_LIMITS, lockFilesMax: 10 },
    keepFiles: false,
    daemon: "d",
  });
  await store.close();
  const before = calls.calls;
  await store.close();
  equal(calls.calls, before);
});
