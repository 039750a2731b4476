// What only shows when a store takes its time to answer; the rules themselves are proved in
// tests/conformance/legacy_json_test.ts.
import { OPEN_ACCESS } from "../../../../server/session/access.ts";
import { deepEqual, equal } from "node:assert/strict";
import { LegacyConversation } from "../../../../server/dialect/legacy_json.ts";
import { COMMAND } from "../../../../server/dialect/legacy_request.ts";
import { ScriptedSessions } from "./scripted_sessions.ts";

function begin(): {
  ask: (command: number, name: string) => void;
  conversation: LegacyConversation;
  script: ScriptedSessions;
} {
  const script = new ScriptedSessions();
  const conversation = new LegacyConversation(
    { sessions: script.sessions, access: OPEN_ACCESS },
    script.wire,
  );
  const ask = (Command: number, LockName: string) => {
    conversation.receive(JSON.stringify({ VersionMajor: 0, VersionMinor: 1, Command, LockName }));
  };
  return { ask, conversation, script };
}

/** Command, name, result and reason of answers. */
function told(frames: readonly string[]): unknown[] {
  return frames.map((frame) => {
    const { Command, LockName, Result, Reason, IsLocked } = JSON.parse(frame);
    return [Command, LockName, Result, Reason, IsLocked];
  });
}

Deno.test("LegacyConversation maps the four commands", () => {
  const { ask, script } = begin();
  ask(COMMAND.acquire, "a");
  script.grant(1, "a", 8);
  ask(COMMAND.peek, "a");
  ask(COMMAND.verify, "a");
  ask(COMMAND.release, "a");
  deepEqual(script.asked, [
    'acquire 1 {"names":["a"],"mode":"EX","waitMs":0}',
    "who 2 a",
    "verify 3 1",
    "release 4 1",
  ]);
});

Deno.test("LegacyConversation matches late answers with their requests", () => {
  const { ask, script } = begin();
  ask(COMMAND.acquire, "a");
  ask(COMMAND.acquire, "b");
  script.tell({ type: "refused", request: 2, code: "BUSY", message: "", blockedBy: [] });
  script.grant(1, "a", 8);
  deepEqual(told(script.heard()), [
    [2, "b", 1, "resource acquired by different process", true],
    [2, "a", 2, "", true],
  ]);
});

Deno.test("[L-8] LegacyConversation asks anew after a release that is not answered yet", () => {
  const { ask, script } = begin();
  ask(COMMAND.acquire, "a");
  script.grant(1, "a", 8);
  ask(COMMAND.release, "a");
  ask(COMMAND.acquire, "a");
  equal(script.asked.at(-1)?.slice(0, 9), "acquire 3");
});

Deno.test("[L-9] LegacyConversation reports a lock that verify found lost, and forgets it", () => {
  const { ask, script } = begin();
  ask(COMMAND.acquire, "a");
  script.grant(1, "a", 8);
  ask(COMMAND.verify, "a");
  script.tell({ type: "lost", lock: 1, name: "a", token: 8, reason: "store" });
  script.tell({ type: "refused", request: 2, code: "NOT_HELD", message: "" });
  deepEqual(told(script.heard()).at(-1), [4, "a", 1, "lock not found", false]);
  ask(COMMAND.acquire, "a");
  equal(script.asked.at(-1)?.slice(0, 9), "acquire 3");
});

Deno.test("[L-11] LegacyConversation says what the store cannot do", () => {
  const { ask, script } = begin();
  ask(COMMAND.acquire, "a");
  script.tell({ type: "refused", request: 1, code: "STORE_UNAVAILABLE", message: "Cannot lock a.lck: EIO" });
  script.full = true;
  deepEqual(told(script.heard()), [[2, "a", 4, "STORE_UNAVAILABLE: Cannot lock a.lck: EIO", false]]);
});

Deno.test("[L-11] LegacyConversation tells a peer that no session is opened any more, and closes", () => {
  const { ask, script } = begin();
  script.full = true;
  ask(COMMAND.peek, "a");
  const [answer = "", close] = script.heard();
  deepEqual(told([answer]), [[
    1,
    "a",
    4,
    "DRAINING: Cannot open a session: the daemon leaves service",
    false,
  ]]);
  equal(close, "close 1001");
});

Deno.test("[L-10] LegacyConversation ends its session with its connection", () => {
  const { ask, conversation, script } = begin();
  ask(COMMAND.peek, "a");
  conversation.ended();
  equal(script.asked.at(-1), "end");
});
