/**
 * Two hosts and a file server, inside the guest of `guest.sh`. All run on one machine, so one clock tells
 * what came first; and daemons run beside the test, whose way to them cannot be cut: what tells the host of a
 * daemon is the mount that it uses, and its host name.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { type DaemonProcess, startDaemonProcess } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";

const MAIN = new URL("../../../server/main.ts", import.meta.url).pathname;

/** A host. */
export type Host = "a" | "b";

/** The lease time of the server, in milliseconds. */
export const LEASE_MS = Number(Deno.env.get("GUEST_LEASE") ?? 10) * 1_000;

/** Where a host sees the export. */
export function mountOf(host: Host): string {
  return environment(host === "a" ? "NFS_A" : "NFS_B");
}

/** A directory of its own for one test, by its name in the export. */
export function exportedDirectory(): string {
  const path = Deno.makeTempDirSync({ dir: environment("NFS_SRV"), prefix: "locks-" });
  return path.slice(environment("NFS_SRV").length);
}

/** Starts a daemon as if on a host. */
export function startOn(
  host: Host,
  directory: string,
  flags: readonly string[] = [],
): Promise<DaemonProcess> {
  const through = ["nsenter", `--uts=/run/uts-${host}`];
  return startDaemonProcess(mountOf(host) + directory, flags, {}, [], through);
}

/** Runs a command of the guest. */
export async function run(...command: readonly string[]): Promise<void> {
  const [program = "", ...args] = command;
  const { code, stderr } = await new Deno.Command(program, { args, stdout: "null", stderr: "piped" })
    .output();
  equal(code, 0, `${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Cuts a host off from the server until disposed. */
export async function cutOff(host: Host): Promise<AsyncDisposable & { heal(): Promise<void> }> {
  await run("nfs-cut", host);
  let isCut = true;
  const heal = async () => {
    if (isCut) await run("nfs-heal", host);
    isCut = false;
  };
  return { heal, [Symbol.asyncDispose]: heal };
}

/** How a program ended, and what it said. */
export interface Ended {
  readonly code: number;
  readonly text: string;
}

/** How long a program may take that should refuse at once, in seconds: one that serves instead is ended. */
export const PATIENCE = "40";
/** The exit status of one that was ended so. */
export const KILLED = 137;

/** Runs the program on a host of a name, until it ends. */
export async function program(name: string, ...args: string[]): Promise<Ended> {
  const shell = 'hostname "$0"; exec "$@"';
  const command = ["timeout", "-s", "KILL", PATIENCE, Deno.execPath(), "run", "-A", "--quiet", MAIN, ...args];
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--uts", "sh", "-c", shell, name, ...command],
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Runs a daemon on a host of a name, until it ends. */
export function serve(name: string, directory: string): Promise<Ended> {
  return program(name, "--directory", directory, "--address", "127.0.0.1:0", "--http-address", "off");
}

/** Fills the disk of the server until disposed, with files beside the directories of tests. */
export async function fillDisk(): Promise<AsyncDisposable & { free(): Promise<void> }> {
  const path = `${environment("NFS_SRV")}/filler`;
  // Whatever is left, to the last block.
  const script = 'mkdir "$0"; for size in 256M 64M 16M 4M 1M 256K 64K 16K 4K; do for n in 1 2 3 4 5 6; do ' +
    'fallocate -l $size "$0/$size-$n" 2>/dev/null || break; done; done; sync';
  await run("sh", "-c", script, path);
  const free = () => run("rm", "-rf", path);
  return { free, [Symbol.asyncDispose]: free };
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The first value of `look` that is one; within some lease times. */
export function soon<T>(what: string, look: () => T | Promise<T>) {
  return eventually(what, look, 4 * LEASE_MS);
}

function environment(name: string): string {
  const value = Deno.env.get(name);
  if (value === undefined) {
    throw new Error(`Cannot run: ${name} is not set, start through tests/nfs/guest.sh`);
  }
  return value;
}
