/**
 * Plays scenarios: peers of all dialects and programs that know nothing of the daemon, step by step against a
 * real daemon, with everything said fed whole or byte by byte. The steps are the language of the vectors:
 *
 * ```text
 * T1 > TRY a 1000 n1          T1 says a line
 * T1 < GIVE n1 {f}            T1 hears exactly this; {f} is remembered, or compared when it was before
 * T2 < GIVE n2 {g>f}          and a number greater than {f}
 * T1 < ERR n3 LIMIT *         * is any text
 * T1 ends                     T1 hears the end of its connection; L1 ends 1003: with this status
 * T1 leaves                   T1 hangs up
 * F1 locks a                  a program locks the whole file a.lck; unlocks, dies
 * D drains                    the daemon leaves service
 * ```
 *
 * T peers speak text lines, N peers the native protocol (after a hello), L peers the original's JSON. JSON is
 * compared as values: of a native message the fields that are named, of the original's all. Instead of a line
 * a step can be `{"peer": "T1", "bytes": parts}`.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { within } from "../support/eventually.ts";
import { ForeignLocker, hasPython } from "../support/foreign_locker.ts";
import { writeTokens } from "../support/tokens.ts";
import { OPCODE, RawWebSocket, webSocketBytes } from "../support/raw_web_socket.ts";
import { joinBytes, type Part, readVectors } from "./vectors.ts";

/** One scenario. */
export interface ScenarioVector {
  /** With the ids of the rules that it proves. */
  readonly name: string;
  /** Of the daemon. */
  readonly flags?: readonly string[];
  /**
   * Of its tokens file: rules by subject. A subject's token is its name and as many x as make 32 characters;
   * anonymous needs none.
   */
  readonly tokens?: Readonly<Record<string, string>>;
  readonly steps: readonly (string | { readonly peer: string; readonly bytes: readonly Part[] })[];
}

/** How what a peer says is cut into packets. */
export type Feed = "whole" | "byte by byte";

/** Makes a test of every scenario of a file, for both feeds. */
export function testScenarios(file: string): void {
  const python = hasPython();
  if (!python) {
    console.warn(`skipped: the scenarios of ${file} with other programs need python3, which is not here`);
  }
  for (const vector of readVectors<ScenarioVector>(file)) {
    const foreign = vector.steps.some((step) => typeof step === "string" && step.startsWith("F"));
    for (const feed of ["whole", "byte by byte"] as const) {
      Deno.test({
        name: `${vector.name} (${feed})`,
        ignore: foreign && !python,
        fn: () => playScenario(vector, feed),
      });
    }
  }
}

async function playScenario(vector: ScenarioVector, feed: Feed): Promise<void> {
  const { flags = [], tokens, steps } = vector;
  using directory = temporaryDirectory();
  using files = temporaryDirectory();
  const tokensFile = `${files.path}/tokens`;
  if (tokens) writeTokens(tokensFile, tokens);
  await using daemon = startDaemon(directory.path, [
    ...flags,
    ...(tokens ? ["--tokens-file", tokensFile, "--refusal-pause", "1ms"] : []),
  ]);
  await using players = new AsyncDisposableStack();
  const peers = new Map<string, Peer>();
  const programs = new Map<string, ForeignLocker>();
  const known = new Map<string, string>();
  const drained: Promise<void>[] = [];
  const peerOf = async (name: string): Promise<Peer> => {
    const peer = peers.get(name) ?? players.use(await connectPeer(name, daemon));
    peers.set(name, peer);
    return peer;
  };
  for (const step of steps) {
    const shown = JSON.stringify(step);
    if (typeof step !== "string") {
      await (await peerOf(step.peer)).say(joinBytes(step.bytes), feed);
      continue;
    }
    const [, name = "", verb = "", rest = ""] = /^(\w+) (\S+) ?([^]*)$/.exec(step) ?? [];
    if (name === "D") drained.push(daemon.daemon.drain());
    else if (name.startsWith("F")) {
      const program = programs.get(name) ??
        players.use(await ForeignLocker.open(`${directory.path}/${rest}.lck`));
      programs.set(name, program);
      if (verb === "dies") await program.kill();
      else equal(await program.lock(verb === "locks" ? "exclusive" : "none"), "locked", shown);
    } else {
      const peer = await peerOf(name);
      if (verb === ">") await peer.say(peer.encode(fill(rest, known)), feed);
      else if (verb === "<") check(name, await within(shown, peer.hear()), { rest, known, shown });
      else if (verb === "ends") {
        deepEqual([await within(shown, peer.hear()), peer.status], [
          undefined,
          rest ? Number(rest) : undefined,
        ], shown);
      } else {
        equal(verb, "leaves", shown);
        peer.leave();
      }
    }
  }
  await within("the daemon has left", Promise.all(drained));
}

interface Expected {
  readonly rest: string;
  readonly known: Map<string, string>;
  readonly shown: string;
}

function check(name: string, heard: string | undefined, { rest, known, shown }: Expected): void {
  ok(heard !== undefined, `${shown}: the connection ended`);
  if (name.startsWith("T")) return checkText(heard, { rest, known, shown });
  const [wanted, got] = [JSON.parse(rest), JSON.parse(heard)];
  if (name.startsWith("L")) deepEqual(Object.keys(got), Object.keys(wanted), shown);
  checkValue(got, wanted, { rest, known, shown: `${shown}, heard ${heard}` });
}

/** Of objects the fields that are wanted. */
function checkValue(got: unknown, wanted: unknown, expected: Expected): void {
  if (typeof wanted === "string") return checkText(String(got), { ...expected, rest: wanted });
  if (typeof wanted !== "object" || wanted === null) return deepEqual(got, wanted, expected.shown);
  equal(typeof got, "object", expected.shown);
  for (const [field, value] of Object.entries(wanted)) {
    checkValue((got as Record<string, unknown>)[field], value, expected);
  }
}

function checkText(heard: string, { rest, known, shown }: Expected): void {
  const holes = [...rest.matchAll(/\{(\w+)(?:>(\w+))?\}/g)];
  const pattern = rest.split(/\{\w+(?:>\w+)?\}/).map((fixed) =>
    fixed.split("*").map(RegExp.escape).join("[^]*")
  );
  const found = new RegExp(`^${pattern.join("(\\S+)")}$`).exec(heard);
  ok(found, `${shown}, heard ${heard}`);
  for (const [index, [, hole = "", lower]] of holes.entries()) {
    const value = found[index + 1] as string;
    equal(value, known.get(hole) ?? value, `${shown}, heard ${heard}`);
    if (lower !== undefined) ok(Number(value) > Number(known.get(lower)), `${shown}, heard ${heard}`);
    known.set(hole, value);
  }
}

function fill(text: string, known: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\{(\w+)\}/g, (hole, name) => known.get(name) ?? hole);
}

interface Peer extends Disposable {
  encode(text: string): Uint8Array;
  say(bytes: Uint8Array, feed: Feed): Promise<void>;
  hear(): Promise<string | undefined>;
  leave(): void;
  readonly status: number | undefined;
}

async function connectPeer(
  name: string,
  { tcpPort, httpPort }: { tcpPort: number; httpPort: number },
): Promise<Peer> {
  if (name.startsWith("L")) return new LegacyPeer(await RawWebSocket.connect({ httpPort }, "/distrilock"));
  const peer = new LinePeer(await Deno.connect({ port: tcpPort }));
  if (!name.startsWith("N")) return peer;
  await peer.say(peer.encode(`{"id":1,"op":"hello","version":1,"client":{"name":"${name}"}}`), "whole");
  await peer.hear();
  return peer;
}

/** A peer that says and hears lines. */
export class LinePeer implements Peer {
  readonly status = undefined;
  readonly #socket: Deno.TcpConn;
  #unread = "";
  #open = true;

  constructor(socket: Deno.TcpConn) {
    socket.setNoDelay(true);
    this.#socket = socket;
  }

  encode(text: string): Uint8Array {
    return new TextEncoder().encode(`${text}\n`);
  }

  async say(bytes: Uint8Array, feed: Feed): Promise<void> {
    const step = feed === "whole" ? Math.max(1, bytes.length) : 1;
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#socket.write(bytes.subarray(sent, sent + step));
    }
  }

  async hear(): Promise<string | undefined> {
    const [buffer, decoder] = [new Uint8Array(4_096), new TextDecoder()];
    while (!this.#unread.includes("\n")) {
      const count = await this.#socket.read(buffer);
      if (count === null) {
        equal(this.#unread, "", "a line is ended");
        return undefined;
      }
      this.#unread += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
    const end = this.#unread.indexOf("\n");
    const line = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    return line;
  }

  leave(): void {
    if (this.#open) this.#socket.close();
    this.#open = false;
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}

class LegacyPeer implements Peer {
  status: number | undefined;
  readonly #socket: RawWebSocket;

  constructor(socket: RawWebSocket) {
    this.#socket = socket;
  }

  encode(text: string): Uint8Array {
    return new TextEncoder().encode(text);
  }

  /** One message; of several frames, when it comes byte by byte. */
  async say(bytes: Uint8Array, feed: Feed): Promise<void> {
    const step = feed === "whole" ? Math.max(1, bytes.length) : 1;
    for (let sent = 0; sent < bytes.length; sent += step) {
      const payload = bytes.slice(sent, sent + step);
      const opcode = sent === 0 ? OPCODE.text : OPCODE.continuation;
      await this.#socket.write(webSocketBytes({ opcode, payload, last: sent + step >= bytes.length }));
    }
  }

  async hear(): Promise<string | undefined> {
    const frame = await this.#socket.hear();
    if (frame?.opcode === OPCODE.text) return new TextDecoder().decode(frame.payload);
    if (frame?.opcode === OPCODE.close) this.status = new DataView(frame.payload.buffer).getUint16(0);
    return undefined;
  }

  leave(): void {
    this.#socket[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}
