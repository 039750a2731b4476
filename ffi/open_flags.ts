/**
 * The flags of open(2) that are the same on both processors; the others are in `platform.ts`.
 *
 * Sources: open(2); Linux `include/uapi/asm-generic/fcntl.h`.
 *
 * @module
 */
import type { OpenMode } from "./file_calls.ts";

/** For reading only. */
export const O_RDONLY = 0;
/** For reading and writing. */
export const O_RDWR = 0o2;

const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_NOCTTY = 0o400;
/**
 * A pipe with no other end, or a file under somebody's lease (fcntl(2)), answers at once instead of holding
 * up the daemon.
 */
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** What every file is opened with. */
export const FLAGS_ALWAYS = O_NOCTTY | O_NONBLOCK | O_CLOEXEC;

/** What a new file may be used for, by whom the umask lets. */
export const FILE_MODE = 0o666;

/** Whether the file is made. */
export const CREATION: Readonly<Record<OpenMode, number>> = {
  "existing": 0,
  "create-new": O_CREAT | O_EXCL,
  "open-or-create": O_CREAT,
};
