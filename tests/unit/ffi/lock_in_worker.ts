/**
 * A worker that tries a write lock on the file whose path it is sent, and answers with what came of it.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { LOCK_TO_END, LOCK_WRITE } from "../../../ffi/file_calls.ts";
import { Libc } from "../../../ffi/libc.ts";

self.onmessage = (event: MessageEvent<string>) => {
  using libc = Libc.open();
  const fd = libc.open(event.data, "existing");
  const answer = libc.tryLock(fd, LOCK_WRITE, 0, LOCK_TO_END);
  libc.close(fd);
  self.postMessage(answer);
};
