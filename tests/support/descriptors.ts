/**
 * How many files a process has open, as the kernel counts them (proc_pid_fd(5)).
 *
 * @module
 */
import { eventually } from "./eventually.ts";

/** Number of open descriptors of a process. */
export function openDescriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Open sockets of a process: lock files and what the runtime opens for itself do not count. */
export function openSockets(pid: number): number {
  return openPaths(pid).filter((path) => path.startsWith("socket:")).length;
}

/** Files of a directory that a process has open, also those that were removed meanwhile. */
export function openFilesBelow(directory: string, pid: number): string[] {
  return openPaths(pid).filter((path) => path.startsWith(directory));
}

function openPaths(pid: number): string[] {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/${pid}/fd/${name}`)];
    } catch (error) {
      // It was closed between the two looks.
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
}

/** Waits until a process has as many sockets as it had before: nothing of its connections is left. */
export async function socketsBackTo(count: number, pid: number): Promise<void> {
  await eventually(`${count} sockets of process ${pid}`, () => openSockets(pid) === count);
}
