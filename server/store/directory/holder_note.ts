/**
 * The holder note of a lock file: who holds it, for people at other daemons. Written some time after the
 * grant, never in its way, and never wiped: a note counts only while its token is the one that the file's
 * record tells of, and for nobody who wrote it, since that one knows better. (Of several that share a name
 * the last one is told of; when that one alone let go, a third daemon may be told of it still.)
 *
 * @module
 */
import { isParties } from "../../../client/protocol/codec.ts";
import type { Party } from "../../../client/protocol/messages.ts";
import type { FileCalls } from "../../../ffi/file_calls.ts";
import { HEAD_BYTES } from "./grace_mark.ts";
import { readMode, readNumber } from "./record.ts";
import { VALUE_AT } from "./value_block.ts";

/** Where the note begins, in bytes. */
export const NOTE_TEXT_AT = HEAD_BYTES;

const NOTE_BYTES_MAX = VALUE_AT - NOTE_TEXT_AT;

/**
 * Writes the note, signed by its writer. What does not fit is left out: the labels first, then the reason.
 */
export function writeHolderNote(calls: FileCalls, fd: number, party: Party, writer?: string): void {
  const { labels: _labels, ...short } = party;
  const { reason: _reason, client: _client, ...shortest } = short;
  for (const shown of [party, short, shortest]) {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...shown, writer }) + "\n");
    if (bytes.length > NOTE_BYTES_MAX) continue;
    const note = new Uint8Array(NOTE_BYTES_MAX).fill(0x20);
    note.set(bytes);
    // A note that cannot be written is missed by people only.
    calls.write(fd, note, NOTE_TEXT_AT);
    return;
  }
}

/**
 * Who holds the file according to its note; undefined when there is none that still counts, or `reader` wrote
 * it.
 */
export function readHolderNote(calls: FileCalls, fd: number, reader?: string): Party | undefined {
  const bytes = new Uint8Array(VALUE_AT);
  if (calls.read(fd, bytes, 0) < NOTE_TEXT_AT) return undefined;
  const number = readNumber(bytes, 0, "T");
  const note = parseParty(new TextDecoder().decode(bytes.subarray(NOTE_TEXT_AT)));
  if (number < 0 || note === undefined || (note.writer !== undefined && note.writer === reader)) {
    return undefined;
  }
  const { writer: _writer, ...party } = note;
  // EX leaves one number more in the record than it used; a CR is beside grants that raise it.
  const newest = readMode(bytes, 0) === "EX" ? number - 1 : number;
  return party.token === newest ? party : undefined;
}

/** A note as it is written. */
interface SignedParty extends Party {
  readonly writer?: string;
}

function parseParty(text: string): SignedParty | undefined {
  const end = text.indexOf("\n");
  if (end < 0 || !text.startsWith("{")) return undefined;
  try {
    const party = JSON.parse(text.slice(0, end)) as SignedParty;
    // A client would not go on with a session in which it was told of something else.
    return isParties([party]) ? party : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
