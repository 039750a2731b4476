import { equal, match, notEqual } from "node:assert/strict";
import { inspect } from "node:util";
import { isSameText, LockKeys } from "../../../../server/http/lock_keys.ts";

const SECRET = new Uint8Array(32).fill(7);

Deno.test("[H-8] LockKeys gives each session a key of its own, always the same", () => {
  const keys = new LockKeys(SECRET);
  match(keys.keyOf("s1"), /^[A-Za-z0-9_-]{32}$/);
  equal(keys.keyOf("s1"), new LockKeys(SECRET.slice()).keyOf("s1"));
  notEqual(keys.keyOf("s1"), keys.keyOf("s2"));
  notEqual(keys.keyOf("s1"), new LockKeys(new Uint8Array(32)).keyOf("s1"));
});

Deno.test("[H-8] LockKeys takes a key for its own session alone", () => {
  const keys = new LockKeys(SECRET);
  const key = keys.keyOf("s1");
  equal(keys.fits("s1", key), true);
  for (const wrong of ["", key.slice(1), `${key} `, key.toUpperCase(), keys.keyOf("s2")]) {
    equal(keys.fits("s1", wrong), false, wrong);
  }
  equal(keys.fits("s2", key), false);
  equal(isSameText("ä", "ä"), true);
});

Deno.test("[H-8] LockKeys shows no secret to a log", () => {
  equal(/7, 7|BwcH/.test(inspect(new LockKeys(SECRET), { showHidden: true, depth: 9 })), false);
  equal(JSON.stringify(new LockKeys(SECRET)), "{}");
});
