// What only shows when a store takes its time to answer; the rules themselves are proved in
// tests/conformance/text_lines_test.ts.
import { deepEqual, equal } from "node:assert/strict";
import { TextConversation } from "../../../../server/dialect/text_lines.ts";
import { ScriptedSessions } from "./scripted_sessions.ts";

function begin(): { conversation: TextConversation; script: ScriptedSessions } {
  const script = new ScriptedSessions();
  return {
    script,
    conversation: new TextConversation({ sessions: script.sessions, textSilenceMs: 50 }, script.wire),
  };
}

Deno.test("TextConversation asks under ids that rise, for one owner, with the timeout as time to live", () => {
  const { conversation, script } = begin();
  for (const line of ["ON a 500 n1", "TRY b 600 n2", "IS c n3"]) conversation.receive(line);
  deepEqual(script.asked, [
    'acquire 1 {"names":["a"],"mode":"EX","waitMs":null,"ttlMs":500,"owner":"connection"}',
    'acquire 2 {"names":["b"],"mode":"EX","waitMs":0,"ttlMs":600,"owner":"connection"}',
    "who 3 c",
  ]);
  deepEqual(script.said, []);
});

Deno.test("TextConversation gives answers in the order in which they are decided", () => {
  const { conversation, script } = begin();
  for (const line of ["ON a 500 n1", "TRY b 600 n2"]) conversation.receive(line);
  script.grant(2, "b", 7);
  script.grant(1, "a", 8);
  deepEqual(script.said, ["GIVE n2 7", "GIVE n1 8"]);
});

Deno.test("[T-9] TextConversation forgets a lock that was granted while its OFF was on its way", () => {
  const { conversation, script } = begin();
  for (const line of ["ON a 500 n1", "OFF a n2"]) conversation.receive(line);
  equal(script.asked.at(-1), "cancel 2 1");
  script.grant(1, "a", 8);
  script.tell({ type: "cancelled", request: 2, target: 1, was: "held" });
  deepEqual(script.heard(), ["GIVE n1 8", "NO n2"]);
  conversation.receive("REFRESH a 8 500 n3");
  deepEqual(script.heard(), ["NO n3"]);
});

Deno.test("[T-8] TextConversation asks anew after an OFF that is not answered yet", () => {
  const { conversation, script } = begin();
  conversation.receive("ON a 500 n1");
  script.grant(1, "a", 8);
  for (const line of ["OFF a n2", "ON a 500 n3"]) conversation.receive(line);
  equal(script.asked.at(-2), "release 2 1");
  equal(script.asked.at(-1)?.slice(0, 9), "acquire 3");
  script.tell({ type: "released", request: 2, lock: 1 });
  script.grant(3, "a", 9);
  deepEqual(script.heard(), ["GIVE n1 8", "NO n2", "GIVE n3 9"]);
  conversation.receive("REFRESH a 9 500 n4");
  equal(script.asked.at(-1), "renew 4 3 500");
});

Deno.test("[T-9] [T-15] TextConversation asks anew after an OFF of a wait, and keeps apart what comes of both", () => {
  const { conversation, script } = begin();
  for (const line of ["ON a 500 n1", "OFF a n2", "ON a 500 n3"]) conversation.receive(line);
  script.tell({ type: "refused", request: 1, code: "CANCELLED", message: "" });
  script.tell({ type: "cancelled", request: 2, target: 1, was: "waiting" });
  conversation.receive("ON a 500 n4");
  deepEqual(script.heard().map((line) => line.split(" ").slice(0, 3).join(" ")), [
    "NO n1",
    "NO n2",
    "ERR n4 DEADLOCK",
  ]);
  script.grant(3, "a", 9);
  deepEqual(script.heard(), ["GIVE n3 9"]);
});

Deno.test("[T-10] TextConversation says NO when the store knows better", () => {
  const { conversation, script } = begin();
  conversation.receive("ON a 500 n1");
  script.grant(1, "a", 8);
  conversation.receive("REFRESH a 8 500 n2");
  script.tell({ type: "refused", request: 2, code: "NOT_HELD", message: "" });
  deepEqual(script.heard(), ["GIVE n1 8", "NO n2"]);
});

Deno.test("[T-14] TextConversation says nothing of a lost lock, and forgets only that one", () => {
  const { conversation, script } = begin();
  conversation.receive("ON a 500 n1");
  script.grant(1, "a", 8);
  script.tell({ type: "lost", lock: 99, name: "a", token: 1, reason: "expired" });
  conversation.receive("REFRESH a 8 500 n2");
  equal(script.asked.at(-1), "renew 2 1 500");
  script.tell({ type: "renewed", request: 2, lock: 1 });
  script.tell({ type: "expiring", lock: 1, expiresInMs: 5 });
  script.tell({ type: "lost", lock: 1, name: "a", token: 8, reason: "expired" });
  conversation.receive("REFRESH a 8 500 n3");
  deepEqual(script.heard(), ["GIVE n1 8", "GIVE n2 8", "NO n3"]);
});

Deno.test("[T-13] TextConversation lets silence be while it owes an answer", () => {
  const { conversation, script } = begin();
  conversation.receive("ON a 500 n1");
  conversation.timeOut(50);
  deepEqual(script.heard(), []);
  script.grant(1, "a", 8);
  conversation.timeOut(50);
  deepEqual(script.heard(), [
    "GIVE n1 8",
    "ERR - TIMEOUT Cannot keep the connection: no command within 50 ms",
    "close 1008",
  ]);
  conversation.ended();
  equal(script.asked.at(-1), "end");
});

Deno.test("[T-16] TextConversation tells a peer that no session is opened any more, and closes", () => {
  const { conversation, script } = begin();
  script.full = true;
  conversation.receive("TRY a 500 n1");
  deepEqual(script.said, ["ERR n1 DRAINING Cannot open a session: the daemon leaves service", "close 1001"]);
});
