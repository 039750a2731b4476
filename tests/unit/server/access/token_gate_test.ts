import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { TokenGate } from "../../../../server/access/token_gate.ts";
import { newToken, TOKEN_BYTES_MIN, tokenDigest, tokenFault } from "../../../../server/access/token_text.ts";
import { parseTokens } from "../../../../server/access/tokens_text.ts";
import { createLog } from "../../../../server/base/log.ts";
import { type Access, isAccess } from "../../../../server/session/access.ts";

const [ALICE, BOB, WEAK] = [
  "alice-".padEnd(30, "a"),
  "bob-".padEnd(30, "b"),
  "w".repeat(TOKEN_BYTES_MIN - 1),
];

function line(subject: string, token: string, ...rules: string[]): string {
  return `${subject} sha256:${tokenDigest(token).toString("hex")} ${rules.join(" ")}`;
}

function setUp(...lines: string[]) {
  const clock = { ms: 0, now: () => clock.ms, wallMs: () => Date.UTC(2027, 0, 1) + clock.ms };
  let logged = "";
  const log = createLog({ level: "debug", clock, write: (text) => logged += text });
  const gate = new TokenGate(parseTokens(lines.join("\n")), { clock, log });
  const access = (token?: string): Access => {
    const found = gate.identify(token);
    ok(isAccess(found));
    return found;
  };
  return { gate, clock, access, logged: () => logged };
}

Deno.test("TokenGate knows whom a token belongs to, and what that one may", () => {
  const { access } = setUp(line("alice", ALICE, "read:a*"), line("bob", BOB, "acquire:b*"));
  equal(access(ALICE).subject, "alice");
  equal(access(BOB).subject, "bob");
  deepEqual([access(ALICE).allows("read", "a1"), access(ALICE).allows("acquire", "b1")], [true, false]);
  deepEqual([access(BOB).allows("read", "a1"), access(BOB).allows("acquire", "b1")], [false, true]);
  deepEqual([access(BOB).allowsBelow("acquire", ""), access(BOB).allowsBelow("acquire", "a")], [true, false]);
});

Deno.test("[P-80] TokenGate refuses every wrong token in the same words, and strangers unless they are let in", () => {
  const { gate, clock } = setUp(line("alice", ALICE, "read:*", "expires:2027-01-02"));
  const wrong = gate.identify(BOB);
  deepEqual(wrong, {
    code: "UNAUTHENTICATED",
    message: "Cannot tell who asks: no such token, or it has expired",
  });
  deepEqual(gate.identify(""), wrong);
  deepEqual(gate.identify(ALICE.slice(1)), wrong);
  equal(isAccess(gate.identify(undefined)), false);
  equal(gate.admitsStrangers, false);
  clock.ms = 24 * 3_600_000;
  deepEqual(gate.identify(ALICE), wrong);
  const open = setUp("strangers anonymous read:status/*");
  equal(open.gate.admitsStrangers, true);
  equal(open.access().subject, "strangers");
  equal(open.access().allows("read", "status/x"), true);
  equal(isAccess(open.gate.identify("")), false);
});

Deno.test("TokenGate does not take a token that somebody may have chosen, even when its digest is known", () => {
  const { gate } = setUp(line("weak", WEAK, "read:*"));
  equal(isAccess(gate.identify(WEAK)), false);
  match(tokenFault(WEAK) ?? "", /could be guessed/);
});

Deno.test("[P-84] TokenGate changes what a living access may with the file, and ends it with its token", () => {
  const { gate, access } = setUp(line("alice", ALICE, "read:a*"), line("bob", BOB, "read:*"));
  const [alice, bob] = [access(ALICE), access(BOB)];
  gate.load(parseTokens(line("alice", ALICE, "acquire:a*")));
  deepEqual([alice.allows("read", "a"), alice.allows("acquire", "a"), alice.ended], [false, true, undefined]);
  deepEqual([bob.allows("read", "a"), bob.allowsBelow("read", "")], [false, false]);
  match(bob.ended ?? "", /withdrawn/);
  // The token of one that is given to another is not the first one's any more.
  gate.load(parseTokens(line("carol", ALICE, "read:*")));
  match(alice.ended ?? "", /withdrawn/);
  equal(alice.allows("read", "a"), false);
});

Deno.test("[P-84] TokenGate says when the next token ends, and ends it then", () => {
  const { gate, clock, access } = setUp(
    line("alice", ALICE, "read:*", "expires:2027-01-03"),
    line("bob", BOB, "read:*", "expires:2027-01-02"),
  );
  const [alice, bob] = [access(ALICE), access(BOB)];
  equal(gate.nextEndWallMs, Date.UTC(2027, 0, 2));
  clock.ms = 24 * 3_600_000;
  deepEqual([alice.ended, bob.allows("read", "a")], [undefined, false]);
  notEqual(bob.ended, undefined);
  equal(gate.nextEndWallMs, Date.UTC(2027, 0, 3));
  clock.ms *= 2;
  equal(gate.nextEndWallMs, Infinity);
});

Deno.test("TokenGate logs refusals once a second, with the address, and no token", () => {
  const { gate, clock, logged } = setUp(line("alice", ALICE, "read:*"));
  for (let count = 0; count < 5; count++) gate.identify(BOB, "192.0.2.7");
  clock.ms = 1_000;
  gate.identify(BOB, "192.0.2.8");
  gate.identify(ALICE, "192.0.2.9");
  const lines = logged().trimEnd().split("\n").map((text) => JSON.parse(text));
  deepEqual(lines.map(({ event, peer, count }) => [event, peer, count]), [
    ["access.refused", "192.0.2.7", 1],
    ["access.refused", "192.0.2.8", 5],
  ]);
  ok(![ALICE, BOB].some((token) => logged().includes(token)));
});

Deno.test("newToken makes tokens that are good, never the same, and cost a scanner one pattern", () => {
  const tokens = Array.from({ length: 100 }, newToken);
  equal(new Set(tokens).size, 100);
  for (const token of tokens) {
    match(token, /^dlt_[A-Za-z0-9_-]{43}$/);
    equal(tokenFault(token), undefined);
  }
});
