/**
 * What the main thread knows of its claim on one name, whose file a worker has open.
 *
 * | state | what is true |
 * |---|---|
 * | NL | `wanted` is NL; nothing is believed |
 * | asked | `wanted` is more than NL; nothing was given yet, so nothing is believed |
 * | believed | `given`: a grant rests on it, until `provenMs` is as old as a belief may be |
 *
 * `epoch` rises with every loss: what was asked for before it is answered too late to count.
 *
 * @module
 */
import type { ValueBlock } from "../../../../client/protocol/messages.ts";
import type { Mode } from "../../../../client/protocol/modes.ts";
import type { Timed } from "../../../base/deadlines.ts";

/** One name that this daemon claims, waits for, or has asked something about. */
export class RemoteClaim implements Timed {
  /** What the worker was told last that the claim is to be. */
  wanted: Mode = "NL";
  /** Something was granted under it since it was NL. */
  given = false;
  /** When the last proof that it stands began: milliseconds since the machine was started. */
  provenMs = -Infinity;
  /** The descriptor that its locks belong to, while it is believed. */
  descriptor = -1;
  epoch = 0;
  /** Operations that have not been answered. */
  errands = 0;
  /** Admissions among them. */
  admissions = 0;
  /** A proof was asked for. */
  beating = false;
  /** Whoever set the value block is done with it, which the worker was not told yet. */
  closing: "released" | "died" | undefined = undefined;
  /** What the last grant found in the value block. */
  value: ValueBlock | undefined = undefined;
  /** Something was granted since the holder note was written. */
  unnoted = false;
  /** A request waits for what others hold. */
  awaiting = false;
  /** What it waits for, while it stands among the retries. */
  awaitedMode: Mode = "NL";
  /** When others are to be told so again: monotonic milliseconds. */
  noteDueMs = -Infinity;
  backoffMs = 0;
  /** When it was last asked who holds it elsewhere: monotonic milliseconds. */
  toldMs = -Infinity;
  /** When to try again. */
  dueMs = 0;
  heapIndex = -1;

  constructor(readonly name: string, readonly lane: number) {}

  /** Nothing has to be known of it any more. */
  get idle(): boolean {
    return this.wanted === "NL" && this.errands === 0 && !this.awaiting && this.heapIndex === -1;
  }
}
