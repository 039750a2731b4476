import { deepEqual } from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Http2Session } from "node:http2";
import { surviveFarewells } from "../../../../../server/store/etcd/http2_sessions.ts";

Deno.test("surviveFarewells has a connection destroyed after the event of its farewell, and else at once", async () => {
  const happened: unknown[] = [];
  const ended = Promise.withResolvers<void>();
  const session = Object.assign(new EventEmitter(), {
    destroy(why: string) {
      happened.push(why);
      if (why === "farewell") ended.resolve();
    },
  }) as unknown as Http2Session & { destroy(why: string): void };
  // As the library does.
  session.on("goaway", () => session.destroy("farewell"));
  surviveFarewells(session);
  session.destroy("before");
  session.emit("goaway");
  happened.push("event over");
  session.destroy("after");
  await ended.promise;
  deepEqual(happened, ["before", "event over", "after", "farewell"]);
});
