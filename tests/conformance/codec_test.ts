/**
 * The vectors of single frames: good requests, bad requests and server messages.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  checkRequest,
  decodeRequest,
  decodeServerMessage,
  encodeMessage,
  encodeRequest,
  isAnswerTo,
} from "../../client/protocol/codec.ts";
import type { Answer, Operation, Request, ServerMessage } from "../../client/protocol/messages.ts";
import { MODE_ALIASES, type ModeName, MODES } from "../../client/protocol/modes.ts";
import { lockNameFault } from "../../client/protocol/names.ts";
import { textFault } from "../../client/protocol/text.ts";
import { joinText, joinWithin, type Parts, readVectors } from "./vectors.ts";

interface GoodVector {
  readonly rules: readonly string[];
  readonly frame: Parts;
  readonly request: unknown;
}

interface BadVector {
  readonly rules: readonly string[];
  readonly frame: Parts;
  readonly id: number | null;
  readonly code: string;
  /** The field that the message must name. */
  readonly field?: string;
}

interface MessageVector {
  readonly kind: Operation | "error" | "push" | "ignored" | "none";
  readonly frame: string;
  readonly message?: unknown;
}

const GOOD = readVectors<GoodVector>("good_requests.json");
const BAD = readVectors<BadVector>("bad_requests.json");
const MESSAGES = readVectors<MessageVector>("server_messages.json");

const GOOD_TESTS = new Map([
  ["P-5", "[P-5] decodeRequest reads a JSON object however it is written"],
  ["P-8", "[P-8] decodeRequest reads ids up to 2^53 - 1"],
  ["P-9", "[P-9] decodeRequest leaves the fields of another version's hello unjudged"],
  ["P-14", "[P-14] decodeRequest reads what a client says of itself"],
  ["P-20", "[P-20] decodeRequest reads every name of the grammar"],
  ["P-21", "[P-21] decodeRequest reads modes and aliases, EX when none is named"],
  ["P-23", "[P-23] decodeRequest reads a wait of 0 to 2^31 - 1 ms, or none"],
  ["P-28", "[P-28] decodeRequest reads a reason of up to 256 bytes"],
  ["P-31", "[P-31] decodeRequest reads a cancel"],
  ["P-41", "[P-41] decodeRequest fills in the limit of a list"],
]);

const BAD_TESTS = new Map([
  ["P-5", "[P-5] decodeRequest refuses what is not a JSON object with a null id"],
  ["P-8", "[P-8] decodeRequest refuses an id that is not an integer from 1 to 2^53 - 1"],
  ["P-9", "[P-9] decodeRequest names unknown operations, missing, wrong and unknown fields"],
  ["P-14", "[P-14] decodeRequest refuses long texts, control characters and pids below 1"],
  ["P-20", "[P-20] decodeRequest refuses names outside the grammar"],
  ["P-21", "[P-21] decodeRequest refuses other words than modes and aliases"],
  ["P-23", "[P-23] decodeRequest refuses a wait that is not an integer from 0 to 2^31 - 1"],
  ["P-28", "[P-28] decodeRequest refuses a reason that is no good text"],
  ["P-31", "[P-31] decodeRequest refuses a cancel of no request"],
  ["P-41", "[P-41] decodeRequest refuses a list out of range"],
]);

deepEqual(new Set(GOOD.flatMap(({ rules }) => rules)), new Set(GOOD_TESTS.keys()));
deepEqual(new Set(BAD.flatMap(({ rules }) => rules)), new Set(BAD_TESTS.keys()));

for (const [rule, name] of GOOD_TESTS) {
  Deno.test(name, () => {
    for (const { frame, request } of GOOD.filter(({ rules }) => rules.includes(rule))) {
      deepEqual(decodeRequest(joinText(frame)), joinWithin(request), JSON.stringify(frame));
    }
  });
}

for (const [rule, name] of BAD_TESTS) {
  Deno.test(name, () => {
    for (const { frame, id, code, field } of BAD.filter(({ rules }) => rules.includes(rule))) {
      const result = decodeRequest(joinText(frame));
      const told = `${JSON.stringify(frame)} gave ${JSON.stringify(result)}`;
      ok("fault" in result, told);
      deepEqual([result.id, result.code], [id, code], told);
      if (field !== undefined) ok(result.message.includes(`field ${field}:`), told);
      // What the peer sent is shown in part only, or an answer could be as long as a frame.
      ok(result.message.length < 300, told);
    }
  });
}

Deno.test("[P-9] decodeServerMessage reads answers and pushes, and ignores unknown fields and pushes", () => {
  for (const { kind, frame, message } of MESSAGES) {
    const read = decodeServerMessage(frame);
    if (kind === "ignored") equal(read, "ignored", frame);
    else if (kind === "none") equal(read, undefined, frame);
    else deepEqual(read, message, frame);
  }
});

Deno.test("isAnswerTo tells the answers of the operations apart", () => {
  const operations: readonly Operation[] = ["hello", "acquire", "cancel", "who", "list"];
  for (const { kind, message } of MESSAGES.filter(({ kind }) => kind !== "ignored" && kind !== "none")) {
    if (kind === "push") continue;
    const fitting = operations.filter((operation) => isAnswerTo(operation, message as Answer));
    deepEqual(fitting, operations.filter((operation) => operation === kind), JSON.stringify(message));
    equal(isAnswerTo("release", message as Answer), kind === "release" || kind === "acquire");
  }
});

Deno.test("encodeMessage writes what a client reads", () => {
  // A server writes no fields that this version does not know.
  const written = MESSAGES.filter(({ frame, message }) =>
    frame === JSON.stringify(message) && !frame.includes("colour")
  );
  ok(written.length >= 10);
  for (const { frame, message } of written) equal(encodeMessage(message as ServerMessage), frame);
});

const id = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
const lockName = fc.stringMatching(/^[A-Za-z0-9._\-:/@~+=]{1,200}$/).filter((name) =>
  lockNameFault(name) === undefined
);
const text = fc.string({ unit: "grapheme", maxLength: 80 }).filter((value) => textFault(value) === undefined);
const modeName = fc.constantFrom<ModeName>(...MODES, "shared", "update", "exclusive");

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({
    id,
    op: fc.constant("hello" as const),
    version: fc.constant(1),
    client: fc.record({ name: text, host: text, pid: id }, { requiredKeys: [] }),
  }),
  fc.record({
    id,
    op: fc.constant("acquire" as const),
    name: lockName,
    mode: modeName,
    wait: fc.nat(),
    reason: text,
  }, {
    requiredKeys: ["id", "op", "name"],
  }),
  fc.record({ id, op: fc.constant("release" as const), lock: id }),
  fc.record({ id, op: fc.constant("cancel" as const), request: id }),
  fc.record({ id, op: fc.constant("who" as const), name: lockName }),
  fc.record({
    id,
    op: fc.constant("list" as const),
    prefix: lockName,
    after: lockName,
    limit: fc.integer({ min: 1, max: 1000 }),
  }, { requiredKeys: ["id", "op"] }),
);

Deno.test("decodeRequest reads what encodeRequest wrote, with the defaults filled in", () => {
  fc.assert(fc.property(request, (written) => {
    const read = decodeRequest(encodeRequest(written));
    const expected: Record<string, unknown> = { ...written };
    if (written.op === "acquire") {
      const mode = written.mode ?? "EX";
      expected.mode = Object.hasOwn(MODE_ALIASES, mode)
        ? MODE_ALIASES[mode as keyof typeof MODE_ALIASES]
        : mode;
    } else if (written.op === "list") {
      expected.prefix ??= "";
      expected.limit ??= 100;
    }
    deepEqual(read, expected);
    deepEqual(checkRequest(written as unknown as Record<string, unknown>), expected);
  }));
});

Deno.test("[P-8] decodeRequest echoes every id that it could read, whatever the rest is", () => {
  const words = fc.constantFrom("acquire", "release", "hello", "list", "who", "cancel", "__proto__");
  const names = fc.constantFrom(
    "name",
    "mode",
    "wait",
    "lock",
    "request",
    "client",
    "version",
    "prefix",
    "toString",
  );
  fc.assert(fc.property(id, words, fc.dictionary(names, fc.jsonValue()), (number, op, rest) => {
    equal(decodeRequest(JSON.stringify({ ...rest, id: number, op })).id, number);
  }));
});

Deno.test("[P-5] decodeRequest refuses every text that JSON.parse refuses, and throws on none", () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (frame) => {
    const result = decodeRequest(frame);
    if ("fault" in result) equal(result.id, null);
    decodeServerMessage(frame);
  }));
});
