/**
 * The mount that a directory is on, as `/proc/self/mountinfo` tells. It is found by the id of the mount,
 * which the kernel tells of every open file: paths would deceive through links, bind mounts and mounts on top
 * of each other.
 *
 * Sources: proc_pid_mountinfo(5), proc_pid_fdinfo(5).
 *
 * @module
 */
import { type KernelTextCalls, readKernelText } from "../../ffi/kernel_text.ts";

/** One mount. */
export interface Mount {
  /** The type of the file system, e.g. `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly type: string;
  /** Where it is mounted. */
  readonly point: string;
  /** What is mounted there, e.g. `/dev/sda1` or `server:/export`. */
  readonly source: string;
  /** Options of the mount and of the file system. */
  readonly options: readonly string[];
}

/** The mount that an open file or directory is on; undefined when the kernel does not tell. */
export function mountOf(calls: KernelTextCalls, fd: number): Mount | undefined {
  const [, id] = /^mnt_id:\s*(\d+)$/m.exec(readKernelText(calls, `/proc/self/fdinfo/${fd}`) ?? "") ?? [];
  const table = readKernelText(calls, "/proc/self/mountinfo");
  return id === undefined || table === undefined ? undefined : findMount(table, Number(id));
}

/**
 * The mount with that id in the text of a `mountinfo`.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * const table = "36 35 98:0 / /mnt/my\\040disk rw,noatime master:1 - ext4 /dev/sda1 rw,errors=continue\n";
 * equal(findMount(table, 36)?.point, "/mnt/my disk");
 * equal(findMount(table, 35), undefined);
 * ```
 */
export function findMount(table: string, id: number): Mount | undefined {
  for (const line of table.split("\n")) {
    const fields = line.split(" ");
    const dash = fields.indexOf("-", 6);
    if (Number(fields[0]) !== id || dash < 0) continue;
    const [point = "", options = ""] = fields.slice(4, 6);
    const [type = "", source = "", superOptions = ""] = fields.slice(dash + 1);
    return {
      type,
      point: unescaped(point),
      source: unescaped(source),
      options: [...options.split(","), ...superOptions.split(",")].filter((option) => option !== ""),
    };
  }
  return undefined;
}

/** Spaces, tabs, line ends and backslashes are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
