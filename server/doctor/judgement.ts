/**
 * What facts about a directory mean. Pure: `examination.ts` finds the facts out.
 *
 * @module
 */
import { errnoClass, errnoName } from "../../ffi/errno.ts";
import { planDescriptors } from "../base/descriptor_plan.ts";
import { type Limits, LimitsError } from "../base/limits.ts";
import { CLOCK_START_MS } from "../store/directory/ledger.ts";
import { judgeFileSystem } from "./file_systems.ts";
import type { Finding } from "./finding.ts";
import type { Mount } from "./mount.ts";

/**
 * Less room than this is worth a warning, in bytes: a lock file takes a block, a new one a directory entry as
 * well.
 */
const FREE_BYTES_LOW = 16 * 1024 * 1024;
/** Fewer free inodes than this are worth a warning: every name that is in use has a file. */
const FREE_INODES_LOW = 1_000;
/**
 * The clock may be so far behind the ledger before it is worth a warning, in milliseconds. Each start of a
 * daemon puts the ledger minutes ahead, so a little is normal.
 */
const CLOCK_BEHIND_MS = 24 * 3_600_000;

const MOVE =
  "put the directory on a local disk of the machine whose processes share it, or on NFSv4 (vers=4.2,hard) for several";
/** Options with which an fsync does not wait for the disk. */
const LAX_OPTIONS = [
  "nobarrier",
  "barrier=0",
  "volatile",
  "fsync=volatile",
  "fsync_mode=nobarrier",
  "fsync_mode=nosync",
];

/** The file system of the directory. */
export function judgeType(magic: number, mount: Mount | undefined): Finding {
  const { name, kind, trouble } = judgeFileSystem(magic, mount?.type);
  const check = "file system";
  const where = mount === undefined ? "" : ` (${mount.source} on ${mount.point})`;
  if (kind === "fine") return { check, verdict: "ok", text: `${name}${where}` };
  const text = `${name}${where} ${trouble}`;
  if (kind === "unfit") return { check, verdict: "fail", text, advice: MOVE };
  return { check, verdict: "warn", text, advice: `unless you know that its locks exclude, ${MOVE}` };
}

/** The options that it is mounted with. */
export function judgeMount(mount: Mount | undefined, readOnly: boolean): Finding {
  const check = "mount";
  if (readOnly || mount?.options.includes("ro")) {
    const advice = `remount it: mount -o remount,rw ${mount?.point ?? "…"}`;
    return { check, verdict: "fail", text: "mounted for reading only", advice };
  }
  if (mount === undefined) {
    return { check, verdict: "skip", text: "not looked at: /proc does not tell how it is mounted" };
  }
  const lax = LAX_OPTIONS.filter((option) => mount.options.includes(option));
  if (lax.length === 0) return { check, verdict: "ok", text: [...new Set(mount.options)].join(",") };
  return {
    check,
    verdict: "warn",
    text:
      `mounted with ${lax.join(", ")}: what is synced may not be on the disk, and after a power failure an ` +
      "old fencing token may be given again",
    advice: `mount it without ${lax.join(", ")}`,
  };
}

/**
 * Whether files can be made, written, synced and removed there; `errno` is what the call `verb` failed with.
 */
export function judgeWriting(
  failure: { readonly verb: string; readonly errno: number } | undefined,
): Finding {
  const check = "writing";
  if (!failure) return { check, verdict: "ok", text: "files can be made, written, synced and removed" };
  const { verb, errno } = failure;
  return {
    check,
    verdict: "fail",
    text: `cannot ${verb} a file: ${errnoName(errno)}`,
    advice: WRITING_ADVICE[errnoClass(errno)] ?? "see what the kernel log says of the disk",
  };
}

const WRITING_ADVICE: { readonly [C in ReturnType<typeof errnoClass>]?: string } = {
  permission: "give the user that the daemon runs as the right to write there",
  space: "make room: on the disk, in the quota, or among the inodes",
  gone: "make the directory, and leave it where it is",
  descriptors: "raise the limit of open files",
};

/** How many files the process may have open, against what the limits of the daemon want. */
export function judgeDescriptors(hard: number, limits: Pick<Limits, "connectionsMax">): Finding {
  const check = "open files";
  try {
    const { connectionsMax, lockFilesMax } = planDescriptors(hard, limits);
    const text = `${hard}: enough for ${connectionsMax} connections and ${lockFilesMax} lock files`;
    if (connectionsMax >= limits.connectionsMax) return { check, verdict: "ok", text };
    const wanted = 2 * limits.connectionsMax + 100;
    const advice = `raise the hard limit to ${wanted} or more (LimitNOFILE=, ulimit -Hn), or lower ` +
      `--connections-max, which is ${limits.connectionsMax}`;
    return { check, verdict: "warn", text, advice };
  } catch (error) {
    if (!(error instanceof LimitsError)) throw error;
    const advice = "raise the hard limit (LimitNOFILE=, ulimit -Hn)";
    return { check, verdict: "fail", text: `${hard} are too few to serve anybody`, advice };
  }
}

/** The room that is left. */
export function judgeSpace(freeBytes: number, freeInodes: number): Finding {
  const check = "free space";
  const inodes = freeInodes === Infinity ? "" : ` and ${freeInodes} inodes`;
  const text = `${shownBytes(freeBytes)}${inodes}`;
  if (freeBytes >= FREE_BYTES_LOW && freeInodes >= FREE_INODES_LOW) return { check, verdict: "ok", text };
  const advice = "make room: without it new names are refused, while held locks stay";
  return { check, verdict: "warn", text: `only ${text}`, advice };
}

/**
 * The wall clock, against the time that the ledger of the directory has reached; undefined when there is no
 * ledger yet.
 */
export function judgeClock(wallMs: number, ledgerMs: number | undefined): Finding {
  const check = "clock";
  const advice = "set the clock, and keep it set (chrony, systemd-timesyncd)";
  if (wallMs < CLOCK_START_MS) {
    const text =
      `it says ${shownTime(wallMs)}, which is before this program was made: after the directory is wiped, ` +
      "old fencing tokens would be given again";
    return { check, verdict: "warn", text, advice };
  }
  const behindMs = (ledgerMs ?? 0) - wallMs;
  if (behindMs <= CLOCK_BEHIND_MS) {
    return {
      check,
      verdict: "ok",
      text: ledgerMs === undefined ? "set; no ledger yet" : "not behind the ledger",
    };
  }
  const text =
    `${Math.round(behindMs / 3_600_000)} hours behind the ledger of the directory: it was ahead once, ` +
    "or daemons were started very often; tokens go on above the old ones all the same, unless the directory is wiped";
  return { check, verdict: "warn", text, advice };
}

function shownBytes(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return mebibytes < 10_240 ? `${Math.floor(mebibytes)} MiB` : `${Math.floor(mebibytes / 1024)} GiB`;
}

/** A date may be beyond what a Date can say. */
function shownTime(wallMs: number): string {
  return Number.isFinite(wallMs) ? new Date(wallMs).toISOString() : String(wallMs);
}
