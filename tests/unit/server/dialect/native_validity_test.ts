/**
 * What the native dialect tells of how long a store vouches for a session.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import type { HelloAnswer, PingAnswer } from "../../../../client/protocol/messages.ts";
import type { Wire } from "../../../../server/dialect/conversation.ts";
import { NativeConversation, type NativeOptions } from "../../../../server/dialect/native.ts";
import { SessionBench } from "../../../support/session_bench.ts";

/** A client of the bench: tells what it asks, and gives the answer. */
function talk(bench: SessionBench): (request: object) => HelloAnswer & PingAnswer {
  let last = "";
  const wire: Wire = {
    transport: "tcp",
    peer: "127.0.0.1",
    unsentBytes: 0,
    send: (frame) => last = frame,
    close() {},
    closeLater() {},
  };
  const options: Omit<NativeOptions, "administration"> = {
    sessions: bench.sessions,
    guarantee: "nfs",
    server: { name: "bench", version: "0" },
    limits: { frameBytesMax: 1_000, locksPerSessionMax: 1, waitersPerSessionMax: 1 },
    heartbeatMs: 0,
  };
  const conversation = new NativeConversation(options as NativeOptions, wire);
  return (request) => {
    conversation.receive(JSON.stringify({ id: 1, ...request }));
    return JSON.parse(last);
  };
}

Deno.test("[P-18] NativeConversation tells in answers to hello and ping how long the store vouches for the session", () => {
  using bench = new SessionBench();
  let validForMs = 57_500;
  bench.store.validForMs = () => validForMs;
  const ask = talk(bench);
  const { secret, session, validFor } = ask({ op: "hello", version: 1, grace: 1_000 });
  equal(validFor, 57_500);
  validForMs = 1_234.9;
  deepEqual(ask({ op: "ping" }), { id: 1, ok: true, validFor: 1_234 });
  validForMs = -5;
  deepEqual(ask({ op: "ping" }), { id: 1, ok: true, validFor: 0 });
  validForMs = 7;
  equal(talk(bench)({ op: "hello", version: 1, resume: { session, secret } }).validFor, 7);
});

Deno.test("[P-18] NativeConversation says nothing of it on a store that always vouches", () => {
  using bench = new SessionBench();
  const ask = talk(bench);
  equal("validFor" in ask({ op: "hello", version: 1 }), false);
  deepEqual(ask({ op: "ping" }), { id: 1, ok: true });
});
