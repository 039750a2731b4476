import { deepEqual, equal } from "node:assert/strict";
import { MODES } from "../../../../../client/protocol/modes.ts";
import { compatible } from "../../../../../server/lock/mode.ts";
import { Layout } from "../../../../../server/store/etcd/layout.ts";
import type { Comparison } from "../../../../../server/store/etcd/transaction.ts";

const LAYOUT = new Layout("t/");

function isFree(comparisons: readonly Comparison[], key: string): boolean {
  return comparisons.every(({ key: from, end }) =>
    end === undefined ? key !== from : key < from || key >= end
  );
}

Deno.test("[P-22] Layout.free is false for exactly the modes that conflict, all 36 pairs, in one range", () => {
  for (const wanted of MODES) {
    const free = LAYOUT.free("h", "a/b", wanted);
    equal(free.length, wanted === "NL" ? 0 : 1);
    for (const held of MODES) {
      const key = LAYOUT.request("h", "a/b", held, "s.1");
      equal(isFree(free, key), compatible(wanted, held), `${wanted} beside ${held}`);
      // Names that begin with this one, and sections beside this one, are no matter.
      equal(isFree(free, LAYOUT.request("h", "a/b/c", held, "s.1")), true);
      equal(isFree(free, LAYOUT.request("w", "a/b", held, "s.1")), true);
    }
  }
});

Deno.test("Layout.free passes over the keys that are one's own, and over no others", () => {
  const own = ["CW", "EX", "PR"].map((mode) => LAYOUT.request("h", "x", mode as "CW", "s.1"));
  const free = LAYOUT.free("h", "x", "EX", own);
  for (const key of own) {
    equal(isFree(free, key), true);
    equal(isFree(free, `${key}0`), false);
  }
  equal(isFree(free, LAYOUT.request("h", "x", "PW", "s.1")), false);
});

Deno.test("Layout.parse reads what it wrote, and nothing else", () => {
  for (const section of ["h", "w", "c"] as const) {
    for (const mode of MODES) {
      const id = "hq-2_v.7";
      deepEqual(LAYOUT.parse(LAYOUT.request(section, "a/b", mode, id)), { section, name: "a/b", mode, id });
    }
  }
  deepEqual(LAYOUT.parse(LAYOUT.session("hq2v")), { section: "s", id: "hq2v" });
  deepEqual(LAYOUT.parse(LAYOUT.note("hq2v.7")), { section: "n", id: "hq2v.7" });
  deepEqual(LAYOUT.parse(LAYOUT.value("a/b")), { section: "v", name: "a/b" });
  for (const key of ["t/h/x", "t/h/x\x009s.1", "t/x/y\x001s.1", "u/s/hq2v", LAYOUT.barrier]) {
    equal(LAYOUT.parse(key), undefined);
  }
});
