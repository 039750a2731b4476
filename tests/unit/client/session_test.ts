/**
 * How a session begins, and how it does not.
 *
 * @module
 */
import { ok, rejects } from "node:assert/strict";
import { Session } from "../../../client/session.ts";
import { HandClock } from "./hand_clock.ts";
import { ScriptedServer, settle } from "./scripted_server.ts";

const OPTIONS = {
  client: {},
  clock: new HandClock(),
  events: { onDetached() {}, onDraining() {}, onEnded() {}, onReleaseFailed() {} },
};

Deno.test("Session.open gives up when its signal aborts, and closes the transport", async () => {
  const server = new ScriptedServer();
  const controller = new AbortController();
  const opening = Session.open(server.open, OPTIONS, controller.signal);
  await settle();
  server.take("hello");
  controller.abort(new Error("late"));
  await rejects(opening, { message: "late" });
  ok(server.isClosed);
});

Deno.test("Session.open closes the transport when the hello is refused", async () => {
  const server = new ScriptedServer();
  const opening = Session.open(server.open, OPTIONS, new AbortController().signal);
  await settle();
  server.refuse(server.take("hello").id, "UNSUPPORTED");
  await rejects(opening, { code: "UNSUPPORTED" });
  ok(server.isClosed);
});

Deno.test("Session.open closes a transport that heard the last word while it was opened", async () => {
  const server = new ScriptedServer();
  const opening = Session.open(
    async (events) => {
      const transport = await server.open(events);
      server.refuse(null, "LIMIT");
      return transport;
    },
    OPTIONS,
    new AbortController().signal,
  );
  await rejects(opening, { name: "ConnectionError", code: "LIMIT" });
  ok(server.isClosed);
});
