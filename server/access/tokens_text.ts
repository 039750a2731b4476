/**
 * The tokens file: one token a line, with what it may.
 *
 * ```text
 * # subject   token                rules and conditions
 * billing     sha256:5e88…         read,acquire:invoice/*  expires:2027-07-01
 * ops         sha256:9f86…         read,acquire,break,admin:*
 * strangers   anonymous            read:status/*
 * ```
 *
 * `distrilock token new` makes such a line, and `printf %s "$TOKEN" | sha256sum` makes its digest. Several
 * lines may have one subject: that is how a token is replaced without a pause. Pure.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { parseRule, type Rule } from "./rules.ts";

/** One line of a tokens file. */
export interface TokenEntry {
  readonly subject: string;
  /** SHA-256 of the token, or null: what whoever shows no token may do. */
  readonly digest: Buffer | null;
  readonly rules: readonly Rule[];
  /** When it ends, in milliseconds since 1970; Infinity when it does not. */
  readonly expiresWallMs: number;
}

/**
 * A tokens file that cannot be used. The message names the line, never what is in it: it might be a token.
 */
export class TokensFileError extends Error {
  override readonly name = "TokensFileError";
}

const SUBJECT = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const DIGEST = /^sha256:([0-9a-fA-F]{64})$/;
const ANONYMOUS = "anonymous";
const EXPIRES = "expires:";
const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/;

/**
 * Reads a tokens file.
 *
 * ```ts
 * import { equal, throws } from "node:assert/strict";
 *
 * const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
 * const [entry] = parseTokens(`billing sha256:${digest} read,acquire:invoice/*  # until the move`);
 * equal(entry?.subject, "billing");
 * throws(() => parseTokens("billing hunter2 read:*"), /line 1/);
 * ```
 *
 * @throws {TokensFileError} for the first line that is none.
 */
export function parseTokens(text: string): TokenEntry[] {
  const entries: TokenEntry[] = [];
  const seen = new Map<string, number>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.replace(/(^|\s)#.*$/, "").trim().split(/\s+/);
    if (words[0] === "") continue;
    const entry = parseLine(words, index + 1);
    const key = entry.digest?.toString("hex") ?? ANONYMOUS;
    const before = seen.get(key);
    if (before !== undefined) throw wrong(index + 1, `it has the token of line ${before}`);
    seen.set(key, index + 1);
    entries.push(entry);
  }
  return entries;
}

function parseLine([subject = "", proof = "", ...words]: readonly string[], number: number): TokenEntry {
  if (!SUBJECT.test(subject)) {
    throw wrong(number, "its first word, the subject, is not 1 to 64 letters, digits and . _ - @");
  }
  const digest = DIGEST.exec(proof)?.[1];
  if (digest === undefined && proof !== ANONYMOUS) {
    throw wrong(number, `its second word is neither sha256: with 64 hexadecimal digits nor ${ANONYMOUS}`);
  }
  const rules: Rule[] = [];
  let expiresWallMs = Infinity;
  for (const [index, word] of words.entries()) {
    if (word.startsWith(EXPIRES)) {
      if (expiresWallMs !== Infinity) throw wrong(number, `it has two words that begin with ${EXPIRES}`);
      expiresWallMs = parseDate(word.slice(EXPIRES.length), number);
      continue;
    }
    const parsed = parseRule(word);
    if ("fault" in parsed) throw wrong(number, `its word ${index + 3} is no rule, ${parsed.fault}`);
    rules.push(...parsed);
  }
  if (rules.length === 0) throw wrong(number, "it has no rule, so its token could do nothing");
  return {
    subject,
    digest: digest === undefined ? null : Buffer.from(digest, "hex"),
    rules,
    expiresWallMs,
  };
}

/** A day without a time ends where it begins, in UTC. */
function parseDate(text: string, number: number): number {
  const wallMs = DATE.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(wallMs)) return wallMs;
  throw wrong(number, `what follows ${EXPIRES} is not like 2027-07-01 or 2027-07-01T12:00Z`);
}

function wrong(line: number, fault: string): TokensFileError {
  return new TokensFileError(`line ${line}: ${fault}`);
}
