/**
 * What tests of grace marks share: a session with a grace, what lock files say of it, and how long others
 * wait.
 *
 * @module
 */
import type { Mode } from "../../client/protocol/modes.ts";
import type { SessionId } from "../../server/lock/effect.ts";
import {
  graceOf,
  HEAD_BYTES,
  type Mark,
  MARK_SLOTS,
  readMark,
} from "../../server/store/directory/grace_mark.ts";
import { RETRY_MS_MAX } from "../../server/store/directory/turns.ts";
import type { BenchDaemon, StoreBench } from "./store_bench.ts";

/** A grace, in milliseconds. */
export const GRACE_MS = 5_000;
/** A session with a grace, and how it asks. */
export const GRACED = { session: "g", graceMs: GRACE_MS } as const;

/** The marks that stand in a lock file. */
export function marks(bench: StoreBench, file = "x.lck"): Mark[] {
  const head = new Uint8Array(HEAD_BYTES);
  head.set(Deno.readFileSync(bench.path(file)).subarray(0, HEAD_BYTES));
  return [...Array(MARK_SLOTS).keys()].map((slot) => readMark(head, slot)).filter((mark) =>
    mark !== undefined
  );
}

/** What they say. */
export function said(bench: StoreBench, file?: string): [Mode, number][] {
  return marks(bench, file).map((mark) => [mark.mode, graceOf(mark)]);
}

/** Has a daemon ask, and answers how long it had to wait, in milliseconds. */
export function waited(bench: StoreBench, daemon: BenchDaemon, id: number, mode: Mode): number {
  if (daemon.acquire(id, mode, { waitMs: Infinity })?.type === "granted") return 0;
  return bench.until(() => daemon.holds(id), 3 * GRACE_MS);
}

/** Whether a wait was for a grace. */
export function waitedOut(ms: number, retryMs = RETRY_MS_MAX): boolean {
  return ms >= GRACE_MS && ms <= GRACE_MS + retryMs;
}

/** Has that session convert a lock. */
export function convert(bench: StoreBench, daemon: BenchDaemon, lock: number, mode: Mode): void {
  const session = GRACED.session as string as SessionId;
  daemon.store.convert({ session, request: 4_000_000 + lock, lock, mode, waitMs: Infinity }, bench.nowMs);
}
