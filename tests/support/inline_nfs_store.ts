/**
 * The store on a directory on NFS, with its worker in this thread: the real one but for the way between the
 * threads.
 *
 * @module
 */
import type { FileCalls } from "../../ffi/file_calls.ts";
import { DirectoryStore, type DirectoryStoreOptions } from "../../server/store/directory/directory_store.ts";
import { beliefOf } from "../../server/store/directory/nfs/belief.ts";
import { NfsArbiter, type Report } from "../../server/store/directory/nfs/nfs_arbiter.ts";
import { InlineCourier } from "./inline_courier.ts";

/** What is needed beside what every directory store does. */
export interface InlineNfsStoreOptions extends Omit<DirectoryStoreOptions, "arbiter"> {
  readonly calls: FileCalls;
  readonly directory: string;
  readonly limits: DirectoryStoreOptions["limits"] & {
    readonly lockFilesMax: number;
    readonly idleFilesMax: number;
  };
  readonly leaseMs: number;
  readonly report?: Report;
  /** Looks at a directory anew, which only a real mount needs. */
  readonly lookAt?: (path: string) => void;
}

/** Makes one, and what carries its operations. */
export function inlineNfsStore(options: InlineNfsStoreOptions): {
  readonly store: DirectoryStore;
  readonly courier: InlineCourier;
} {
  const { calls, directory, clock, limits, leaseMs, report = () => {}, lookAt, daemon } = options;
  const bootMs = () => clock.now();
  const courier = new InlineCourier({ calls, directory, limits, bootMs, wallMs: clock.wallMs, lookAt });
  const belief = beliefOf(leaseMs);
  const roster = { text: () => JSON.stringify({ daemon }), onTexts: () => {}, onRefused: () => {} };
  const store = new DirectoryStore({
    ...options,
    arbiter: (host) =>
      new NfsArbiter({ courier, belief, clock, bootMs, wake: () => {}, report, roster }, host),
  });
  return { store, courier };
}
