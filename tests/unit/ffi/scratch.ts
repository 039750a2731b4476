/**
 * The C library and a directory of its own for one test; both are gone at the end of the scope.
 *
 * @module
 */
import { Libc } from "../../../ffi/libc.ts";
import { equal, ok } from "node:assert/strict";
import type { OpenMode } from "../../../ffi/file_calls.ts";

/**
 * An open C library and an empty directory; descriptors opened through {@link Scratch.open} are closed at the
 * end.
 */
export class Scratch implements Disposable {
  readonly libc: Libc = Libc.open();
  readonly directory: string = Deno.makeTempDirSync({ prefix: "distrilock-ffi-" });
  readonly #descriptors = new Set<number>();

  /** The path of a file in the directory. */
  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** Opens a file of the directory, which must work. */
  open(name: string, mode: OpenMode = "open-or-create"): number {
    const fd = this.libc.open(this.path(name), mode);
    ok(fd >= 0, `open ${name}: ${fd}`);
    this.#descriptors.add(fd);
    return fd;
  }

  /** Closes a descriptor before the end of the test. */
  close(fd: number): void {
    ok(this.#descriptors.delete(fd), `descriptor ${fd} is open`);
    equal(this.libc.close(fd), 0);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors) this.close(fd);
    Deno.removeSync(this.directory, { recursive: true });
    this.libc[Symbol.dispose]();
  }
}
