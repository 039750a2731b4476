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
import { DirectoryStore, type DirectoryStoreOptions } from "./store/directory/directory_store.ts";
import { MARK_SLOTS } from "./store/directory/grace_mark.ts";
import { beliefOf, silenceMsMax } from "./store/directory/nfs/belief.ts";
import type { Report } from "./store/directory/nfs/nfs_arbiter.ts";
import { openNfsStore } from "./store/directory/nfs/nfs_store.ts";

/** What a store is opened with. */
export interface OpenStoreOptions extends Omit<DirectoryStoreOptions, "arbiter"> {
  readonly directory: string;
  readonly limits: Limits & { readonly lockFilesMax: number };
  /** The calls of a store on this machine; workers on NFS have their own. */
  readonly calls: FileCalls;
  readonly libc: Libc;
  readonly keepFiles: boolean;
  readonly log: Log;
  /** Called when the store has something to do, which it then does in a turn. */
  readonly wake: () => void;
  /** Called when a part that works on its own broke a rule. */
  readonly onBroken: (error: unknown) => void;
}

/** Opens a directory; what is known of its NFS mount says how. Throws a LedgerError or a `Deno.errors.NotCapable`. */
export function openStore(facts: NfsFacts | undefined, options: OpenStoreOptions): DirectoryStore {
  if (facts?.leaseMs === undefined) {
    const onUnmarked = () => options.log.warn("store.graces_unmarked", { daemonsMax: MARK_SLOTS });
    return DirectoryStore.local({ ...options, onUnmarked });
  }
  const { leaseMs, host } = facts;
  // By its real name: on NFS a link at its end would not be followed.
  const directory = Deno.realPathSync(options.directory);
  return openNfsStore({ ...options, directory, leaseMs, host, report: reporter(options.log) });
}

/** A client gives its connection up after four heartbeats without a word, and its session after its grace. */
const SILENT_HEARTBEATS = 4;

/**
 * On NFS clients have to miss their daemon before the server may give its locks to another host: heartbeats and graces are at most what that allows.
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
  if (heartbeatMs === 0) log.warn("limits.doubtful", { heartbeatMs, leaseMs });
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
