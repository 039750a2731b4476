// File calls past the page cache, on calls that say what the test wants: what is asked of them, and what a
// proof is worth.
import { deepEqual, equal, throws } from "node:assert/strict";
import { ERRNO } from "../../../../../../ffi/errno.ts";
import { emptyStatus, LOCK_UNLOCK, LOCK_WRITE } from "../../../../../../ffi/file_calls.ts";
import { type DirectCalls, DirectFiles } from "../../../../../../server/store/directory/nfs/direct_files.ts";

const FD = 7;
const LINE = new Uint8Array(8);

/** Calls that take a second each, all answer the same, and are written down. */
class SlowCalls implements DirectCalls {
  nowMs = 0;
  answer = FD;
  readonly asked: string[] = [];

  open = (path: string, mode: string) => this.#asked(`open ${path} ${mode}`);
  openDirect = (path: string, mode: string) => this.#asked(`openDirect ${path} ${mode}`);
  openForReading = (path: string) => this.#asked(`openForReading ${path}`);
  close = (fd: number) => this.#asked(`close ${fd}`);
  tryLock = () => this.#asked("tryLock");
  conflicting = () => this.#asked("conflicting");
  read = () => this.#asked("read");
  write = () => this.#asked("write");
  sync = () => this.#asked("sync");
  status = () => this.#asked("status");
  links = () => this.#asked("links");
  unlink = () => this.#asked("unlink");
  bootMs = () => this.nowMs;

  #asked(what: string): number {
    this.asked.push(what);
    this.nowMs += 1_000;
    return this.answer;
  }
}

function bench(): { calls: SlowCalls; files: DirectFiles } {
  const calls = new SlowCalls();
  return { calls, files: new DirectFiles(calls) };
}

Deno.test("DirectFiles opens every file past the page cache, and looks at the directory anew before it says that one is missing", () => {
  const { calls, files } = bench();
  equal(files.open("/d/x", "open-or-create"), FD);
  equal(files.open("/d/x", "create-new"), FD);
  deepEqual(calls.asked.splice(0), ["openDirect /d/x open-or-create", "openDirect /d/x open-or-create"]);
  equal(files.open("/d/x", "existing"), FD);
  deepEqual(calls.asked, ["openForReading /d", `close ${FD}`, "openDirect /d/x existing"]);
  calls.answer = -ERRNO.EACCES;
  equal(files.open("/d/x", "existing"), -ERRNO.EACCES);
});

Deno.test("DirectFiles dates a proof from when the read began, since the server may have answered any time after that", () => {
  const { calls, files } = bench();
  equal(files.provenMs(FD), -Infinity);
  files.read(FD, LINE, 0);
  equal(files.provenMs(FD), 0);
  calls.nowMs = 5_000;
  equal(files.prove(FD, LINE), 5_000);
  calls.answer = -ERRNO.EIO;
  files.read(FD, LINE, 0);
  equal(files.provenMs(FD), 0, "a read that failed proves nothing");
  calls.answer = 0;
  files.write(FD, LINE, 0);
  files.tryLock(FD, LOCK_WRITE, 0, 1);
  equal(files.provenMs(FD), 0, "nor does what says nothing of the locks that there are");
  files.close(FD);
  equal(files.provenMs(FD), -Infinity, "the next file with that number is another one");
});

Deno.test("DirectFiles.prove tells a lock that is lost from a descriptor that is closed", () => {
  const { calls, files } = bench();
  for (const errno of [ERRNO.EIO, ERRNO.ESTALE]) {
    calls.answer = -errno;
    equal(files.prove(FD, LINE), "lost");
  }
  calls.answer = -ERRNO.EBADF;
  equal(files.prove(FD, LINE), "closed");
});

Deno.test("DirectFiles finds a descriptor broken by any call under it, until it is closed", () => {
  const calls = {
    tryLock: (files: DirectFiles) => files.tryLock(FD, LOCK_UNLOCK, 0, 0),
    read: (files: DirectFiles) => files.read(FD, LINE, 0),
    write: (files: DirectFiles) => files.write(FD, LINE, 0),
    sync: (files: DirectFiles) => files.sync(FD),
  };
  for (const [what, call] of Object.entries(calls)) {
    const { calls, files } = bench();
    calls.answer = -ERRNO.ENOSPC;
    equal(call(files), -ERRNO.ENOSPC);
    equal(files.isBroken(FD), false, `${what}: a full disk takes no lock away`);
    calls.answer = -ERRNO.EIO;
    equal(call(files), -ERRNO.EIO);
    equal(files.isBroken(FD), true, what);
    files.close(FD);
    equal(files.isBroken(FD), false, what);
  }
});

Deno.test("DirectFiles unlinks nothing, and asks nobody whether a file has a name", () => {
  const { calls, files } = bench();
  throws(() => files.unlink());
  equal(files.links(), 1);
  equal(files.conflicting(FD, LOCK_WRITE, 0, 1), FD);
  equal(files.status(FD, emptyStatus()), FD);
  deepEqual(calls.asked, ["conflicting", "status"]);
});
