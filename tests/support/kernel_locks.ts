/**
 * Which files of a directory are locked, as the kernel tells everybody (proc_locks(5)).
 *
 * @module
 */

/** Names of the files in a directory that somebody holds a POSIX or OFD lock on. */
export function lockedFiles(directory: string): string[] {
  const locked = new Set<number>();
  for (const line of Deno.readTextFileSync("/proc/locks").split("\n")) {
    const [, inode] = /\b[0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line) ?? [];
    if (inode !== undefined && !line.includes("->")) locked.add(Number(inode));
  }
  return [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => {
    return locked.has(Deno.statSync(`${directory}/${name}`).ino ?? 0);
  });
}
