/**
 * Trying an NFS mount out: whether another daemon's lock is seen, who else is in the roster, and what the
 * server says of the time.
 *
 * @module
 */
import type { FileCalls } from "../../ffi/file_calls.ts";
import type { DirectCalls } from "../store/directory/nfs/direct_files.ts";
import { DirectFiles } from "../store/directory/nfs/direct_files.ts";
import { beliefOf } from "../store/directory/nfs/belief.ts";
import { areTwins, parseRosterText, type RosterText } from "../store/directory/nfs/host_identity.ts";
import { Roster, RosterError } from "../store/directory/nfs/roster.ts";
import type { Finding } from "./finding.ts";
import type { NfsFacts } from "./nfs_facts.ts";
import { judgeServerClock, judgeTwin } from "./nfs_judgement.ts";

/** The calls of a trial. */
export type NfsTrialCalls = DirectCalls & FileCalls & { changedMs(fd: number): number };

/** What a trial is given. */
export interface NfsTrialOptions {
  readonly calls: NfsTrialCalls;
  /** Where the roster is. */
  readonly rosterPath: string;
  /** A file that nobody else uses; it is removed. */
  readonly trialPath: string;
  readonly facts: NfsFacts;
  /** The wall clock, in milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Lets time pass. */
  readonly sleep: (ms: number) => void;
}

/**
 * For so many beats a doubtful twin is watched: it writes with each, but may have to take its place again
 * first.
 */
const DOUBT_BEATS = 2.5;
/** How often it is looked at in a beat. */
const LOOKS_A_BEAT = 8;

interface RosterEntry {
  readonly text: string;
  readonly peer: RosterText;
  /** Its lock is seen. */
  readonly lives: boolean;
}

/** A twin that wrote longer ago than this by any clock is dead, in milliseconds. */
const LONG_AGO_MS = 300_000;

/** Tries a mount out. */
export function tryNfs(options: NfsTrialOptions): Finding[] {
  const roster = new Roster(new DirectFiles(options.calls), options.rosterPath);
  try {
    const entries = [...roster.read()].flatMap(([place, text]) => {
      const peer = parseRosterText(text);
      return peer ? [{ text, peer, lives: roster.lives(place) }] : [];
    });
    const twin = findTwin(roster, entries, options);
    const found = judgeTwin(options.facts.host, twin);
    // With every call of this host the server forgets the other one, and the other way round: the fewer the
    // better.
    return twin ? [found] : [found, judgePeers(entries), ...tryClock(options)];
  } catch (error) {
    if (!(error instanceof RosterError)) throw error;
    const advice = "give the user that the daemon runs as the right to read and write there";
    return [{ check: "other hosts", verdict: "fail", text: error.message, advice }];
  } finally {
    roster.close();
  }
}

/**
 * A living daemon on a host that the server takes for this one. One whose lock is not seen may live all the
 * same: its lock may be what the server freed. So it is watched until it writes.
 */
function findTwin(
  roster: Roster,
  entries: readonly RosterEntry[],
  { facts: { host, leaseMs = 0 }, wallMs, sleep }: NfsTrialOptions,
): RosterText | undefined {
  const twins = entries.filter(({ peer }) => areTwins(host, peer));
  const living = twins.find(({ lives }) => lives);
  if (living) return living.peer;
  const doubtful = twins.filter(({ peer }) => Math.abs(wallMs() - peer.written) < LONG_AGO_MS);
  const known = new Set(twins.map(({ text }) => text));
  for (let looks = doubtful.length > 0 ? DOUBT_BEATS * LOOKS_A_BEAT : 0; looks > 0; looks--) {
    sleep(beliefOf(leaseMs).beatMs / LOOKS_A_BEAT);
    for (const text of roster.read().values()) {
      const peer = known.has(text) ? undefined : parseRosterText(text);
      if (peer && areTwins(host, peer)) return peer;
    }
  }
  return undefined;
}

/** Locks of other daemons, on whatever host, are seen here. */
function judgePeers(entries: readonly RosterEntry[]): Finding {
  const check = "two daemons";
  const living = entries.filter(({ lives }) => lives).flatMap(({ text }) =>
    parseRosterText(text)?.daemon ?? []
  );
  if (living.length > 0) {
    return { check, verdict: "ok", text: `the locks of ${living.join(", ")} are seen from here` };
  }
  return { check, verdict: "skip", text: "not tried: no other daemon uses the directory now" };
}

function tryClock({ calls, trialPath, wallMs }: NfsTrialOptions): Finding[] {
  const fd = calls.openDirect(trialPath, "create-new");
  if (fd < 0) return [];
  try {
    const beforeMs = wallMs();
    const written = calls.write(fd, new Uint8Array(32), 0);
    const middleMs = (beforeMs + wallMs()) / 2;
    const changedMs = calls.changedMs(fd);
    return written < 0 || changedMs < 0 ? [] : [judgeServerClock(middleMs - changedMs)];
  } finally {
    calls.close(fd);
    calls.unlink(trialPath);
  }
}
