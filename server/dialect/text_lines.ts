/**
 * The text dialect: GoDistLock's lines (`docs/dialects.md` section 1), made to be typed by hand as well.
 *
 * ```text
 *   NEW ──any command but AUTH──▶ OPEN ──▶ ENDED      [ended]; from NEW too
 * ```
 *
 * - NEW: no session, at most an AUTH. A line that is no command ends the connection, as it does later.
 * - OPEN: commands go to the session under ids that rise; its effects come back as lines.
 * - ENDED: no session, no wire.
 *
 * A name is in at most one of two maps: what the connection holds, and what it is being asked for.
 *
 * @module
 */
import type { ErrorCode } from "../../client/protocol/codes.ts";
import { SOFTWARE_VERSION } from "../../client/protocol/version.ts";
import { type Access, isAccess, type Unauthenticated, WHOLE_DAEMON } from "../session/access.ts";
import type { SessionListener } from "../session/listener.ts";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Effect } from "../store/store.ts";
import {
  CLOSE,
  type CloseCode,
  type Conversation,
  type Fault,
  profileAt,
  type Wire,
} from "./conversation.ts";
import { NO_NONCE, readTextLine, type TextCommand } from "./text_command.ts";

/** The version of these lines. */
const TEXT_VERSION = 1;
/** How others see who holds a lock through such a connection. */
const CLIENT = { name: "a text client" };
/** All that a connection asks for is one flow of control. */
const OWNER = "connection";
/** The fence in the answer to an IS when a program holds the lock that leaves no token. No grant has it. */
const UNKNOWN_FENCE = 0;

/** Refusals that are an answer in this dialect: the lock is not the connection's. All others are an ERR. */
const NO: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["BUSY", "CANCELLED", "NOT_HELD"]);

/** What the text dialect needs to know. */
export interface TextOptions {
  readonly sessions: Sessions;
  /** Longest silence of a peer that is owed nothing, in ms. */
  readonly textSilenceMs: number;
}

type Described = Effect & { readonly type: "described" };

interface Held {
  /** The id of its acquire. */
  readonly lock: number;
  readonly fence: number;
}

interface Asked {
  readonly nonce: string;
  readonly lock: string;
  /** What a renewed lock is given again with. */
  readonly fence: number;
}

/** A conversation in the text dialect. */
export class TextConversation implements Conversation, SessionListener {
  readonly silenceMsMax: number;
  readonly #sessions: Sessions;
  readonly #wire: Wire;
  /** Commands without an answer, by their ids. */
  readonly #asked = new Map<number, Asked>();
  readonly #held = new Map<string, Held>();
  /** The ids of the acquires that are not decided. */
  readonly #waits = new Map<string, number>();
  /** Who an AUTH said it is. */
  #access: Access | undefined;
  #session: Session | undefined;
  #lastId = 0;

  constructor({ sessions, textSilenceMs }: TextOptions, wire: Wire) {
    this.#sessions = sessions;
    this.silenceMsMax = textSilenceMs;
    this.#wire = wire;
  }

  get introduced(): boolean {
    return this.#session !== undefined;
  }

  receive(line: string): void {
    const command = readTextLine(line);
    if ("fault" in command) {
      return this.#endWith(command.nonce, { code: "BAD_REQUEST", message: command.message }, CLOSE.protocol);
    }
    if (this.#session) return this.#carryOut(this.#session, command);
    if (command.verb === "AUTH") return this.#authenticate(command);
    const access = this.#access ?? this.#sessions.gate.identify(undefined, this.#wire.peer);
    if (!isAccess(access)) return this.#turnAway(command.nonce, access);
    this.#session = this.#sessions.open(this, profileAt(this.#wire, CLIENT), {
      access,
      transport: this.#wire.transport,
    });
    if (this.#session) return this.#carryOut(this.#session, command);
    const message = "Cannot open a session: the daemon leaves service";
    this.#endWith(command.nonce, { code: "DRAINING", message }, CLOSE.goingAway);
  }

  fail(fault: Fault, close: CloseCode): void {
    this.#endWith(NO_NONCE, fault, close);
  }

  timeOut(afterMs: number): void {
    // Who waits for a lock has said all that there is to say.
    if (this.#asked.size > 0) return;
    const message = `Cannot keep the connection: no command within ${afterMs} ms`;
    this.#endWith(NO_NONCE, { code: "TIMEOUT", message }, CLOSE.policy);
  }

  ended(): void {
    this.#session?.end();
    this.#session = undefined;
  }

  hear(effect: Effect): void {
    this.#keepBooks(effect);
    const asked = "request" in effect ? this.#asked.get(effect.request) : undefined;
    const line = asked && lineFor(effect, asked);
    if (line === undefined || !("request" in effect)) return;
    this.#asked.delete(effect.request);
    this.#wire.send(line);
  }

  drain(): void {
    // The dialect has no push: waits are refused, and what is held stays until it is given back.
  }

  hangUp(): void {
    this.#wire.close(CLOSE.goingAway);
  }

  #authenticate({ nonce, token }: TextCommand): void {
    if (this.#session) {
      const message = "Cannot do AUTH: want it before all other commands";
      return this.#endWith(nonce, { code: "BAD_REQUEST", message }, CLOSE.protocol);
    }
    const access = this.#sessions.gate.identify(token, this.#wire.peer);
    if (!isAccess(access)) return this.#turnAway(nonce, access);
    this.#access = access;
    this.#wire.send(`OK ${nonce} ${access.subject}`);
  }

  #carryOut(session: Session, command: TextCommand): void {
    const { verb, nonce, lock, fence } = command;
    const held = this.#held.get(lock);
    switch (verb) {
      case "AUTH":
        return this.#authenticate(command);
      case "HELLO":
        return this.#wire.send(`HELLO ${nonce} ${session.id} ${TEXT_VERSION}`);
      case "ON":
      case "TRY":
        return held ? this.#renew(session, command, held) : this.#acquire(session, command);
      case "OFF":
        return this.#giveBack(session, command, held);
      case "REFRESH":
        return held?.fence === fence ? this.#renew(session, command, held) : this.#wire.send(`NO ${nonce}`);
      case "IS":
        return session.who(this.#ask(command), lock);
      case "STATS":
        return this.#tellStats(session, nonce);
    }
  }

  #keepBooks(effect: Effect): void {
    switch (effect.type) {
      case "granted": {
        const { request, fenced: [{ name, token }] } = effect;
        if (this.#waits.get(name) === request) this.#waits.delete(name);
        this.#held.set(name, { lock: request, fence: token });
        return;
      }
      case "refused": {
        const { lock = "" } = this.#asked.get(effect.request) ?? {};
        if (this.#waits.get(lock) === effect.request) this.#waits.delete(lock);
        return;
      }
      case "cancelled": {
        // It may have been granted while the cancel was on its way.
        const { lock = "" } = this.#asked.get(effect.request) ?? {};
        if (this.#held.get(lock)?.lock === effect.target) this.#held.delete(lock);
        return;
      }
      case "lost":
        if (this.#held.get(effect.name)?.lock === effect.lock) this.#held.delete(effect.name);
    }
  }

  #acquire(session: Session, command: TextCommand): void {
    const { verb, nonce, lock, timeoutMs: ttlMs } = command;
    if (this.#waits.has(lock)) {
      const message = `Cannot wait for ${lock}: the connection does so already`;
      return this.#wire.send(
        verb === "TRY" ? `NO ${nonce}` : errorLine(nonce, { code: "DEADLOCK", message }),
      );
    }
    const id = this.#ask(command);
    this.#waits.set(lock, id);
    const waitMs = verb === "TRY" ? 0 : Infinity;
    session.acquire(id, { names: [lock], mode: "EX", waitMs, ttlMs, owner: OWNER });
  }

  #renew(session: Session, command: TextCommand, { lock, fence }: Held): void {
    session.renew(this.#ask(command, fence), lock, command.timeoutMs);
  }

  #giveBack(session: Session, command: TextCommand, held: Held | undefined): void {
    const { nonce, lock } = command;
    const wait = this.#waits.get(lock);
    // Forgotten at once: what comes after it asks anew, even while a store takes its time to let go.
    this.#held.delete(lock);
    this.#waits.delete(lock);
    if (held) session.release(this.#ask(command), held.lock);
    else if (wait !== undefined) session.cancel(this.#ask(command), wait);
    else this.#wire.send(`NO ${nonce}`);
  }

  #tellStats({ access }: Session, nonce: string): void {
    const { size, store, draining } = this.#sessions;
    const stats = {
      version: SOFTWARE_VERSION,
      guarantee: store.guarantee,
      draining: Number(draining),
      // What others do is for administrators.
      ...(access.allows("admin", WHOLE_DAEMON) ? { sessions: size, locks: store.lockCount } : {}),
      "own-locks": this.#held.size,
      "own-waits": this.#waits.size,
    };
    for (const [name, value] of Object.entries(stats)) this.#wire.send(`STATS ${nonce} ${name} ${value}`);
    this.#wire.send(`STATSEND ${nonce}`);
  }

  /** Gives a command an id, and expects the effect that answers it. */
  #ask({ nonce, lock }: TextCommand, fence: number = UNKNOWN_FENCE): number {
    this.#asked.set(++this.#lastId, { nonce, lock, fence });
    return this.#lastId;
  }

  #turnAway(nonce: string, error: Unauthenticated): void {
    this.#wire.closeLater(errorLine(nonce, error), CLOSE.policy);
  }

  #endWith(nonce: string, error: Fault, close: CloseCode): void {
    this.#wire.send(errorLine(nonce, error));
    this.#wire.close(close);
  }
}

/** The answer to a command; undefined for what is none. */
function lineFor(effect: Effect, { nonce, fence }: Asked): string | undefined {
  switch (effect.type) {
    case "granted":
      return `GIVE ${nonce} ${effect.fenced[0].token}`;
    case "renewed":
      return `GIVE ${nonce} ${fence}`;
    case "released":
    case "cancelled":
      return `NO ${nonce}`;
    case "refused":
      return NO.has(effect.code) ? `NO ${nonce}` : errorLine(nonce, effect);
    case "described": {
      const newest = newestFence(effect);
      return newest === undefined ? `NO ${nonce}` : `LOCK ${nonce} ${newest}`;
    }
    default:
      return undefined;
  }
}

/** The greatest fence of those who hold a name; undefined when nobody does. */
function newestFence({ state, outside, outsideHolder }: Described): number | undefined {
  const held = state.held.filter(({ mode }) => mode !== "NL");
  const fences = held.map(({ token = UNKNOWN_FENCE }) => token);
  if (outside !== null) fences.push(outsideHolder?.token ?? UNKNOWN_FENCE);
  return fences.length > 0 ? Math.max(...fences) : undefined;
}

function errorLine(nonce: string, { code, message }: Fault): string {
  return `ERR ${nonce} ${code} ${message}`;
}
