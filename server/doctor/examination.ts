/**
 * Examines a directory of locks: finds the facts out, and has them judged. The daemon does it before it
 * serves, `distrilock doctor` whenever somebody asks. It needs no more permissions than the daemon has; what
 * it cannot look at it says.
 *
 * @module
 */
import { type DescriptorLimit, descriptorLimit, type LimitCalls } from "../../ffi/descriptor_limit.ts";
import { ERRNO, errnoName } from "../../ffi/errno.ts";
import type { KernelTextCalls } from "../../ffi/kernel_text.ts";
import { type FileSystemCalls, Statfs } from "../../ffi/statfs.ts";
import { SYSTEM_CLOCK } from "../base/clock.ts";
import type { Limits } from "../base/limits.ts";
import { PRIVATE_DIRECTORY } from "../store/directory/file_name.ts";
import { ledgerClockMs } from "../store/directory/ledger_clock.ts";
import { type Finding, sentence } from "./finding.ts";
import { judgeClock, judgeDescriptors, judgeMount, judgeSpace, judgeType } from "./judgement.ts";
import { mountOf } from "./mount.ts";
import { type NfsFacts, nfsFacts } from "./nfs_facts.ts";
import { judgeNfs } from "./nfs_judgement.ts";
import { type NfsTrialCalls, tryNfs } from "./nfs_trial.ts";
import { type Rival, tryDirectory } from "./trial.ts";

/** The calls that an examination makes. */
export type ExaminationCalls = NfsTrialCalls & KernelTextCalls & FileSystemCalls & LimitCalls;

/** What an examination is given. */
export interface ExaminationOptions {
  readonly calls: ExaminationCalls;
  readonly directory: string;
  readonly limits: Pick<Limits, "connectionsMax">;
  /** The wall clock, in milliseconds since 1970. */
  readonly wallMs: number;
  /** A text that no other examination of the directory has, for the name of a file. */
  readonly trialId: string;
  readonly rival: Rival;
}

/** The daemon was about to serve a directory where locks may not exclude. */
export class UnfitDirectoryError extends Error {
  override readonly name = "UnfitDirectoryError";
  /** All that was found. */
  readonly findings: readonly Finding[];

  constructor(directory: string, findings: readonly Finding[]) {
    const faults = findings.filter(({ verdict }) => verdict === "fail").map(sentence).join("; ");
    super(`Cannot serve ${directory}: ${faults}; or take the risk with --force`);
    this.findings = findings;
  }
}

/** Examines a directory; the findings in the order in which they are told. Leaves nothing behind. */
export function examineDirectory(options: ExaminationOptions): Finding[] {
  const { calls, directory, limits, wallMs, trialId, rival } = options;
  // With the dot a symbolic link to the directory is followed, as by every path into it.
  const fd = calls.openForReading(`${directory}/.`);
  if (fd < 0) return [cannotOpen(directory, -fd)];
  try {
    const kernel = new Statfs();
    const failure = calls.fileSystem(fd, kernel);
    const about = failure < 0 ? [notTold(-failure)] : judgeKernel(kernel, mountOf(calls, fd));
    const limit: DescriptorLimit = descriptorLimit(calls);
    const trialPath = `${directory}/${PRIVATE_DIRECTORY}-trial-${trialId}`;
    const facts = nfsFacts(calls, fd);
    // Before any lock is tried: on a host that the server takes for another one each call is one too many.
    const onNfs = facts ? [...judgeNfs(facts), ...tryMount(facts, trialPath, options)] : [];
    const isUnfit = onNfs.some(({ verdict }) => verdict === "fail");
    return [
      ...about,
      ...onNfs,
      ...isUnfit ? [] : tryDirectory(calls, trialPath, rival),
      judgeDescriptors(limit.hard, limits),
      judgeClock(wallMs, ledgerClockMs(calls, `${directory}/${PRIVATE_DIRECTORY}/ledger`)),
    ];
  } finally {
    calls.close(fd);
  }
}

function tryMount(facts: NfsFacts, trialPath: string, { calls, directory }: ExaminationOptions): Finding[] {
  return tryNfs({
    calls,
    facts,
    trialPath,
    rosterPath: `${directory}/${PRIVATE_DIRECTORY}/roster`,
    wallMs: () => SYSTEM_CLOCK.wallMs(),
    sleep: (ms) => void Atomics.wait(SLEEPER, 0, 0, ms),
  });
}

const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

function judgeKernel(kernel: Statfs, mount: ReturnType<typeof mountOf>): Finding[] {
  return [
    judgeType(kernel.type, mount),
    judgeMount(mount, kernel.readOnly),
    judgeSpace(kernel.freeBytes, kernel.freeInodes),
  ];
}

function notTold(errno: number): Finding {
  const text = `not looked at: fstatfs ended with ${errnoName(errno)}`;
  return { check: "file system", verdict: "warn", text, advice: "make sure yourself that it is a local one" };
}

function cannotOpen(directory: string, errno: number): Finding {
  const advice = errno === ERRNO.ENOENT
    ? `make it: mkdir -p ${directory}`
    : "give the user that the daemon runs as the right to read and write there";
  const text = `cannot open ${directory}: ${errno === ERRNO.ENOTDIR ? "no directory" : errnoName(errno)}`;
  return { check: "directory", verdict: "fail", text, advice };
}
