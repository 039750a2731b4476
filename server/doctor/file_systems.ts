/**
 * Which file systems a directory of locks may be on, as a table by the magic number that fstatfs(2) tells.
 * What is needed: locks of open file descriptions that exclude between all processes that see the directory,
 * that end with their process, and that never end otherwise. One kernel with a file system of its own gives
 * that.
 *
 * Sources: Linux `include/uapi/linux/magic.h`, fstatfs(2), fcntl_locking(2), nfs(5); for FUSE
 * `fs/fuse/file.c`.
 *
 * @module
 */

/** Why locks cannot be trusted on a kind of file system; the second half of a sentence. */
const TROUBLES = {
  network:
    "is a network file system: a lock that its server forgets is lost without a word, and then two processes hold it",
  oldNfs: "is NFS without leases: what becomes of locks when a host is cut off or dies is not decided",
  shared:
    "is shared with another kernel, which need not know of the locks taken here: two processes may hold the same lock",
  fuse: "is a FUSE file system: whether its locks exclude, and last, is up to the program behind it",
  cluster:
    "is a cluster file system: whether locks of open file descriptions exclude between its hosts, and what becomes of them when a " +
    "host is cut off, is not known",
  kernel: "is made by the kernel and keeps no files",
} as const;

/** What a table row says: fine, or what is wrong. */
type Judgement = "fine" | keyof typeof TROUBLES;

const BY_MAGIC: ReadonlyMap<number, readonly [name: string, judgement: Judgement]> = new Map([
  [0xef51, ["ext2", "fine"]],
  [0xef53, ["ext2, ext3 or ext4", "fine"]],
  [0x58465342, ["xfs", "fine"]],
  [0x9123683e, ["btrfs", "fine"]],
  [0x2fc12fc1, ["zfs", "fine"]],
  [0x01021994, ["tmpfs", "fine"]],
  [0x858458f6, ["ramfs", "fine"]],
  [0x794c7630, ["overlayfs", "fine"]],
  [0xf2f52010, ["f2fs", "fine"]],
  [0xca451a4e, ["bcachefs", "fine"]],
  [0x3153464a, ["jfs", "fine"]],
  [0x6969, ["nfs", "network"]],
  [0x517b, ["smb", "network"]],
  [0xff534d42, ["cifs", "network"]],
  [0xfe534d42, ["smb2 or smb3", "network"]],
  [0x5346414f, ["afs", "network"]],
  [0x6b414653, ["afs", "network"]],
  [0x73757245, ["coda", "network"]],
  [0x564c, ["ncp", "network"]],
  [0x01021997, ["9p", "shared"]],
  [0x786f4256, ["vboxsf", "shared"]],
  [0xbacbacbc, ["vmhgfs", "shared"]],
  [0x65735546, ["fuse", "fuse"]],
  [0x00c36400, ["ceph", "cluster"]],
  [0x01161970, ["gfs2", "cluster"]],
  [0x7461636f, ["ocfs2", "cluster"]],
  [0x0bd00bd0, ["lustre", "cluster"]],
  [0x47504653, ["gpfs", "cluster"]],
  [0x19830326, ["beegfs", "cluster"]],
  [0x9fa0, ["proc", "kernel"]],
  [0x62656572, ["sysfs", "kernel"]],
]);

/** Types that the mount table tells apart and the magic number does not. */
const BY_MOUNT_TYPE: ReadonlyMap<string, Judgement> = new Map([
  ["virtiofs", "shared"],
  ["nfs", "oldNfs"],
  // Whether this one is fit is a matter of its options and its server: nfs_judgement.ts.
  ["nfs4", "fine"],
]);

/** What is known of a file system. */
export interface FileSystemJudgement {
  /** What it is called. */
  readonly name: string;
  /** Whether locks on it can be trusted. */
  readonly kind: "fine" | "unfit" | "unknown";
  /** What it is, as the second half of a sentence that begins with its name; empty when it is fine. */
  readonly trouble: string;
}

/**
 * Judges a file system by its magic number and, if the mount table told one, its type there.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(judgeFileSystem(0xef53, "ext4").kind, "fine");
 * equal(judgeFileSystem(0x6969, "nfs4").kind, "fine");
 * equal(judgeFileSystem(0x6969, "nfs").kind, "unfit");
 * equal(judgeFileSystem(0x1234, undefined).name, "0x1234");
 * ```
 */
export function judgeFileSystem(magic: number, mountType: string | undefined): FileSystemJudgement {
  const row = BY_MAGIC.get(magic);
  const name = mountType ?? row?.[0] ?? `0x${magic.toString(16)}`;
  const judgement = (mountType === undefined ? undefined : BY_MOUNT_TYPE.get(mountType)) ?? row?.[1];
  if (judgement === undefined) {
    return { name, kind: "unknown", trouble: "is none that this program knows" };
  }
  if (judgement === "fine") return { name, kind: "fine", trouble: "" };
  return { name, kind: "unfit", trouble: TROUBLES[judgement] };
}
