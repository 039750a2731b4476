/**
 * Which processes belong to a command.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import process from "node:process";
import {
  allProcesses,
  familyOf,
  hasVariable,
  ownProcess,
  parseStat,
  type ProcessRow,
} from "../../../../client/cli/processes.ts";

function row(pid: number, parent: number, more: Partial<ProcessRow> = {}): ProcessRow {
  return { pid, parent, group: 1, session: 1, terminal: 0, terminalGroup: -1, isZombie: false, ...more };
}

Deno.test("parseStat reads a line whatever the program is called", () => {
  for (const name of ["sh", "a b", "a) S 9 9 9", ")", "(", "two\nlines"]) {
    deepEqual(parseStat(`12 (${name}) Z 3 4 5 34816 7 0 0`), {
      pid: 12,
      parent: 3,
      group: 4,
      session: 5,
      terminal: 34_816,
      terminalGroup: 7,
      isZombie: true,
    });
  }
  equal(parseStat(""), undefined);
});

Deno.test("familyOf finds all descendants in any order, and no zombies", () => {
  const rows = [
    row(9, 8),
    row(8, 7),
    row(7, 1),
    row(6, 7, { isZombie: true }),
    row(5, 6),
    row(4, 1),
    row(1, 0),
  ];
  deepEqual(familyOf(rows, ({ pid }) => pid === 7).map(({ pid }) => pid), [9, 8, 7, 5]);
  deepEqual(familyOf(rows, ({ pid }) => pid === 9 || pid === 4).map(({ pid }) => pid), [9, 4]);
  deepEqual(familyOf(rows, () => false), []);
});

Deno.test("allProcesses and ownProcess know this process", {
  ignore: Deno.build.os !== "linux",
}, () => {
  equal(ownProcess()?.pid, process.pid);
  ok(allProcesses()?.some(({ pid, parent }) => pid === process.pid && parent === process.ppid));
  ok(hasVariable(process.pid, `PATH=${process.env.PATH}`));
  ok(!hasVariable(process.pid, `ATH=${process.env.PATH}`));
  ok(!hasVariable(2 ** 30, "PATH=x"));
});
