/**
 * The stream vectors, fed whole, byte by byte, split at every point and in packets of every size.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { LineFrames } from "../../client/protocol/frames.ts";
import { joinBytes, joinText, type Part, type Parts, readVectors } from "./vectors.ts";

interface StreamVector {
  readonly rules: readonly string[];
  readonly frameBytesMax: number;
  readonly stream: readonly Part[];
  readonly lines: readonly Parts[];
  readonly fault: string | null;
}

interface Outcome {
  readonly lines: readonly string[];
  readonly fault: string | null;
}

const VECTORS = readVectors<StreamVector>("streams.json");

const TESTS = new Map([
  ["P-1", "[P-1] LineFrames cuts at LF, drops one CR before it and skips empty lines"],
  ["P-3", "[P-3] LineFrames fails with LIMIT as soon as frameBytesMax bytes came without an end"],
  ["P-4", "[P-4] LineFrames fails with BAD_REQUEST on a line that is not UTF-8"],
  ["P-6", "[P-6] LineFrames never gives a line that has no end"],
]);

deepEqual(new Set(VECTORS.flatMap(({ rules }) => rules)), new Set(TESTS.keys()));

for (const [rule, name] of TESTS) {
  Deno.test(name, () => {
    for (const vector of VECTORS.filter(({ rules }) => rules.includes(rule))) {
      deepEqual(
        feed([joinBytes(vector.stream)], vector.frameBytesMax),
        outcome(vector),
        JSON.stringify(vector),
      );
    }
  });
}

Deno.test("[P-7] LineFrames gives the same however the stream is cut", () => {
  for (const vector of VECTORS) {
    const bytes = joinBytes(vector.stream);
    const expected = outcome(vector);
    const check = (packets: readonly Uint8Array[], how: string) =>
      deepEqual(feed(packets, vector.frameBytesMax), expected, `${how}: ${JSON.stringify(vector)}`);
    for (let at = 0; at <= bytes.length; at++) {
      check([bytes.subarray(0, at), bytes.subarray(at)], `split at ${at}`);
    }
    for (let size = 1; size <= bytes.length; size++) {
      const packets = [];
      for (let at = 0; at < bytes.length; at += size) packets.push(bytes.subarray(at, at + size));
      check(packets, `in packets of ${size}`);
    }
  }
});

Deno.test("[P-3] LineFrames counts the bytes of an unfinished line, not those of the lines before it", () => {
  const frames = new LineFrames(8);
  const push = (text: string) => frames.push(new TextEncoder().encode(text));
  deepEqual(push("abcdef\nabcde"), ["abcdef"]);
  deepEqual(push("fg"), []);
  equal(frames.fault?.code, undefined);
  deepEqual(push("h"), []);
  equal(frames.fault?.code, "LIMIT");
  equal(frames.tailBytes, 0);
  deepEqual(push("\nabc\n"), []);
});

Deno.test("[P-3] LineFrames accepts 65,536 bytes with the end by default", () => {
  const line = new Uint8Array(65_536).fill(0x61);
  line[65_535] = 0x0a;
  const frames = new LineFrames();
  equal(frames.push(line)[0]?.length, 65_535);
  deepEqual(frames.push(line.subarray(0, 65_535)), []);
  equal(frames.fault?.code, undefined);
  frames.push(line.subarray(0, 1));
  equal(frames.fault?.code, "LIMIT");
});

/** What the packets give; all of them go through one buffer, as a reader would do it. */
function feed(packets: readonly Uint8Array[], frameBytesMax: number): Outcome {
  const frames = new LineFrames(frameBytesMax);
  const lines: string[] = [];
  const buffer = new Uint8Array(Math.max(1, ...packets.map(({ length }) => length)));
  for (const packet of packets) {
    buffer.set(packet);
    lines.push(...frames.push(buffer.subarray(0, packet.length)));
    buffer.fill(0x21);
  }
  equal(frames.fault?.id ?? null, null);
  return { lines, fault: frames.fault?.code ?? null };
}

function outcome(vector: StreamVector): Outcome {
  return { lines: vector.lines.map(joinText), fault: vector.fault };
}
