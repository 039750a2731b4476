/**
 * The matrix of modes, all of it.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Mode, MODES } from "../../../../client/protocol/modes.ts";
import { compatible, CONFLICTS, covers, MODE_BIT, union } from "../../../../server/lock/mode.ts";
import { friends } from "../../../support/lock_model_parts.ts";

/** The table of [P-22], as it stands there. */
const MATRIX = `
       NL CR CW PR PW EX
    NL y  y  y  y  y  y
    CR y  y  y  y  y  n
    CW y  y  y  n  n  n
    PR y  y  n  y  n  n
    PW y  y  n  n  n  n
    EX y  n  n  n  n  n`;

/** Every set of modes that can be in force together, as lists. One mode may be in force more than once. */
function* possibleSets(): Generator<Mode[]> {
  for (let bits = 0; bits < 64; bits++) {
    const set = MODES.filter((mode) => bits & MODE_BIT[mode]);
    if (set.every((one) => set.every((other) => one === other || friends(one, other)))) yield set;
  }
}

const bitsOf = (set: readonly Mode[]) => set.reduce((bits, mode) => bits | MODE_BIT[mode], 0);
const keptOut = (set: readonly Mode[]) => MODES.filter((mode) => set.some((held) => !friends(held, mode)));

Deno.test("[P-22] compatible says of all 36 pairs what the matrix says", () => {
  const [columns = [], ...rows] = MATRIX.trim().split("\n").map((row) => row.trim().split(/\s+/));
  deepEqual(columns, MODES);
  equal(rows.length, MODES.length);
  let pairs = 0;
  for (const [row, ...cells] of rows) {
    cells.forEach((cell, index) => {
      const column = columns[index] as Mode;
      equal(compatible(row as Mode, column), cell === "y", `${row} beside ${column}`);
      equal(friends(row as Mode, column), cell === "y", `the model: ${row} beside ${column}`);
      pairs++;
    });
  }
  equal(pairs, 36);
});

Deno.test("MODE_BIT has a bit of its own for each mode", () => {
  deepEqual(MODES.map((mode) => MODE_BIT[mode]), [1, 2, 4, 8, 16, 32]);
});

Deno.test("CONFLICTS is symmetric", () => {
  for (const one of MODES) {
    for (const other of MODES) {
      equal((CONFLICTS[one] & MODE_BIT[other]) !== 0, (CONFLICTS[other] & MODE_BIT[one]) !== 0);
    }
  }
});

Deno.test("union of every set that can be held keeps out exactly what the set keeps out", () => {
  let sets = 0;
  for (const set of possibleSets()) {
    const mode = union(bitsOf(set));
    deepEqual(keptOut([mode]), keptOut(set), `{${set}} as ${mode}`);
    if (set.length > 0) ok(set.includes(mode), `the union of {${set}} is one of them`);
    sets++;
  }
  equal(union(0), "NL");
  // Each of the six may stand alone or beside NL; CW, PR and PW beside CR as well.
  equal(sets, 6 + 6 + 6);
});

Deno.test("covers says whether one mode keeps out all that the other keeps out", () => {
  for (const held of MODES) {
    for (const wanted of MODES) {
      const out = keptOut([held]);
      equal(
        covers(held, wanted),
        keptOut([wanted]).every((mode) => out.includes(mode)),
        `${held}, ${wanted}`,
      );
    }
  }
});

Deno.test("covers: the union of a set covers every mode of it", () => {
  for (const set of possibleSets()) {
    for (const mode of set) ok(covers(union(bitsOf(set)), mode), `{${set}}, ${mode}`);
  }
});
