/**
 * The stream of what happens between a client and its servers.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { LockError } from "../../../client/errors.ts";
import { STATUS_EVENTS_MAX, StatusBoard, type StatusEvent } from "../../../client/status.ts";
import { openClient, openLock, settle } from "./scripted_server.ts";

function connected(session: string): StatusEvent {
  return { type: "connected", server: "distrilock://one", session, resumed: false };
}

Deno.test("StatusStream keeps the newest events for a consumer that is slow", async () => {
  const board = new StatusBoard();
  const stream = board.open();
  for (let count = 0; count < STATUS_EVENTS_MAX + 10; count++) board.tell(connected(`s${count}`));
  const { value } = await stream.next();
  equal(value?.type === "connected" && value.session, "s10");
});

Deno.test("StatusStream ends when it is left, and after the client was closed", async () => {
  const board = new StatusBoard();
  const [left, stays] = [board.open(), board.open()];
  for await (const _event of (board.tell(connected("s1")), left)) break;
  board.tell({ type: "closed", error: null });
  deepEqual(await left.next(), { value: undefined, done: true });
  const types: string[] = [];
  for await (const { type } of stays) types.push(type);
  deepEqual(types, ["connected", "closed"]);
  deepEqual((await board.open().next()).value, { type: "closed", error: null });
});

Deno.test("Client.status tells of a lock that was disposed of and could not be released", async () => {
  const { client, server, lock } = await openLock("a");
  const status = client.status();
  const disposing = lock[Symbol.asyncDispose]();
  server.refuse(server.take("release").id, "STORE_UNAVAILABLE");
  await disposing;
  const { value } = await status.next();
  equal(value?.type === "release-failed" && value.name, "a");
  equal(
    value?.type === "release-failed" && value.error instanceof LockError && value.error.code,
    "STORE_UNAVAILABLE",
  );
});

Deno.test("Client.status shows no more of an address than where the server is", async () => {
  const opened = await openClient({ reconnect: true }, ["wss://locks.example/v1/ws?key=hush"]);
  const status = opened.client.status();
  opened.server.cut();
  const { value } = await status.next();
  equal(value?.type === "disconnected" && value.server, "wss://locks.example/v1/ws");
  await settle();
  await opened.client.close();
});
