import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Party } from "../../../../client/protocol/parties.ts";
import type { ExplainedName } from "../../../../client/protocol/watch_messages.ts";
import { sentences } from "../../../../server/web/wait_drawing.js";
import { BOX, waitPicture } from "../../../../server/web/wait_graph.js";

function party(session: string, more: Partial<Party> = {}): Party {
  return { session, request: 1, mode: "EX", since: 0, client: { name: session }, ...more };
}

function explained(name: string, held: readonly string[], waiting: readonly string[]): ExplainedName {
  return {
    name,
    held: held.map((session) => party(session)),
    waiting: waiting.map((session, index) => ({ ...party(session), position: index + 1, blockedBy: [] })),
    heldCount: held.length,
    waitingCount: waiting.length,
    outside: null,
  };
}

Deno.test("waitPicture: who waits stands left of the name, and that left of who holds it", () => {
  const { boxes, arrows, circles } = waitPicture([
    explained("x", ["A"], ["B"]),
    explained("y", ["B"], ["C"]),
  ]);
  const columns = Object.fromEntries(boxes.map(({ title, column }) => [title, column]));
  deepEqual(columns, { C: 0, y: 1, B: 2, x: 3, A: 4 });
  equal(arrows.length, 4);
  equal(circles, 0);
});

Deno.test("waitPicture: a circle is marked by one arrow, and still drawn", () => {
  const { arrows, circles, boxes } = waitPicture([
    explained("x", ["A"], ["B"]),
    explained("y", ["B"], ["A"]),
  ]);
  equal(circles, 1);
  equal(arrows.length, 4);
  equal(boxes.length, 4);
});

Deno.test("waitPicture: owners of one session are boxes of their own, and who is too many is counted", () => {
  const one = explained("x", [], ["B", "C", "D", "E", "F"]);
  const held = [party("A", { owner: "1" }), party("A", { owner: "2", request: 2 })];
  const { boxes } = waitPicture([{ ...one, held, heldCount: 2, outside: "PR" }]);
  equal(boxes.filter(({ title }) => title === "A").length, 2);
  ok(boxes.some(({ title }) => title === "1 more"));
  ok(boxes.some(({ title }) => title === "another process"));
});

Deno.test("waitPicture: of whatever is explained no two boxes overlap, and arrows go right but for those of circles", () => {
  const name = fc.record({
    held: fc.uniqueArray(fc.nat(6), { maxLength: 3 }),
    waiting: fc.uniqueArray(fc.nat(6), { maxLength: 4 }),
  });
  fc.assert(fc.property(fc.array(name, { maxLength: 8 }), (names) => {
    const { boxes, arrows, width, height } = waitPicture(
      names.map(({ held, waiting }, index) =>
        explained(`n${index}`, held.map((who) => `s${who}`), waiting.map((who) => `s${who}`))
      ),
    );
    for (const [index, one] of boxes.entries()) {
      ok(one.x + BOX.width <= width && one.y >= 0 && one.y + BOX.height <= height);
      for (const other of boxes.slice(index + 1)) {
        ok(
          one.column !== other.column || Math.abs(one.y - other.y) >= BOX.height,
          `${one.id} on ${other.id}`,
        );
      }
    }
    const columnOf = new Map(boxes.map(({ id, column }) => [id, column]));
    for (const { from, to, closesCircle } of arrows) {
      ok(closesCircle || columnOf.get(from)! < columnOf.get(to)!, `${from} to ${to}`);
    }
  }));
});

Deno.test("sentences: the picture in words", () => {
  deepEqual(sentences([{ ...explained("x", ["A"], ["B"]), waitingCount: 3, outside: "PR" }]), [
    "B waits for x in EX, place 1: held by A in EX, another process in PR.",
    "2 more wait for x.",
  ]);
});
