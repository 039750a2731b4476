/**
 * Examinations of a real directory through calls that a test lets lie: statfs and the mount table, locks that
 * do not exclude, writes that fail.
 *
 * @module
 */
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { ERRNO } from "../../../../ffi/errno.ts";
import { type FileCalls, LOCK_READ, LOCK_UNLOCK } from "../../../../ffi/file_calls.ts";
import { Libc } from "../../../../ffi/libc.ts";
import type { Statfs } from "../../../../ffi/statfs.ts";
import { createLog, SILENT_LOG } from "../../../../server/base/log.ts";
import { SYSTEM_CLOCK } from "../../../../server/base/clock.ts";
import { admitDirectory } from "../../../../server/doctor/admission.ts";
import {
  type ExaminationCalls,
  type ExaminationOptions,
  examineDirectory,
  UnfitDirectoryError,
} from "../../../../server/doctor/examination.ts";
import type { Finding } from "../../../../server/doctor/finding.ts";
import { tryDirectory } from "../../../../server/doctor/trial.ts";
import { LIMIT_STEP } from "../../../../server/store/directory/ledger.ts";
import { Ledger } from "../../../../server/store/directory/ledger.ts";
import { temporaryDirectory } from "../../../support/daemon.ts";

const NOW_MS = Date.UTC(2026, 6, 1);

/** The real calls, but for those that a test replaces. */
function lying(libc: Libc, lies: Partial<ExaminationCalls>): ExaminationCalls {
  return new Proxy(libc, {
    get(target, key) {
      const lie = (lies as Record<PropertyKey, unknown>)[key];
      if (lie !== undefined) return lie;
      const real = Reflect.get(target, key, target);
      return typeof real === "function" ? real.bind(target) : real;
    },
  });
}

function options(calls: ExaminationCalls, directory: string): ExaminationOptions {
  const rival = () => ({ told: "refused" }) as const;
  const limits = { connectionsMax: 100 };
  return { calls, directory, limits, wallMs: NOW_MS, trialId: "1", rival };
}

function verdicts(findings: readonly Finding[]): Record<string, string> {
  return Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict]));
}

const GOOD = {
  "file system": "ok",
  mount: "ok",
  "free space": "ok",
  writing: "ok",
  locks: "ok",
  "two processes": "ok",
  "open files": "ok",
  clock: "ok",
};

Deno.test("examineDirectory finds a good directory good, and leaves nothing in it", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  // Of the process there are more, which other tests have.
  const open = new Set<number>();
  const noted = (fd: number) => (open.add(fd), fd);
  const calls = lying(libc, {
    open: (path, mode) => noted(libc.open(path, mode)),
    openForReading: (path) => noted(libc.openForReading(path)),
    close: (fd) => (open.delete(fd), libc.close(fd)),
  });
  deepEqual(verdicts(examineDirectory(options(calls, directory.path))), GOOD);
  deepEqual([...Deno.readDirSync(directory.path)], []);
  deepEqual([...open].filter((fd) => fd >= 0), []);
  Deno.symlinkSync(directory.path, `${directory.path}/link`);
  deepEqual(verdicts(examineDirectory(options(libc, `${directory.path}/link`))), GOOD);
});

Deno.test("examineDirectory judges what the kernel tells of the file system", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const told = (type: bigint, flags = 0n) => (_fd: number, into: Statfs) => {
    into.words.fill(0n);
    // Type, free blocks, inodes (all, free), bytes of a block, flags.
    for (const [at, value] of [[0, type], [4, 1n], [5, 9n], [6, 8n], [9, 4_096n], [10, flags]] as const) {
      into.words[at] = value;
    }
    return 0;
  };
  // The mount table says what it really is; one that is not told leaves the magic number alone.
  const openForReading = (path: string) =>
    path.startsWith("/proc") ? -ERRNO.ENOENT : libc.openForReading(path);
  const examine = (lies: Partial<ExaminationCalls>) =>
    examineDirectory(options(lying(libc, lies), directory.path));
  const nfs = examine({ fileSystem: told(0x6969n), openForReading });
  deepEqual(verdicts(nfs), { ...GOOD, "file system": "fail", mount: "skip", "free space": "warn" });
  // The field is wider than the number, and 32-bit numbers with a high bit are extended by some kernels.
  match(examine({ fileSystem: told(0xffff_ffff_ff53_4d42n), openForReading })[0]!.text, /^cifs is a network/);
  deepEqual(verdicts(examine({ fileSystem: told(0xef53n, 1n) })).mount, "fail");
  deepEqual(verdicts(examine({ fileSystem: () => -ERRNO.ENOSYS })), {
    ...Object.fromEntries(
      Object.entries(GOOD).filter(([check]) => check !== "mount" && check !== "free space"),
    ),
    "file system": "warn",
  });
});

Deno.test("examineDirectory stops at what is no directory", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const missing = examineDirectory(options(libc, `${directory.path}/none`));
  deepEqual(missing, [{
    check: "directory",
    verdict: "fail",
    text: `cannot open ${directory.path}/none: ENOENT`,
    advice: `make it: mkdir -p ${directory.path}/none`,
  }]);
  Deno.writeTextFileSync(`${directory.path}/file`, "");
  match(examineDirectory(options(libc, `${directory.path}/file`))[0]!.text, /no directory/);
});

Deno.test("examineDirectory compares the clock with a ledger that is there", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  Deno.mkdirSync(`${directory.path}/.distrilock`);
  const path = `${directory.path}/.distrilock/ledger`;
  const clock = () => verdicts(examineDirectory(options(libc, directory.path))).clock;
  Ledger.open(libc, path, { wallMs: NOW_MS + 12 * 3_600_000 }).close();
  equal(clock(), "ok");
  Ledger.open(libc, path, { wallMs: NOW_MS + 48 * 3_600_000 }).close();
  equal(clock(), "warn");
  ok(LIMIT_STEP / 65_536 < 3_600, "one start puts the ledger less than an hour ahead");
  Deno.writeTextFileSync(path, "rubbish");
  equal(clock(), "ok", "what cannot be read is told by whoever opens it");
});

Deno.test("tryDirectory tells every way in which locks fail to exclude", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const path = `${directory.path}/trial`;
  const tried = (
    lies: Partial<FileCalls>,
    rival: Parameters<typeof tryDirectory>[2] = () => ({ told: "refused" }),
  ) => {
    const findings = tryDirectory(lying(libc, lies), path, rival);
    deepEqual([...Deno.readDirSync(directory.path)], [], "the file is removed");
    return findings;
  };
  const locks = (lies: Partial<FileCalls>) => tried(lies).find(({ check }) => check === "locks");
  // Locks of one process do not conflict, as classic record locks do not.
  deepEqual(locks({ tryLock: () => 0 })?.text, "two descriptors were given the same lock");
  match(locks({ tryLock: () => -ERRNO.ENOLCK })?.text ?? "", /cannot lock: ENOLCK/);
  match(locks({ tryLock: () => -ERRNO.EOPNOTSUPP })?.text ?? "", /cannot lock: EOPNOTSUPP/);
  match(locks({ conflicting: () => LOCK_UNLOCK })?.text ?? "", /not told of/);
  match(locks({ conflicting: () => LOCK_READ })?.text ?? "", /not told of/);
  // Unlocking that does not unlock.
  const tryLock: FileCalls["tryLock"] = (fd, type, start, length) =>
    type === LOCK_UNLOCK ? 0 : libc.tryLock(fd, type, start, length);
  match(locks({ tryLock })?.text ?? "", /was let go cannot be taken: EAGAIN/);
  const rivals = (answer: ReturnType<Parameters<typeof tryDirectory>[2]>) =>
    tried({}, () => answer).find(({ check }) => check === "two processes")?.verdict;
  equal(rivals({ told: "refused" }), "ok");
  equal(rivals({ told: "granted" }), "fail");
  equal(rivals({ told: "error", text: "ENOLCK" }), "fail");
  equal(rivals({ told: "nothing", text: "no permission" }), "skip");
});

Deno.test("tryDirectory holds the lock while the rival tries", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  let asked = 0;
  tryDirectory(libc, `${directory.path}/trial`, (path) => {
    asked++;
    const fd = libc.open(path, "existing");
    equal(libc.tryLock(fd, 1, 0, 0), -ERRNO.EAGAIN);
    libc.close(fd);
    return { told: "refused" };
  });
  equal(asked, 1);
});

Deno.test("tryDirectory tells which call fails", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const path = `${directory.path}/trial`;
  const failing = (lies: Partial<FileCalls>) => {
    const findings = tryDirectory(lying(libc, lies), path, () => ({ told: "refused" }));
    return findings.find(({ check }) => check === "writing")?.text;
  };
  equal(failing({ open: () => -ERRNO.EROFS }), "cannot make a file: EROFS");
  const open: FileCalls["open"] = (path, mode) => mode === "existing" ? -ERRNO.ESTALE : libc.open(path, mode);
  equal(failing({ open }), "cannot open a file: ESTALE");
  equal(failing({ write: () => -ERRNO.ENOSPC }), "cannot write a file: ENOSPC");
  equal(failing({ sync: () => -ERRNO.EIO }), "cannot sync a file: EIO");
  equal(failing({ read: () => -ERRNO.EIO }), "cannot read a file: EIO");
  deepEqual([...Deno.readDirSync(directory.path)], []);
});

Deno.test("admitDirectory refuses what fails unless it is forced, and logs what is doubtful", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const lines: string[] = [];
  const log = createLog({ level: "info", clock: SYSTEM_CLOCK, write: (line) => void lines.push(line) });
  const { rival: _rival, ...examined } = options(libc, directory.path);
  admitDirectory({ ...examined, log, force: false });
  deepEqual(lines, []);
  admitDirectory({ ...examined, wallMs: 0, log, force: false });
  const [line = "", ...others] = lines.splice(0);
  deepEqual(others, []);
  const { event, verdict, check } = JSON.parse(line);
  deepEqual([event, verdict, check], ["directory.doubtful", "warn", "clock"]);
  const broken = lying(libc, { tryLock: () => 0 });
  throws(
    () => admitDirectory({ ...examined, calls: broken, log: SILENT_LOG, force: false }),
    (error) =>
      error instanceof UnfitDirectoryError && error.message.includes("--force") &&
      error.message.includes("two descriptors"),
  );
  admitDirectory({ ...examined, calls: broken, log, force: true });
  deepEqual(lines.map((each) => JSON.parse(each).verdict), ["fail"]);
});
