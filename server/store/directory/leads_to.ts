/**
 * Whether a path still leads to a file that is open. A file that was deleted has no link left; one that was
 * moved looks as ever to whoever has it open, while others make a new one.
 *
 * @module
 */
import { errnoClass } from "../../../ffi/errno.ts";
import { emptyStatus, type FileCalls, sameFile } from "../../../ffi/file_calls.ts";

/** Whether it does; a negative error number when that cannot be told. */
export function leadsTo(calls: FileCalls, path: string, fd: number): boolean | number {
  const other = calls.open(path, "existing");
  if (other < 0) return errnoClass(-other) === "gone" ? false : other;
  const [opened, named] = [emptyStatus(), emptyStatus()];
  const failed = Math.min(calls.status(fd, opened), calls.status(other, named));
  calls.close(other);
  return failed < 0 ? failed : sameFile(opened, named);
}
