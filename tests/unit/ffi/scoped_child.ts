/**
 * Locks and writes a file in the directory given, and tells on standard output what every call answered. Run
 * by the tests with exactly the permissions that a daemon needs; ends with 3 when the C library cannot be
 * opened.
 *
 * @module
 */
import { Libc, LibcUnavailableError } from "../../../ffi/libc.ts";
import { LOCK_TO_END, LOCK_WRITE } from "../../../ffi/file_calls.ts";
import { readKernelText } from "../../../ffi/kernel_text.ts";

try {
  const directory = Deno.args[0];
  using libc = Libc.open();
  const first = libc.open(`${directory}/a.lck`, "create-new");
  const second = libc.open(`${directory}/a.lck`, "existing");
  const answers = {
    locked: libc.tryLock(first, LOCK_WRITE, 0, LOCK_TO_END),
    refused: libc.tryLock(second, LOCK_WRITE, 0, LOCK_TO_END),
    wrote: libc.write(first, new TextEncoder().encode("hello"), 0),
    missing: libc.open(`${directory}/b.lck`, "existing"),
  };
  libc.close(second);
  libc.close(first);
  const bootId = readKernelText(libc, "/proc/sys/kernel/random/boot_id");
  console.log(JSON.stringify({ path: libc.path, answers, bootId }));
} catch (error) {
  if (!(error instanceof LibcUnavailableError)) throw error;
  console.error(`${error.name}: ${error.message}`);
  Deno.exit(3);
}
