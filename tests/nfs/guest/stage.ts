/**
 * Two hosts and a file server, inside the guest of `guest.sh`. All run on one machine, so one clock tells what came first; and daemons run beside the test, whose way to them cannot be
 * cut: what tells the host of a daemon is the mount that it uses, and its host name.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { type DaemonProcess, startDaemonProcess } from "../../support/daemon.ts";
import { eventually } from "../../support/eventually.ts";

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
