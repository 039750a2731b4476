/**
 * How the page says what it knows: durations, parties, modes. Pure.
 *
 * @module
 */
/** @import { Party } from "../../client/protocol/parties.ts" */

/** Between a number and its unit: a line does not end there. */
const GLUE = "\u00a0";
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** What the modes let others do, for people who do not know them by heart. */
export const MODE_MEANINGS = Object.freeze({
  NL: "null: keeps nobody out",
  CR: "concurrent read: keeps out EX",
  CW: "concurrent write: keeps out PR, PW and EX",
  PR: "protected read (shared): keeps out CW, PW and EX",
  PW: "protected write (update): keeps out all but NL and CR",
  EX: "exclusive: keeps out all but NL",
});

/**
 * A duration in one or two units: `12 s`, `3 min 20 s`, `2 d 4 h`.
 *
 * @param {number} ms
 */
export function duration(ms) {
  const whole = Math.max(0, ms);
  if (whole < MINUTE_MS) return `${Math.floor(whole / SECOND_MS)}${GLUE}s`;
  if (whole < HOUR_MS) return twoUnits(whole, [MINUTE_MS, "min"], [SECOND_MS, "s"]);
  if (whole < DAY_MS) return twoUnits(whole, [HOUR_MS, "h"], [MINUTE_MS, "min"]);
  return twoUnits(whole, [DAY_MS, "d"], [HOUR_MS, "h"]);
}

/**
 * A short duration with its precision: `0 ms`, `640 ms`, `1.8 s`, `2 min 5 s`.
 *
 * @param {number} ms
 */
export function latency(ms) {
  if (ms < SECOND_MS) return `${Math.round(ms)}${GLUE}ms`;
  return ms < MINUTE_MS ? `${(ms / SECOND_MS).toFixed(1)}${GLUE}s` : duration(ms);
}

/**
 * A count with groups of three digits: `5,000`.
 *
 * @param {number} count
 */
export function counted(count) {
  return count.toLocaleString("en");
}

/**
 * A count with its noun: `1 lock`, `5,000 locks`.
 *
 * @param {number} count
 * @param {string} noun
 */
export function plural(count, noun) {
  return `${counted(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * What a client calls itself, or its session when it says nothing.
 *
 * @param {Pick<Party, "session" | "client">} party
 */
export function nameOf({ session, client }) {
  return client?.name ?? (client?.pid === undefined ? `session ${session}` : `process ${client.pid}`);
}

/**
 * Where a client runs: `app3, pid 4711`; empty when it does not say.
 *
 * @param {Pick<Party, "client" | "daemon">} party
 */
export function placeOf({ client, daemon }) {
  const pid = client?.pid === undefined ? undefined : `pid ${client.pid}`;
  return [client?.host, pid, daemon && `at daemon ${daemon}`].filter(Boolean).join(", ");
}

/**
 * The mode of a party, and what it wants to become.
 *
 * @param {Pick<Party, "mode" | "convertingTo">} party
 */
export function modeOf({ mode, convertingTo }) {
  return convertingTo === undefined ? mode : `${mode} → ${convertingTo}`;
}

/**
 * The labels of a party: `team=billing, run=7`.
 *
 * @param {Pick<Party, "labels">} party
 */
export function labelsOf({ labels = {} }) {
  return Object.entries(labels).map(([label, value]) => `${label}=${value}`).join(", ");
}

/**
 * A moment by the clock of the daemon, in the time zone of the reader.
 *
 * @param {number} ms milliseconds since 1970
 */
export function clockTime(ms) {
  return new Date(ms).toLocaleTimeString("en-GB");
}

/**
 * @param {number} ms
 * @param {readonly [number, string]} great
 * @param {readonly [number, string]} small
 */
function twoUnits(ms, [greatMs, great], [smallMs, small]) {
  const rest = Math.floor((ms % greatMs) / smallMs);
  const whole = `${Math.floor(ms / greatMs)}${GLUE}${great}`;
  return rest === 0 ? whole : `${whole} ${rest}${GLUE}${small}`;
}
