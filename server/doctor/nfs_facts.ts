/**
 * What there is to know of an NFSv4 mount beside its options: the lease time of the server, a setting of the
 * kernel, and what the server takes this host for.
 *
 * Sources: nfs(5), proc_pid_mountstats(5), Linux `Documentation/filesystems/nfs/client-identifier.rst` and
 * `fs/nfs/nfs4super.c`.
 *
 * @module
 */
import { type KernelTextCalls, readKernelText } from "../../ffi/kernel_text.ts";
import type { HostIdentity } from "../store/directory/nfs/host_identity.ts";
import { type Mount, mountOf } from "./mount.ts";

/** What is known of the NFS mount that a directory is on. */
export interface NfsFacts {
  readonly mount: Mount;
  /**
   * The lease time that the server told, in milliseconds; undefined below NFSv4, or when the kernel does not
   * tell.
   */
  readonly leaseMs: number | undefined;
  /**
   * Whether the kernel takes locks again that were lost (`recover_lost_locks`); undefined when it does not
   * tell.
   */
  readonly recoversLostLocks: boolean | undefined;
  readonly host: HostIdentity;
}

/** The facts of an open directory; undefined when it is on no NFS mount. */
export function nfsFacts(calls: KernelTextCalls, fd: number): NfsFacts | undefined {
  const mount = mountOf(calls, fd);
  if (mount === undefined || !/^nfs4?$/.test(mount.type)) return undefined;
  const line = (path: string) => readKernelText(calls, path)?.trim();
  const setting = line("/sys/module/nfs/parameters/recover_lost_locks");
  return {
    mount,
    leaseMs: leaseMsOf(readKernelText(calls, "/proc/self/mountstats") ?? "", mount.point),
    recoversLostLocks: setting === undefined ? undefined : setting !== "N" && setting !== "0",
    host: {
      hostname: line("/proc/sys/kernel/hostname") ?? "",
      identifier: identifierOf(line("/sys/fs/nfs/net/nfs_client/identifier")),
      bootId: line("/proc/sys/kernel/random/boot_id") ?? "",
      address: optionOf(mount, "clientaddr") ?? "",
    },
  };
}

/** The value of an option `name=value` of a mount. */
export function optionOf({ options }: Mount, name: string): string | undefined {
  return options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
}

/**
 * The lease time in the text of a `mountstats`, in milliseconds, of what is mounted last at a point.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * const text = "device s:/ mounted on /mnt/a with fstype nfs4 statvers=1.1\n\tnfsv4:\tbm0=0x1,lease_time=90,lease_expired=0\n";
 * equal(leaseMsOf(text, "/mnt/a"), 90_000);
 * equal(leaseMsOf(text, "/mnt"), undefined);
 * ```
 */
export function leaseMsOf(mountstats: string, point: string): number | undefined {
  const shown = point.replace(
    /[\s\\]/g,
    (character) => "\\" + character.charCodeAt(0).toString(8).padStart(3, "0"),
  );
  const blocks = mountstats.split(/^(?=device )/m).filter((text) =>
    text.includes(` mounted on ${shown} with `)
  );
  const [, seconds] = /\blease_time=(\d+)/.exec(blocks.at(-1) ?? "") ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function identifierOf(text: string | undefined): string {
  return text === undefined || text === "(null)" ? "" : text;
}
