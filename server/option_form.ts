/**
 * The forms that values of the configuration are written in: addresses, durations, counts, paths. Each form
 * can read a text, and say in words what it wants.
 *
 * @module
 */
import { isIPv4, isIPv6 } from "node:net";
import { TEXT_BYTES_MAX } from "../client/protocol/limits.ts";
import { LOG_LEVELS, type LogLevel } from "./base/log.ts";
import { NAME_CLASSES_MAX, type NameClassRule, parseNameClasses } from "./metrics/name_classes.ts";

/** How one kind of value is written. */
export interface Form<T> {
  /** What stands for the value in the help text; empty for a switch. */
  readonly placeholder: string;
  /** What a right value is, as the end of "want …". */
  readonly wanted: string;
  /** How it is given in a JSON file. */
  readonly json: "string" | "number" | "boolean";
  /** Whether it is a list with commas: a flag may be given several times, and a JSON file have an array. */
  readonly isList?: boolean;
  /** The value, or undefined when the text is not of this form. */
  parse(text: string): T | undefined;
}

/** One option of the configuration. */
export interface Option<T> {
  readonly form: Form<T>;
  /** As one would write it; null when nothing stands for the default. */
  readonly initial: string | null;
  readonly help: string;
}

/** Where to listen. */
export interface ListenAddress {
  /** An IPv4 or IPv6 address (without brackets), or a host name. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

/** HOST:PORT, or `off` for null. */
export const ADDRESS: Form<ListenAddress | null> = {
  placeholder: "HOST:PORT",
  wanted: "HOST:PORT, [IPV6]:PORT or off",
  json: "string",
  parse: (text) => text === "off" ? null : parseAddress(text),
};

/** A path of the file system. */
export const PATH: Form<string> = {
  placeholder: "PATH",
  wanted: "a path",
  json: "string",
  parse: (text) => text === "" || text.includes("\0") ? undefined : text,
};

/** Origins as browsers write them, with commas between them; `null` is that of pages without one. */
export const ORIGINS: Form<readonly string[]> = {
  placeholder: "ORIGIN",
  wanted: "origins like https://app.example or http://localhost:8080, with commas between them",
  json: "string",
  isList: true,
  parse(text) {
    const origins = text === "" ? [] : text.split(",").map((origin) => origin.trim());
    return origins.every(isOrigin) ? origins : undefined;
  },
};

/** A short text for people, as [P-14] has it. */
export const TEXT: Form<string> = {
  placeholder: "TEXT",
  wanted: `1 to ${TEXT_BYTES_MAX} bytes without control characters`,
  json: "string",
  parse: (text) => /^\P{Cc}+$/u.test(text) && utf8Bytes(text) <= TEXT_BYTES_MAX ? text : undefined,
};

/** URLs of a cluster's members, separated by commas. */
export const URLS: Form<readonly string[]> = {
  placeholder: "URL,…",
  wanted: "http://HOST:PORT or https://HOST:PORT, several separated by commas and all alike",
  json: "string",
  isList: true,
  parse: (text) => {
    const urls = text.split(",").map((each) => each.trim().replace(/\/$/, ""));
    const scheme = urls[0]?.split(":")[0];
    return urls.every((url) => isMember(url) && url.startsWith(`${scheme}:`)) ? urls : undefined;
  },
};

/** Hosts that have a member of etcd each. */
export const MEMBER_HOSTS: Form<readonly ListenAddress[]> = {
  placeholder: "HOST,…",
  wanted: "HOST or HOST:PORT, several separated by commas and none twice",
  json: "string",
  isList: true,
  parse: (text) => {
    const hosts = text.split(",").map((each) => parseMemberHost(each.trim()));
    const names = new Set(hosts.map((host) => JSON.stringify(host)));
    return names.size === hosts.length ? allOf(hosts) : undefined;
  },
};

/** One of them. */
export const MEMBER_HOST: Form<ListenAddress> = {
  placeholder: "HOST",
  wanted: "HOST or HOST:PORT",
  json: "string",
  parse: parseMemberHost,
};

/** What keys begin with. */
export const PREFIX: Form<string> = {
  placeholder: "TEXT",
  wanted: "1 to 100 of A–Z a–z 0–9 . _ - /, with / at the end",
  json: "string",
  parse: (text) => /^[A-Za-z0-9._/-]{0,99}\/$/.test(text) ? text : undefined,
};

/** A level of the log. */
export const LEVEL: Form<LogLevel> = {
  placeholder: "LEVEL",
  wanted: `one of ${LOG_LEVELS.join(", ")}`,
  json: "string",
  parse: (text) => LOG_LEVELS.find((level) => level === text),
};

/** Classes of lock names by their prefixes. */
export const NAME_CLASSES: Form<readonly NameClassRule[]> = {
  placeholder: "PREFIX=CLASS,…",
  wanted: `PREFIX=CLASS,… with no prefix twice and at most ${NAME_CLASSES_MAX} classes, of a-z, 0-9, - and _`,
  json: "string",
  isList: true,
  parse: parseNameClasses,
};

/** On or off. */
export const SWITCH: Form<boolean> = {
  placeholder: "",
  wanted: "true or false",
  json: "boolean",
  parse: (text) => text === "true" ? true : text === "false" ? false : undefined,
};

/**
 * An integer within a range, both ends included.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(count(1, 99).parse("7"), 7);
 * equal(count(1, 99).parse("100"), undefined);
 * ```
 */
export function count(least: number, most: number): Form<number> {
  return {
    placeholder: "N",
    wanted: `an integer from ${least} to ${most}`,
    json: "number",
    parse: (text) => within(/^\d{1,15}$/.test(text) ? Number(text) : undefined, least, most),
  };
}

/**
 * A duration within a range of milliseconds, written with a unit.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(duration(0, 60_000).parse("30s"), 30_000);
 * equal(duration(0, 60_000).parse("30"), undefined);
 * ```
 */
export function duration(leastMs: number, mostMs: number): Form<number> {
  return {
    placeholder: "DURATION",
    wanted: `a duration like 500ms or 30s, from ${leastMs}ms to ${mostMs}ms`,
    json: "string",
    parse: (text) => within(parseDurationMs(text), leastMs, mostMs),
  };
}

/** Whether only programs of this machine can reach the address. */
export function isLoopback({ host }: ListenAddress): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseDurationMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,10})(ms|s|m|h|d)$/.exec(text) ?? [];
  const scale = UNIT_MS[unit ?? ""];
  return scale === undefined ? undefined : Number(digits) * scale;
}

/** etcd's own port for clients. The other members come to the one above. */
const MEMBER_PORT = 2379;

function parseMemberHost(text: string): ListenAddress | undefined {
  const address = parseAddress(text) ?? parseAddress(`${isIPv6(text) ? `[${text}]` : text}:${MEMBER_PORT}`);
  return address && address.port > 0 && address.port < 65_535 ? address : undefined;
}

function allOf<T>(values: readonly (T | undefined)[]): readonly T[] | undefined {
  return values.every((value) => value !== undefined) ? values as readonly T[] : undefined;
}

function parseAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits ?? NaN);
  if (!(port <= 65_535)) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  const host = plain ?? "";
  // What ends in a number is an IPv4 address or a mistake, never a name (RFC 1123 section 2.1).
  if (/(^|\.)\d+$/.test(host)) return isIPv4(host) ? { host, port } : undefined;
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,252})$/.test(host) ? { host, port } : undefined;
}

function isOrigin(text: string): boolean {
  // A host with a star is none: nothing here matches patterns, and whoever wrote one would count on it.
  return text === "null" ||
    (/^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text);
}

function isMember(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text.toLowerCase() &&
    new URL(text).username === "";
}

function within(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
