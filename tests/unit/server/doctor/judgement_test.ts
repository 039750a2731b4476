/**
 * What facts about a directory mean: made-up facts, every verdict.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ERRNO } from "../../../../ffi/errno.ts";
import { judgeFileSystem } from "../../../../server/doctor/file_systems.ts";
import { findingLines, sentence, type Verdict, worstOf } from "../../../../server/doctor/finding.ts";
import {
  judgeClock,
  judgeDescriptors,
  judgeMount,
  judgeSpace,
  judgeType,
  judgeWriting,
} from "../../../../server/doctor/judgement.ts";
import { findMount, type Mount } from "../../../../server/doctor/mount.ts";
import { CLOCK_START_MS } from "../../../../server/store/directory/ledger.ts";

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;

function mount(type: string, options: readonly string[] = ["rw"]): Mount {
  return { type, point: "/srv", source: "/dev/sdb1", options };
}

Deno.test("judgeType takes local file systems, refuses the others, and doubts what it does not know", () => {
  // Magic numbers as statfs(2) lists them.
  const cases: readonly [number, string | undefined, Verdict][] = [
    [0xef53, "ext4", "ok"],
    [0xef53, undefined, "ok"],
    [0x58465342, "xfs", "ok"],
    [0x9123683e, "btrfs", "ok"],
    [0x2fc12fc1, "zfs", "ok"],
    [0x01021994, "tmpfs", "ok"],
    [0x794c7630, "overlay", "ok"],
    [0xf2f52010, "f2fs", "ok"],
    [0xca451a4e, "bcachefs", "ok"],
    [0x858458f6, "ramfs", "ok"],
    [0x6969, "nfs4", "ok"],
    [0x6969, "nfs", "fail"],
    [0x6969, undefined, "fail"],
    [0xff534d42, "cifs", "fail"],
    [0xfe534d42, "cifs", "fail"],
    [0x65735546, "fuse.sshfs", "fail"],
    [0x65735546, "virtiofs", "fail"],
    [0x01021997, "9p", "fail"],
    [0x5346414f, "afs", "fail"],
    [0x00c36400, "ceph", "fail"],
    [0x01161970, "gfs2", "fail"],
    [0x7461636f, "ocfs2", "fail"],
    [0x9fa0, "proc", "fail"],
    [0x4d44, "vfat", "warn"],
    [0x4d44, undefined, "warn"],
  ];
  for (const [magic, type, verdict] of cases) {
    const finding = judgeType(magic, type === undefined ? undefined : mount(type));
    equal(finding.verdict, verdict, `${magic.toString(16)} ${type}`);
    equal(finding.advice === undefined, verdict === "ok", "only what is wrong is to be changed");
    if (type !== undefined) ok(finding.text.startsWith(`${type} (/dev/sdb1 on /srv)`), finding.text);
  }
  match(judgeFileSystem(0x65735546, "virtiofs").trouble, /another kernel/);
  match(judgeFileSystem(0x65735546, "fuse.sshfs").trouble, /FUSE/);
});

Deno.test("judgeMount refuses what is read-only, and doubts what does not sync", () => {
  equal(judgeMount(mount("ext4", ["rw", "noatime"]), false).verdict, "ok");
  equal(judgeMount(mount("ext4", ["ro", "noatime"]), false).verdict, "fail");
  equal(judgeMount(mount("ext4"), true).verdict, "fail");
  equal(judgeMount(undefined, true).verdict, "fail");
  equal(judgeMount(undefined, false).verdict, "skip");
  for (const option of ["nobarrier", "barrier=0", "volatile", "fsync=volatile", "fsync_mode=nobarrier"]) {
    const { verdict, advice } = judgeMount(mount("ext4", ["rw", option]), false);
    deepEqual([verdict, advice], ["warn", `mount it without ${option}`]);
  }
  equal(judgeMount(mount("ext4", ["rw", "errors=remount-ro", "barrier=1"]), false).verdict, "ok");
});

Deno.test("judgeWriting says what to change for each kind of failure", () => {
  equal(judgeWriting(undefined).verdict, "ok");
  const advice = (errno: number) => {
    const finding = judgeWriting({ verb: "make", errno });
    equal(finding.verdict, "fail");
    return finding.advice ?? "";
  };
  match(advice(ERRNO.EACCES), /right to write/);
  match(advice(ERRNO.EROFS), /right to write/);
  match(advice(ERRNO.ENOSPC), /make room/);
  match(advice(ERRNO.EDQUOT), /make room/);
  match(advice(ERRNO.EMFILE), /limit of open files/);
  match(advice(ERRNO.EIO), /kernel log/);
});

Deno.test("judgeDescriptors compares the hard limit with what the daemon wants", () => {
  const wanted = { connectionsMax: 1_000 };
  deepEqual(
    [95, 96, 2_063, 2_064, Infinity].map((hard) => judgeDescriptors(hard, wanted).verdict),
    ["fail", "warn", "warn", "ok", "ok"],
  );
  // What is advised is enough.
  const { advice = "" } = judgeDescriptors(1_000, wanted);
  const [, number] = /limit to (\d+)/.exec(advice) ?? [];
  equal(judgeDescriptors(Number(number), wanted).verdict, "ok");
});

Deno.test("judgeSpace warns when room or inodes run out", () => {
  equal(judgeSpace(16 * MIB, 1_000).verdict, "ok");
  equal(judgeSpace(16 * MIB - 1, 1_000).verdict, "warn");
  equal(judgeSpace(16 * MIB, 999).verdict, "warn");
  deepEqual(judgeSpace(20 * 1024 * MIB, Infinity), { check: "free space", verdict: "ok", text: "20 GiB" });
});

Deno.test("judgeClock compares the clock with the ledger, and with when the program was made", () => {
  const now = CLOCK_START_MS + 300 * DAY_MS;
  equal(judgeClock(now, undefined).verdict, "ok");
  equal(judgeClock(now, now - DAY_MS).verdict, "ok");
  equal(judgeClock(now, now + DAY_MS).verdict, "ok");
  const behind = judgeClock(now, now + 30 * DAY_MS);
  deepEqual([behind.verdict, behind.text.slice(0, 9)], ["warn", "720 hours"]);
  const unset = judgeClock(0, undefined);
  equal(unset.verdict, "warn");
  match(unset.text, /1970-01-01/);
});

Deno.test("findMount finds a mount by its id, with optional fields or none", () => {
  const table = [
    "22 27 0:21 / /proc rw,relatime - proc proc rw",
    "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro",
    "36 27 0:99 /export /mnt/a\\040b\\134c ro,nosuid shared:5 master:1 propagate_from:2 - nfs4 app3:/x rw,vers=4.2",
    "37 27 0:98 / /half",
    "",
  ].join("\n");
  deepEqual(findMount(table, 27), {
    type: "ext4",
    point: "/",
    source: "/dev/vda",
    options: ["rw", "relatime", "rw", "errors=remount-ro"],
  });
  deepEqual(findMount(table, 36), {
    type: "nfs4",
    point: "/mnt/a b\\c",
    source: "app3:/x",
    options: ["ro", "nosuid", "rw", "vers=4.2"],
  });
  equal(findMount(table, 22)?.type, "proc");
  equal(findMount(table, 1), undefined);
  equal(findMount(table, 37), undefined, "a line that the kernel would not write");
});

Deno.test("findings are told by lines, and weighed by the worst one", () => {
  const [good, bad] = [
    { check: "mount", verdict: "ok", text: "rw" },
    { check: "file system", verdict: "fail", text: "nfs", advice: "move" },
  ] as const;
  equal(
    findingLines([good, bad]),
    "ok    mount        rw\nfail  file system  nfs\n                   → move\n",
  );
  equal(sentence(bad), "file system: nfs; move");
  const order: readonly Verdict[] = ["ok", "skip", "warn", "fail"];
  for (const [index, verdict] of order.entries()) {
    const findings = order.slice(0, index + 1).map((each) => ({ check: "x", verdict: each, text: "" }));
    equal(worstOf(findings), verdict);
    equal(worstOf(findings.reverse()), verdict);
  }
});
