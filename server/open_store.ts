/**
 * Opens the store on a directory that fits what the directory is on: a file system of this machine, or NFSv4.
 *
 * @module
 */
import type { FileCalls } from "../ffi/file_calls.ts";
import type { Libc } from "../ffi/libc.ts";
import type { Limits } from "./base/limits.ts";
import type { Log } from "./base/log.ts";
import { type NfsFacts, nfsFacts } from "./doctor/nfs_facts.ts";
import { SharingError } from "./store/directory/ledger_errors.ts";
import { DirectoryStore, type DirectoryStoreOptions } from "./store/directory/directory_store.ts";
import { MARK_SLOTS } from "./store/directory/grace_mark.ts";
import { beliefOf, silenceMsMax } from "./store/directory/nfs/belief.ts";
import type { CallNote } from "./store/directory/nfs/operations.ts";
import type { Report } from "./store/directory/nfs/nfs_arbiter.ts";
import { openNfsStore } from "./store/directory/nfs/nfs_store.ts";

/** What a store is opened with. */
export interface OpenStoreOptions extends Omit<DirectoryStoreOptions, "arbiter"> {
  readonly directory: string;
  readonly limits: Limits & { readonly lockFilesMax: number };
  /** The calls of a store on this machine. */
  readonly calls: FileCalls;
  /** Hears of each call that workers on NFS made, who have their own. */
  readonly onCall: (note: CallNote) => void;
  readonly libc: Libc;
  readonly keepFiles: boolean;
  readonly sole: boolean;
  readonly log: Log;
  /** Called when the store has something to do, which it then does in a turn. */
  readonly wake: () => void;
  /** Called when a part that works on its own broke a rule. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * Opens a directory; what is known of its NFS mount says how. Throws a LedgerError, a SharingError or a
 * `Deno.errors.NotCapable`.
 */
export function openStore(facts: NfsFacts | undefined, options: OpenStoreOptions): DirectoryStore {
  if (facts?.leaseMs === undefined) {
    const onUnmarked = () => options.log.warn("store.graces_unmarked", { daemonsMax: MARK_SLOTS });
    return DirectoryStore.local({ ...options, onUnmarked });
  }
  if (options.sole) {
    throw new SharingError(
      `Cannot have ${options.directory} alone (--sole): it is on NFS, whose server may give its locks away`,
    );
  }
  const { leaseMs, host } = facts;
  // By its real name: on NFS a link at its end would not be followed.
  const directory = Deno.realPathSync(options.directory);
  const { log } = options;
  const onUnsigned = (message: string) => log.warn("store.roster_unsigned", { message });
  return openNfsStore({ ...options, directory, leaseMs, host, report: reporter(log), onUnsigned });
}

/** A client gives its connection up after four heartbeats without a word. */
const SILENT_HEARTBEATS = 4;

/**
 * On NFS a client has lost its locks when it has not heard of its daemon for as long as that vouches for them
 * ([P-18] of `docs/protocol.md`). It should be looking for another daemon by then, and a longer grace would
 * keep locks from others that their holder has given up: heartbeats and graces are at most what that allows.
 */
export function clientLimits(
  { heartbeatMs, graceMsMax }: Limits,
  leaseMs: number | undefined,
  log: Log,
): Pick<Limits, "heartbeatMs" | "graceMsMax"> {
  if (leaseMs === undefined) return { heartbeatMs, graceMsMax };
  const silenceMs = Math.floor(silenceMsMax(beliefOf(leaseMs)));
  const limits = {
    heartbeatMs: Math.min(heartbeatMs, Math.floor(silenceMs / SILENT_HEARTBEATS)),
    graceMsMax: Math.min(graceMsMax, silenceMs),
  };
  const isLower = limits.heartbeatMs < heartbeatMs || limits.graceMsMax < graceMsMax;
  if (isLower) log.info("limits.lowered", { ...limits, leaseMs });
  return limits;
}

function reporter(log: Log): Report {
  return (what, claims) => {
    if (what === "lost") log.warn("store.claims_lost", { claims });
    else if (what === "down") log.error("store.down");
    else log.info("store.back");
  };
}

/** What is known of the NFS mount that a directory is on; undefined when it is on none. */
export function lookAtNfs(libc: Libc, directory: string): NfsFacts | undefined {
  const fd = libc.openForReading(`${directory}/.`);
  if (fd < 0) return undefined;
  try {
    return nfsFacts(libc, fd);
  } finally {
    libc.close(fd);
  }
}
