/**
 * The examination that a daemon makes before it serves a directory.
 *
 * @module
 */
import type { Log } from "../base/log.ts";
import { type ExaminationOptions, examineDirectory, UnfitDirectoryError } from "./examination.ts";

/** How a daemon wants its directory looked at. */
export interface AdmissionOptions extends Omit<ExaminationOptions, "rival"> {
  readonly log: Log;
  /** Serve whatever is found. */
  readonly force: boolean;
}

/**
 * Examines a directory, all but the second process, which would take as long as the whole start. Logs what is
 * not as it should be; throws an {@link UnfitDirectoryError} when locks may not exclude there, unless forced.
 */
export function admitDirectory({ log, force, ...options }: AdmissionOptions): void {
  const rival = () => ({ told: "nothing", text: "the daemon leaves that to distrilock doctor" }) as const;
  const findings = examineDirectory({ ...options, rival });
  const isUnfit = findings.some(({ verdict }) => verdict === "fail");
  if (isUnfit && !force) throw new UnfitDirectoryError(options.directory, findings);
  for (const { verdict, ...finding } of findings) {
    if (verdict === "warn" || verdict === "fail") log.warn("directory.doubtful", { verdict, ...finding });
  }
}
