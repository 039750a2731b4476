/**
 * The other end of a transport, played by a test: nothing happens unless the test says so.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import { Client } from "../../../client/client.ts";
import type { Lock } from "../../../client/lock.ts";
import { type CheckedRequest, decodeRequest, encodeMessage } from "../../../client/protocol/codec.ts";
import type { ErrorCode } from "../../../client/protocol/codes.ts";
import type { ErrorBody, LossReason, ServerMessage } from "../../../client/protocol/messages.ts";
import type { AcquireOptions } from "../../../client/requester.ts";
import { Session } from "../../../client/session.ts";
import type { OpenTransport, Transport, TransportEvents } from "../../../client/transport/transport.ts";
import { HandClock } from "./hand_clock.ts";

/** A transport whose server is a test. */
export class ScriptedServer implements Transport {
  /** Requests that came and were not taken yet. */
  readonly received: CheckedRequest[] = [];
  readonly open: OpenTransport = (events) => {
    this.#events = events;
    return Promise.resolve(this);
  };
  #events: TransportEvents | undefined;
  #isClosed = false;

  /** True when either side ended the channel. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(text: string): void {
    const request = decodeRequest(text);
    ok(!("fault" in request), text);
    this.received.push(request);
  }

  close(): void {
    this.cut();
  }

  /** Ends the channel. */
  cut(cause?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events!.onClose(cause);
  }

  /** Sends a message to the client. */
  say(message: ServerMessage | string): void {
    this.#events!.onMessage(typeof message === "string" ? message : encodeMessage(message));
  }

  /** Takes the oldest request that came, which must be of that operation. */
  take<O extends CheckedRequest["op"]>(op: O): Extract<CheckedRequest, { op: O }> {
    const request = this.received.shift();
    equal(request?.op, op);
    return request as Extract<CheckedRequest, { op: O }>;
  }

  /** Grants an acquire; of several names each gets a token one higher than the one before. */
  grant(
    { id, names, mode }: Extract<CheckedRequest, { op: "acquire" }>,
    token = 100 + id,
    expires?: number,
  ): void {
    const all = names.toSorted().map((name, index) => ({ name, token: token + index }));
    this.say({
      id,
      ok: true,
      lock: id,
      name: all[0]!.name,
      mode,
      token,
      guarantee: "local",
      ...(all.length > 1 ? { all } : {}),
      ...(expires === undefined ? {} : { expires }),
    });
  }

  /** Says that a lock is gone. */
  lose({ id, name, token }: Lock, reason: LossReason): void {
    this.say({ push: "lost", lock: id, name, token, reason });
  }

  /** Refuses a request. */
  refuse(id: number | null, code: ErrorCode, more: Partial<ErrorBody> = {}): void {
    this.say({ id, ok: false, error: { code, message: `Cannot do it: ${code}`, ...more } });
  }

  /** Answers the hello. */
  welcome(): void {
    this.say({
      id: this.take("hello").id,
      ok: true,
      version: 1,
      session: "s1",
      guarantee: "local",
      server: { name: "test", version: "0.1.0" },
      limits: { frameBytesMax: 65_536, locksPerSessionMax: 10, waitersPerSessionMax: 10 },
    });
  }
}

/** A client that is connected to a scripted server, with a clock that stands still. */
export async function openClient(): Promise<Opened> {
  const server = new ScriptedServer();
  const clock = new HandClock();
  const { signal } = new AbortController();
  const opening = Session.open(server.open, { client: { name: "test" }, signal, clock });
  await Promise.resolve();
  server.welcome();
  return { client: new Client(await opening), server, clock };
}

/** A lock that the server granted. */
export async function openLock(name = "a", options: AcquireOptions = {}): Promise<Opened & { lock: Lock }> {
  const { client, server, clock } = await openClient();
  const acquiring = client.acquire(name, options);
  server.grant(server.take("acquire"));
  return { client, server, clock, lock: await acquiring };
}

/** What {@link openClient} gives. */
export interface Opened {
  readonly client: Client;
  readonly server: ScriptedServer;
  readonly clock: HandClock;
}

/** How a promise stands after all that is due now has happened. */
export async function stateOf(promise: Promise<unknown>): Promise<"pending" | "fulfilled" | "rejected"> {
  let state: "pending" | "fulfilled" | "rejected" = "pending";
  promise.then(() => state = "fulfilled", () => state = "rejected");
  await settle();
  return state;
}

/** Lets all that is due now happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
