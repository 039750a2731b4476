/**
 * The vectors of single frames: good requests, bad requests and server messages.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  decodeRequest,
  decodeServerMessage,
  encodeMessage,
  encodeRequest,
  isAnswerTo,
} from "../../client/protocol/codec.ts";
import type { Answer, Operation, Request, ServerMessage } from "../../client/protocol/messages.ts";
import { MODE_ALIASES, type ModeName, MODES } from "../../client/protocol/modes.ts";
import { lockNameFault } from "../../client/protocol/names.ts";
import {
  LABELS_MAX,
  LIFE_MS_MAX,
  LIFE_MS_MIN,
  NAMES_PER_REQUEST_MAX,
  WORD_BYTES_MAX,
} from "../../client/protocol/limits.ts";
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
  ["P-15", "[P-15] decodeRequest reads a grace of 0 to 366 days, a resume, a bye"],
  ["P-17", "[P-17] decodeRequest reads a ping"],
  ["P-20", "[P-20] decodeRequest reads every name of the grammar"],
  ["P-21", "[P-21] decodeRequest reads modes and aliases, EX when none is named"],
  ["P-23", "[P-23] decodeRequest reads a wait of 0 to 2^31 - 1 ms, or none"],
  ["P-28", "[P-28] decodeRequest reads a reason of up to 256 bytes"],
  ["P-31", "[P-31] decodeRequest reads a cancel"],
  ["P-32", "[P-32] decodeRequest reads 1 to 32 names, and one name as a list of one"],
  ["P-33", "[P-33] decodeRequest reads an owner of 1 to 64 bytes"],
  ["P-34", "[P-34] decodeRequest reads a ttl of 100 ms to 366 days"],
  ["P-35", "[P-35] decodeRequest reads a maxHold of 100 ms to 366 days"],
  ["P-36", "[P-36] decodeRequest reads up to 8 labels of up to 64 bytes"],
  ["P-37", "[P-37] decodeRequest reads a wish for yield notices"],
  ["P-38", "[P-38] decodeRequest reads a convert, its modes, aliases and waits"],
  ["P-41", "[P-41] decodeRequest fills in the limit of a list"],
  ["P-43", "[P-43] decodeRequest reads a renew with and without a ttl"],
  ["P-44", "[P-44] decodeRequest reads a break with its token and reason"],
  ["P-45", "[P-45] decodeRequest reads a releaseAll"],
  ["P-46", "[P-46] decodeRequest fills in the limit of a sessions"],
  ["P-47", "[P-47] decodeRequest reads a kick with its reason"],
  ["P-48", "[P-48] decodeRequest reads a status"],
  ["P-49", "[P-49] decodeRequest reads a drain"],
  ["P-56", "[P-56] decodeRequest fills in the prefix of a watch"],
  ["P-57", "[P-57] decodeRequest reads an explain"],
  ["P-80", "[P-80] decodeRequest reads a token of 1 to 512 characters"],
]);

const BAD_TESTS = new Map([
  ["P-5", "[P-5] decodeRequest refuses what is not a JSON object with a null id"],
  ["P-8", "[P-8] decodeRequest refuses an id that is not an integer from 1 to 2^53 - 1"],
  ["P-9", "[P-9] decodeRequest names unknown operations, missing, wrong and unknown fields"],
  ["P-14", "[P-14] decodeRequest refuses long texts, control characters and pids below 1"],
  [
    "P-15",
    "[P-15] decodeRequest refuses a grace out of range, and a resume that is half or has more beside it",
  ],
  ["P-17", "[P-17] decodeRequest refuses a ping with a payload"],
  ["P-20", "[P-20] decodeRequest refuses names outside the grammar"],
  ["P-21", "[P-21] decodeRequest refuses other words than modes and aliases"],
  ["P-23", "[P-23] decodeRequest refuses a wait that is not an integer from 0 to 2^31 - 1"],
  ["P-28", "[P-28] decodeRequest refuses a reason that is no good text"],
  ["P-31", "[P-31] decodeRequest refuses a cancel of no request"],
  ["P-32", "[P-32] decodeRequest refuses no names, too many, one twice, a bad one, and a name beside them"],
  ["P-33", "[P-33] decodeRequest refuses an owner that is empty, long or no good text"],
  ["P-34", "[P-34] decodeRequest refuses a ttl that is not an integer from 100 ms to 366 days"],
  ["P-35", "[P-35] decodeRequest refuses a maxHold that is not an integer from 100 ms to 366 days"],
  ["P-36", "[P-36] decodeRequest refuses labels that are too many, too long or no texts"],
  ["P-37", "[P-37] decodeRequest refuses a yield that is neither true nor false"],
  ["P-38", "[P-38] decodeRequest refuses a convert without a lock or a mode, and waits out of range"],
  ["P-41", "[P-41] decodeRequest refuses a list out of range"],
  ["P-43", "[P-43] decodeRequest refuses a renew of no lock, and a ttl out of range"],
  ["P-44", "[P-44] decodeRequest refuses a break without a name, a token or a reason"],
  ["P-45", "[P-45] decodeRequest refuses a releaseAll of one lock"],
  ["P-46", "[P-46] decodeRequest refuses a sessions out of range"],
  ["P-47", "[P-47] decodeRequest refuses a kick without a session or a reason"],
  ["P-48", "[P-48] decodeRequest refuses a status of anything"],
  ["P-49", "[P-49] decodeRequest refuses a drain with a choice"],
  ["P-56", "[P-56] decodeRequest refuses a watch of what begins no name"],
  ["P-57", "[P-57] decodeRequest refuses an explain of no name"],
  [
    "P-80",
    "[P-80] decodeRequest refuses a token that is empty, long or no printable ASCII, and does not show it",
  ],
]);

deepEqual(new Set(GOOD.flatMap(({ rules }) => rules)), new Set(GOOD_TESTS.keys()));
deepEqual(new Set(BAD.flatMap(({ rules }) => rules)), new Set(BAD_TESTS.keys()));

for (const [rule, name] of GOOD_TESTS) {
  Deno.test(name, () => {
    for (const { frame, request } of GOOD.filter(({ rules }) => rules.includes(rule))) {
      deepEqual(present(decodeRequest(joinText(frame))), joinWithin(request), JSON.stringify(frame));
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
      if (rule === "P-80") ok(!/tttt|two words|a\\nb/.test(result.message), told);
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
  // Answers that name a lock and little else cannot be told from each other: the id of the request does that.
  const alone: readonly Operation[] = ["hello", "acquire", "cancel", "break", "who", "list"];
  const answers = MESSAGES.filter(({ kind }) => !["ignored", "none", "push"].includes(kind));
  for (const { kind, message } of answers) {
    const fitting = alone.filter((operation) => isAnswerTo(operation, message as Answer));
    deepEqual(fitting, alone.filter((operation) => operation === kind), JSON.stringify(message));
    if (kind !== "error") ok(isAnswerTo(kind as Operation, message as Answer), JSON.stringify(message));
    const namesLock = Object.hasOwn(message as object, "lock");
    equal(isAnswerTo("release", message as Answer), namesLock, JSON.stringify(message));
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

const word = fc.string({ unit: "grapheme", maxLength: 20 }).filter((value) =>
  textFault(value, WORD_BYTES_MAX) === undefined
);
const life = fc.integer({ min: LIFE_MS_MIN, max: LIFE_MS_MAX });
const wish = {
  id,
  op: fc.constant("acquire" as const),
  mode: modeName,
  wait: fc.nat(),
  owner: word.filter((value) => value !== ""),
  reason: text,
  labels: fc.dictionary(word, word, { maxKeys: LABELS_MAX }),
  ttl: life,
  maxHold: life,
  yield: fc.boolean(),
};

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({
    id,
    op: fc.constant("hello" as const),
    version: fc.constant(1),
    client: fc.record({ name: text, host: text, pid: id }, { requiredKeys: [] }),
  }),
  fc.record({ ...wish, name: lockName }, { requiredKeys: ["id", "op", "name"] }),
  fc.record({
    ...wish,
    names: fc.uniqueArray(lockName, { minLength: 1, maxLength: NAMES_PER_REQUEST_MAX }),
  }, { requiredKeys: ["id", "op", "names"] }),
  fc.record({ id, op: fc.constant("release" as const), lock: id }),
  fc.record({ id, op: fc.constant("convert" as const), lock: id, mode: modeName, wait: fc.nat() }, {
    requiredKeys: ["id", "op", "lock", "mode"],
  }),
  fc.record({ id, op: fc.constant("renew" as const), lock: id, ttl: life }, {
    requiredKeys: ["id", "op", "lock"],
  }),
  fc.record({
    id,
    op: fc.constant("break" as const),
    name: lockName,
    token: id,
    reason: text.filter((value) => value !== ""),
  }),
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

Deno.test("decodeRequest reads every good request, and what encodeRequest makes of it", () => {
  fc.assert(fc.property(request, (written) => {
    const expected: Record<string, unknown> = { ...written };
    if (written.op === "acquire" || written.op === "convert") {
      const mode = written.mode ?? "EX";
      expected.mode = Object.hasOwn(MODE_ALIASES, mode)
        ? MODE_ALIASES[mode as keyof typeof MODE_ALIASES]
        : mode;
    }
    if (written.op === "acquire") {
      expected.names = written.names ?? [written.name];
      delete expected.name;
    } else if (written.op === "list") {
      expected.prefix ??= "";
      expected.limit ??= 100;
    }
    const read = decodeRequest(JSON.stringify(written));
    ok(!("fault" in read), JSON.stringify(read));
    deepEqual(present(read), present(expected));
    deepEqual(decodeRequest(encodeRequest(read)), read);
  }));
});

Deno.test("[P-8] decodeRequest echoes every id that it could read, whatever the rest is", () => {
  const words = fc.constantFrom("acquire", "convert", "renew", "break", "list", "cancel", "__proto__");
  const names = fc.constantFrom(
    "name",
    "mode",
    "wait",
    "lock",
    "request",
    "client",
    "version",
    "prefix",
    "names",
    "owner",
    "labels",
    "ttl",
    "yield",
    "token",
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

/** The same without what is undefined: what travels. */
function present(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}
