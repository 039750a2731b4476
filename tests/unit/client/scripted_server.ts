/**
 * The other end of a transport, played by a test: nothing happens unless the test says so.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Client } from "../../../client/client.ts";
import { type ConnectOptions, connectWith } from "../../../client/connect.ts";
import type { Lock } from "../../../client/lock.ts";
import { type CheckedRequest, decodeRequest, encodeMessage } from "../../../client/protocol/codec.ts";
import type { ErrorCode } from "../../../client/protocol/codes.ts";
import type { ErrorBody, HelloAnswer, LossReason, ServerMessage } from "../../../client/protocol/messages.ts";
import type { Dial } from "../../../client/address.ts";
import type { AcquireOptions } from "../../../client/requester.ts";
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

  /** Answers the hello; with a grace, if one was asked for. */
  welcome(more: Partial<HelloAnswer> = {}): void {
    const { id, grace, resume } = this.take("hello");
    this.say({
      id,
      ok: true,
      version: 1,
      session: resume?.session ?? "s1",
      guarantee: "local",
      server: { name: "test", version: "0.1.0" },
      limits: { frameBytesMax: 65_536, locksPerSessionMax: 10, waitersPerSessionMax: 10 },
      ...(grace === undefined ? {} : { grace, secret: "hush" }),
      ...more,
    });
  }
}

/** All servers that a client knows, played by a test: each connection is a server of its own. */
export class ScriptedNetwork {
  /** The connections that were opened, in order, with the addresses. */
  readonly dialled: { readonly address: string; readonly server: ScriptedServer }[] = [];
  /** What dialling an address fails with; undefined or absent = it is answered. */
  readonly faults = new Map<string, Error>();
  /** The addresses that were tried, also in vain. */
  readonly tried: string[] = [];

  /** Opens connections. */
  readonly dial: Dial = (address) => {
    this.tried.push(address.hostname);
    const fault = this.faults.get(address.hostname);
    if (fault !== undefined) return Promise.resolve(() => Promise.reject(fault));
    const server = new ScriptedServer();
    this.dialled.push({ address: address.hostname, server });
    return Promise.resolve(server.open);
  };

  /** The newest connection. */
  get server(): ScriptedServer {
    return this.dialled.at(-1)!.server;
  }
}

/**
 * A client that is connected to a scripted server, with a clock that stands still. It does not reconnect
 * unless that is said.
 */
export async function openClient(
  options: ConnectOptions = {},
  urls = ["distrilock://one"],
  welcome: Partial<HelloAnswer> = {},
): Promise<Opened> {
  const network = new ScriptedNetwork();
  const clock = new HandClock();
  const parts = { dial: network.dial, clock, random: () => 1 };
  const opening = connectWith(urls, { name: "test", reconnect: false, ...options }, parts);
  await settle();
  network.server.welcome(welcome);
  const client = await opening;
  return { client, server: network.server, clock, network };
}

/** A lock that the server granted. */
export async function openLock(name = "a", options: AcquireOptions = {}): Promise<Opened & { lock: Lock }> {
  const opened = await openClient();
  return { ...opened, lock: await grantedLock(opened, name, options) };
}

/** One more lock that the server granted. */
export async function grantedLock(
  { client, network }: Pick<Opened, "client" | "network">,
  name: string,
  options: AcquireOptions = {},
): Promise<Lock> {
  const acquiring = client.acquire(name, options);
  await settle();
  network.server.grant(network.server.take("acquire"));
  return await acquiring;
}

/** What {@link openClient} gives. */
export interface Opened {
  readonly client: Client;
  /** The server of the first connection. */
  readonly server: ScriptedServer;
  readonly network: ScriptedNetwork;
  readonly clock: HandClock;
}

/** Lets the client come to the next server that is dialled. */
export async function arrive({ network, clock }: Opened, session = "s2"): Promise<void> {
  const before = network.dialled.length;
  for (let round = 0; round < 100 && network.dialled.length === before; round++) await clock.advance(100);
  network.server.welcome({ session });
  await settle();
}

/** Lets the client come back over a new connection, to a server that holds those locks. */
export async function resumeWith(
  { network, clock }: Opened,
  more: Partial<HelloAnswer> = {},
): Promise<void> {
  const before = network.dialled.length;
  await clock.advance(100);
  equal(network.dialled.length, before + 1);
  const { resume } = network.server.received[0] as { resume?: object };
  deepEqual(resume, { session: "s1", secret: "hush" });
  network.server.welcome({ resumed: true, grace: 10_000, locks: [], waiting: [], lost: [], ...more });
  await settle();
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
