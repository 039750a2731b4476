/**
 * The store on a directory on NFSv4, put together: workers, what they are believed, and this daemon's entry
 * in the roster.
 *
 * @module
 */
import type { ArbiterHost } from "../arbiter.ts";
import { DirectoryStore, type DirectoryStoreOptions } from "../directory_store.ts";
import { beliefOf } from "./belief.ts";
import { checkWorkersAllowed, WorkerCourier } from "./courier.ts";
import type { HostIdentity } from "./host_identity.ts";
import { NfsArbiter, type Report } from "./nfs_arbiter.ts";
import type { CallNote } from "./operations.ts";
import { Registration } from "./registration.ts";

/** Workers of a store on NFS: how many calls to the file server are under way at a time. */
const LANES = 4;

/** What a store on NFSv4 needs beside what every directory store does. */
export interface NfsStoreOptions extends Omit<DirectoryStoreOptions, "arbiter"> {
  readonly directory: string;
  /** The C library, of which each worker opens its own. */
  readonly libc: { readonly path: string; bootMs(): number };
  readonly limits: DirectoryStoreOptions["limits"] & {
    readonly lockFilesMax: number;
    readonly idleFilesMax: number;
  };
  readonly leaseMs: number;
  readonly host: HostIdentity;
  readonly report: Report;
  /** Hears that this daemon could not be entered into the roster, and why. */
  readonly onUnsigned: (message: string) => void;
  /** Hears of each call on a file, with the answer that it was made for. */
  readonly onCall: (note: CallNote) => void;
  /** Called when an answer has come, for a tick. */
  readonly wake: () => void;
  /** Called when a worker broke a rule of its own. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * Opens a directory whose file server has told its lease time. Throws a `Deno.errors.NotCapable` when workers
 * may not be started.
 */
export function openNfsStore(options: NfsStoreOptions): DirectoryStore {
  checkWorkersAllowed();
  const {
    directory,
    libc,
    limits,
    leaseMs,
    onBroken,
    onCall,
    wake,
    clock,
    host,
    daemon,
    report,
    onUnsigned,
  } = options;
  const share = (all: number) => Math.floor(all / LANES);
  const shared = { lockFilesMax: share(limits.lockFilesMax), idleFilesMax: share(limits.idleFilesMax) };
  const courier = new WorkerCourier({ directory, libc: libc.path, limits: shared }, {
    lanes: LANES,
    onBroken,
    onCall,
  });
  const registration = new Registration({
    daemon,
    host,
    wallMs: () => clock.wallMs(),
    onTwin: (twin) =>
      onBroken(new Error(`the file server takes this host for that of ${twin.daemon}, which it is not`)),
  });
  const roster = {
    text: () => registration.text(),
    onTexts: (texts: readonly string[]) => registration.onTexts(texts),
    onRefused: onUnsigned,
  };
  const belief = beliefOf(leaseMs);
  const bootMs = () => libc.bootMs();
  const arbiter = (of: ArbiterHost) =>
    new NfsArbiter({ courier, belief, clock, bootMs, wake, report, roster }, of);
  return new DirectoryStore({ ...options, arbiter });
}
