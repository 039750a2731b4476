// The clock that all threads share, files past the cache, and when a file was changed.
import { equal, ok } from "node:assert/strict";
import { ERRNO } from "../../../ffi/errno.ts";
import { Libc } from "../../../ffi/libc.ts";
import { temporaryDirectory } from "../../support/daemon.ts";

Deno.test("Libc.bootMs is the time since the machine was started, and goes on", () => {
  using libc = Libc.open();
  const [uptime = ""] = Deno.readTextFileSync("/proc/uptime").split(" ");
  const first = libc.bootMs();
  ok(Math.abs(first - Number(uptime) * 1_000) < 60_000, `${first} is about ${uptime} s`);
  const end = performance.now() + 3;
  while (performance.now() < end);
  const passed = libc.bootMs() - first;
  ok(passed >= 2.9, `${passed} ms`);
});

Deno.test("Libc.openDirect opens past the cache, or says that the file system cannot", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  equal(libc.openDirect(`${directory.path}/none`, "existing"), -ERRNO.ENOENT);
  const fd = libc.openDirect(`${directory.path}/file`, "create-new");
  if (fd < 0) return equal(fd, -ERRNO.EINVAL);
  const [, octal = ""] = /^flags:\s*(\d+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`)) ?? [];
  ok(parseInt(octal, 8) & (Deno.build.arch === "aarch64" ? 0o200000 : 0o40000));
  equal(libc.close(fd), 0);
});

Deno.test("Libc.changedMs tells when a file was written", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const fd = libc.open(`${directory.path}/file`, "create-new");
  libc.write(fd, new Uint8Array(1), 0);
  const { mtime } = Deno.statSync(`${directory.path}/file`);
  equal(Math.floor(libc.changedMs(fd)), mtime?.getTime());
  libc.close(fd);
  equal(libc.changedMs(1_000_000), -ERRNO.EBADF);
});
