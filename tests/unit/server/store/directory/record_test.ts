/**
 * Lines in files: written, torn, overwritten.
 *
 * @module
 */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { MODES } from "../../../../../client/protocol/modes.ts";
import { AssertionError } from "../../../../../server/base/assert.ts";
import {
  LINE_BYTES,
  readMode,
  readNumber,
  readOrigin,
  writeLine,
} from "../../../../../server/store/directory/record.ts";

const text = new TextDecoder();
const lines = fc.record({
  letter: fc.constantFrom("T", "W", "L"),
  number: fc.maxSafeNat(),
  mode: fc.constantFrom(...MODES),
  origin: fc.constantFrom("d" as const, "f" as const),
});

function written(line: Parameters<typeof writeLine>[2]): Uint8Array {
  const bytes = new Uint8Array(LINE_BYTES);
  writeLine(bytes, 0, line);
  return bytes;
}

Deno.test("readNumber, readMode and readOrigin read what writeLine wrote, wherever it stands", () => {
  fc.assert(fc.property(lines, fc.nat(100), (line, offset) => {
    const bytes = new Uint8Array(offset + LINE_BYTES + 5).fill(0x55);
    writeLine(bytes, offset, line);
    equal(readNumber(bytes, offset, line.letter), line.number);
    equal(readMode(bytes, offset), line.mode);
    equal(readOrigin(bytes, offset), line.origin);
    ok(bytes.subarray(0, offset).every((byte) => byte === 0x55), "nothing before it is touched");
    ok(bytes.subarray(offset + LINE_BYTES).every((byte) => byte === 0x55), "nothing behind it is touched");
  }));
});

Deno.test("writeLine writes one line of text", () => {
  const line = text.decode(written({ letter: "T", number: 1_805_234_567, mode: "PR", origin: "d" }));
  equal(line.length, LINE_BYTES);
  ok(/^T0000001805234567 PR d [0-9a-f]{8}\n$/.test(line), line);
});

Deno.test("writeLine refuses numbers that it could not give back", () => {
  for (const number of [-1, 1.5, NaN, 2 ** 53]) {
    throws(() => written({ letter: "T", number, mode: "EX", origin: "d" }), AssertionError);
  }
});

Deno.test("readNumber finds no line in a line that was cut or has one byte wrong", () => {
  const whole = written({ letter: "T", number: 4_711, mode: "EX", origin: "d" });
  for (let at = 0; at < LINE_BYTES; at++) {
    for (const byte of [0, 0x20, 0x30, 0x31, 0x64, 0xff]) {
      const torn = whole.slice();
      torn[at] = byte;
      equal(readNumber(torn, 0, "T"), torn[at] === whole[at] ? 4_711 : -1, `byte ${at} is ${byte}`);
    }
    const cut = whole.slice();
    cut.fill(0, at);
    equal(readNumber(cut, 0, "T"), -1, `cut at ${at}`);
  }
});

Deno.test("readNumber finds no line in a line of which the old part and the new part are mixed", () => {
  fc.assert(fc.property(lines, lines, fc.integer({ min: 1, max: LINE_BYTES - 1 }), (old, fresh, at) => {
    const [before, after] = [written(old), written(fresh)];
    const mixed = Uint8Array.of(...after.subarray(0, at), ...before.subarray(at));
    const number = readNumber(mixed, 0, fresh.letter);
    const same = (one: Uint8Array) => one.every((byte, index) => byte === mixed[index]);
    if (!same(before) && !same(after)) equal(number, -1);
  }));
});

Deno.test("readNumber finds no line in what others write, nor in nothing", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: LINE_BYTES, maxLength: LINE_BYTES }), (bytes) => {
    equal(readNumber(bytes, 0, "T"), -1);
  }));
  deepEqual(["T", "W", "L"].map((letter) => readNumber(new Uint8Array(LINE_BYTES), 0, letter)), [-1, -1, -1]);
  equal(readNumber(new TextEncoder().encode("4711\n"), 0, "T"), -1);
  equal(readNumber(new Uint8Array(0), 0, "T"), -1);
});

Deno.test("readNumber does not take one letter for another", () => {
  equal(readNumber(written({ letter: "W", number: 5, mode: "EX", origin: "d" }), 0, "T"), -1);
});
