/**
 * What the main thread has its workers do with lock files, and what they answer. Plain values, since they
 * travel between threads. Those of one name go to one worker, which performs them in order: so the main
 * thread knows what it asked for even before it is done.
 *
 * @module
 */
import type { Party, ValueBlock } from "../../../../client/protocol/messages.ts";
import type { Mode } from "../../../../client/protocol/modes.ts";
import type { Refusal } from "../../../lock/claims.ts";

/** One piece of work. */
export type Operation =
  /**
   * Raise the claim to `union` if need be, and give a token for a grant in `mode`. `tells`: if others are in
   * the way, say who.
   */
  | {
    readonly op: "admit";
    readonly name: string;
    readonly mode: Mode;
    readonly union: Mode;
    readonly graceMs: number;
    readonly tells: boolean;
  }
  /** Let the claim shrink to `union`, after whoever set the value block is done with it. */
  | {
    readonly op: "settle";
    readonly name: string;
    readonly union: Mode;
    readonly closing: "released" | "died" | undefined;
  }
  /** Give up the claim and the descriptor, whatever they are. */
  | { readonly op: "drop"; readonly name: string }
  /** A request waits for what others hold: tell them. */
  | { readonly op: "await"; readonly name: string; readonly mode: Mode }
  /** None does any more. */
  | { readonly op: "calm"; readonly name: string }
  /**
   * Prove that the locks of these descriptors stand, which other workers have open: all of them are threads
   * of one process.
   */
  | { readonly op: "beat"; readonly descriptors: readonly number[] }
  /** Write down who holds it, for people at other daemons. */
  | { readonly op: "note"; readonly name: string; readonly party: Party }
  /** Write the value block. */
  | { readonly op: "value"; readonly name: string; readonly text: string }
  /** Is it held in that mode, and does the file still count that token? */
  | { readonly op: "verify"; readonly name: string; readonly mode: Mode; readonly token: number }
  /** What do others hold of it? */
  | { readonly op: "look"; readonly name: string }
  /** Say that this daemon lives, and who else does. */
  | { readonly op: "sign"; readonly text: string }
  /** Close everything. */
  | { readonly op: "close" };

/** What came of it. */
export type Answer =
  /** A claim stands; the proof began at `provenMs` of the time since the machine was started. */
  | {
    readonly type: "granted";
    readonly descriptor: number;
    readonly token: number;
    readonly value: ValueBlock | undefined;
    readonly provenMs: number;
  }
  | { readonly type: "outside"; readonly mode?: Mode | null; readonly holder?: Party | undefined }
  | { readonly type: "refused"; readonly refusal: Refusal }
  /** The server does not know the claim any more. The descriptor is closed. */
  | { readonly type: "lost" }
  | { readonly type: "beaten"; readonly proofs: readonly Proof[] }
  | { readonly type: "verified"; readonly held: boolean; readonly provenMs: number }
  /** The texts of the other daemons in the roster. */
  | { readonly type: "signed"; readonly peers: readonly string[] }
  | { readonly type: "done" };

/**
 * When the proof began that the locks of a descriptor stand; or that they are lost; or that it is closed, and
 * its worker will tell why.
 */
export type Proof = number | "lost" | "closed";

/** An operation on its way. */
export interface Errand {
  readonly id: number;
  readonly operation: Operation;
}

/** An answer on its way. */
export interface Reply {
  readonly id: number;
  readonly answer: Answer;
}

/** A call on a file that a worker made. */
export interface CallNote {
  readonly operation: "open" | "close" | "lock" | "query" | "read" | "write" | "sync" | "status" | "unlink";
  /** `refused`: another daemon or program is in the way. */
  readonly outcome: "ok" | "refused" | "failed";
  readonly seconds: number;
}

/** What a worker sends: an answer, and the calls that it made for it. */
export interface WorkerReply extends Reply {
  readonly calls: readonly CallNote[];
}
