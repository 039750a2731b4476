/**
 * The processes of this machine, as far as `/proc` tells: whose child one is, in which session, and with
 * which environment it began.
 *
 * Source: proc_pid_stat(5), proc_pid_environ(5).
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";

/** One running process. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Number of its controlling terminal; 0: it has none. */
  readonly terminal: number;
  /** The group that its terminal listens to; -1 without a terminal. */
  readonly terminalGroup: number;
  /** It has ended, and its parent has not looked yet. */
  readonly isZombie: boolean;
}

/**
 * Reads a line of `/proc/PID/stat`; undefined when it is none.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * // The name of a program may have anything in it.
 * equal(parseStat("42 (a ) b) S 7 40 39 34816 40 4194304 0")?.parent, 7);
 * ```
 */
export function parseStat(line: string): ProcessRow | undefined {
  const [, pid, rest] = /^(\d+) \(.*\) (.*)$/s.exec(line) ?? [];
  if (pid === undefined || rest === undefined) return undefined;
  const [state, ...fields] = rest.split(" ");
  const [parent, group, session, terminal, terminalGroup] = fields.map(Number);
  return {
    pid: Number(pid),
    parent: parent!,
    group: group!,
    session: session!,
    terminal: terminal!,
    terminalGroup: terminalGroup!,
    isZombie: state === "Z" || state === "X",
  };
}

/** This process; undefined where the system does not tell. */
export function ownProcess(): ProcessRow | undefined {
  return readProcess("self");
}

/** All processes; undefined where the system does not tell. */
export function allProcesses(): readonly ProcessRow[] | undefined {
  let names: readonly string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return undefined;
  }
  const rows = names.filter((name) => /^\d+$/.test(name)).flatMap((name) => readProcess(name) ?? []);
  return rows.length === 0 ? undefined : rows;
}

/** Whether a process began with `NAME=value` in its environment, as far as it may be looked at. */
export function hasVariable(pid: number, variable: string): boolean {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, "latin1")}`.includes(`\0${variable}\0`);
  } catch {
    // It has ended, or is somebody else's.
    return false;
  }
}

/** Those that `isRoot` names, and all that descend from them; without what has ended. */
export function familyOf(
  rows: readonly ProcessRow[],
  isRoot: (row: ProcessRow) => boolean,
): readonly ProcessRow[] {
  const family = new Set(rows.filter(isRoot).map(({ pid }) => pid));
  for (let before = -1; before < family.size;) {
    before = family.size;
    for (const { pid, parent } of rows) if (family.has(parent)) family.add(pid);
  }
  return rows.filter(({ pid, isZombie }) => family.has(pid) && !isZombie);
}

function readProcess(name: string): ProcessRow | undefined {
  try {
    return parseStat(readFileSync(`/proc/${name}/stat`, "utf8"));
  } catch {
    // It has ended since the directory was read, or there is no /proc.
    return undefined;
  }
}
