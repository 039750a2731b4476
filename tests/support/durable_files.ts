/**
 * File calls that remember what would be on the disk if the power failed: the state of the directory at the
 * last fsync. In truth an fsync covers one file and others may reach the disk as well, so the test chooses
 * which picture of each file it restores.
 *
 * @module
 */
import type { FileCalls } from "../../ffi/file_calls.ts";

/** What files a directory has, by their paths in it, and what is in them. */
export type Picture = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** The files of a directory and of those within. */
export function takePicture(directory: string, under = ""): Map<string, Uint8Array<ArrayBuffer>> {
  const picture = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, isDirectory } of Deno.readDirSync(`${directory}/${under}`)) {
    const path = `${under}${name}`;
    if (!isDirectory) picture.set(path, Deno.readFileSync(`${directory}/${path}`));
    else for (const [inner, bytes] of takePicture(directory, `${path}/`)) picture.set(inner, bytes);
  }
  return picture;
}

/** Makes the files of a directory what a picture shows, no more and no less. The directories in it stay. */
export function restorePicture(directory: string, picture: Picture): void {
  for (const path of takePicture(directory).keys()) Deno.removeSync(`${directory}/${path}`);
  for (const [path, bytes] of picture) Deno.writeFileSync(`${directory}/${path}`, bytes);
}

/** File calls passed on, with a picture of the directory after each fsync. */
export class DurableFiles {
  /** The files as they were at the last fsync that worked. */
  synced: Picture = new Map();
  /** How many there were. */
  syncs = 0;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Stands between a daemon and its calls. */
  wrap(calls: FileCalls): FileCalls {
    return {
      open: (path, mode) => calls.open(path, mode),
      close: (fd) => calls.close(fd),
      tryLock: (fd, type, start, length) => calls.tryLock(fd, type, start, length),
      conflicting: (fd, type, start, length) => calls.conflicting(fd, type, start, length),
      read: (fd, into, offset) => calls.read(fd, into, offset),
      write: (fd, from, offset) => calls.write(fd, from, offset),
      status: (fd, into) => calls.status(fd, into),
      links: (fd) => calls.links(fd),
      unlink: (path) => calls.unlink(path),
      sync: (fd) => {
        const result = calls.sync(fd);
        if (result < 0) return result;
        this.synced = takePicture(this.#directory);
        this.syncs++;
        return result;
      },
    };
  }
}
