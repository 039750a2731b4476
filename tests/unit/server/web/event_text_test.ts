import { deepEqual, equal } from "node:assert/strict";
import { endText, eventText, HEARTBEAT_TEXT, openingText } from "../../../../server/dialect/rest_event.ts";
import { EventText } from "../../../../server/web/event_text.js";

const PARTY = { session: "s", request: 1, mode: "EX", since: 1 } as const;
const STREAM = openingText({ word: "w", seq: 0 }) + HEARTBEAT_TEXT +
  eventText("w", { type: "event", seq: 1, event: "granted", name: "a", party: PARTY }) +
  eventText("w", { type: "resync", seq: 2 }) + endText(undefined);

Deno.test("EventText: reads what the daemon writes, however it is cut", () => {
  const whole = new EventText().read(STREAM);
  deepEqual(whole.map(({ type }) => type), ["granted", "resync", "draining"]);
  deepEqual(JSON.parse(whole[0]!.data), { event: "granted", name: "a", party: PARTY });
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const text = new EventText();
    deepEqual([...text.read(STREAM.slice(0, cut)), ...text.read(STREAM.slice(cut))], whole, `cut at ${cut}`);
    equal(text.lastId, "w.2");
  }
});

Deno.test("EventText: comments, other line ends, lines without a value, and data of several lines", () => {
  const text = new EventText();
  deepEqual(text.read(":x\r\ndata: a\r\ndata:b\r\n\r\ndata\n\nevent: e\n\n"), [{
    type: "message",
    data: "a\nb",
  }]);
  equal(text.lastId, undefined);
});
