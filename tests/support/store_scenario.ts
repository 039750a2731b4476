/**
 * Plays scenarios on stores, in the language of `lock_scenario.ts` as far as a store has it. Effects of one
 * command are compared as a set, sorted, since daemons do not answer in the order of a table. What is more
 * than there:
 *
 * ```text
 * c break x of a1 why  -> broke a1, !a1 broken   the lock of x that a1 holds
 * a off-all as 9       -> =a9 all 2
 * a set 1 text         -> =a1 set
 * b 1 EX               -> +b1 "text"             a value that a grant found; "text"? when it is not valid
 * ```
 *
 * @module
 */
import { deepEqual, ok } from "node:assert/strict";
import type { Mode } from "../../client/protocol/modes.ts";
import type { SessionId, StoreEffect } from "../../server/store/store.ts";
import { inWords } from "./lock_scenario.ts";
import type { StoreStage } from "./store_stage.ts";

/** Plays a scenario. */
export async function playOnStores(stage: StoreStage, scenario: string): Promise<void> {
  const lines = scenario.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean);
  const tokens = new Map<string, number>();
  for (const line of lines) {
    const [command = "", expected = ""] = line.split("->").map((part) => part.trim());
    stage.effects = [];
    await carryOut(stage, command.split(/\s+/), tokens);
    await stage.settle();
    for (const effect of stage.effects) {
      if (effect.type === "granted") tokens.set(`${effect.session}${effect.request}`, effect.fenced[0].token);
      if (effect.type === "converted") tokens.set(`${effect.session}${effect.lock}`, effect.token);
    }
    const words = stage.effects.map(storeWords).sort();
    stage.effects = [];
    deepEqual(words, expected.split(", ").filter(Boolean).sort(), line);
  }
}

async function carryOut(stage: StoreStage, words: string[], tokens: Map<string, number>): Promise<void> {
  const [who = "", verb = "", ...rest] = words;
  if (who === "at") return await stage.at(Number(verb));
  const session = who as SessionId;
  const store = stage.home(who);
  const now = stage.nowMs;
  const number = Number(rest[0]);
  const request = Number(option(rest, "as") ?? number);
  switch (verb) {
    case "off":
      return store.release({ session, request, lock: number }, now);
    case "off-all":
      return store.releaseAll(session, request, now);
    case "end":
      store.endSession(session, now);
      return stage.move(who);
    case "cancel":
      return store.cancel(session, 99, number, now);
    case "conv": {
      const waitMs = Number(option(rest, "wait") ?? Infinity);
      return store.convert({ session, request, lock: number, mode: rest[1] as Mode, waitMs }, now);
    }
    case "renew":
      return store.renew({ session, request, lock: number, ttlMs: Number(option(rest, "ttl")) }, now);
    case "set":
      return store.setValue({ session, request, lock: number, value: rest[1] ?? "" }, now);
    case "verify":
      return store.verify({ session, request, lock: number }, now);
    case "break": {
      const [name = "", , holder = "", reason = ""] = rest;
      const token = tokens.get(holder);
      ok(token !== undefined, `${holder} holds something`);
      return store.break({ session, request: 0, name, token, reason }, now);
    }
    default:
      return store.acquire({
        session,
        request: Number(verb),
        mode: rest[0] as Mode,
        ...wishOf(rest.slice(1)),
      }, now);
  }
}

const OPTIONS = ["wait", "owner", "ttl", "hold", "yield", "reason"];

function wishOf(rest: string[]) {
  const names = rest[0] === undefined || OPTIONS.includes(rest[0]) ? "x" : rest[0];
  return {
    names: names.split(","),
    waitMs: Number(option(rest, "wait") ?? Infinity),
    owner: option(rest, "owner"),
    reason: option(rest, "reason"),
    ttlMs: rest.includes("ttl") ? Number(option(rest, "ttl")) : undefined,
    maxHoldMs: rest.includes("hold") ? Number(option(rest, "hold")) : undefined,
    yieldNotice: rest.includes("yield"),
  };
}

function option(words: string[], key: string): string | undefined {
  const at = words.indexOf(key);
  return at < 0 ? undefined : words[at + 1];
}

function storeWords(effect: StoreEffect): string {
  const { session } = effect;
  switch (effect.type) {
    case "granted": {
      const { value } = effect.fenced[0];
      const plain = `+${session}${effect.request}`;
      return value ? `${plain} "${value.text}"${value.valid ? "" : "?"}` : plain;
    }
    case "refused":
      return effect.cycle ? `-${session}${effect.request} DEADLOCK` : inWords(effect);
    case "renewed":
      return `^${session}${effect.lock}`;
    case "cancelled":
      return `was ${effect.was}`;
    case "released-all":
      return `=${session}${effect.request} all ${effect.locks}`;
    case "value-set":
      return `=${session}${effect.lock} set`;
    case "verified":
      return `ok ${session}${effect.lock}`;
    case "session-gone":
      return `gone ${session}`;
    case "described":
    case "listed":
    case "explained":
      return effect.type;
    default:
      return inWords(effect);
  }
}
