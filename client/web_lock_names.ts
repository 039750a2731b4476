/**
 * Between the names of the Web Locks API, which are any text, and lock names, which are not
 * (`docs/protocol.md` [P-20]).
 *
 * A name that is a lock name and has no `~` stands for itself, so that programs that use either API meet. All
 * else is written `~XX`, or `~uXXXX` above U+00FF, a UTF-16 code unit each: so a text that is not well-formed
 * has a name of its own too, as the API asks for. The empty name is `~`.
 *
 * Source: W3C Web Locks API, section 2.1 (resource names are code unit sequences, compared as such).
 *
 * @module
 */

const CHARACTERS_TO_ESCAPE = /[^A-Za-z0-9._\-:/@+=]/g;
const FIRST_SLASH = /^\//;
const DOT_SEGMENT = /(^|\/)\.(?=\.?(?:\/|$))/g;
const ESCAPE = /~(?:u([0-9a-f]{4})|([0-9a-f]{2}))/g;
const EMPTY = "~";

/**
 * The lock name for a Web Locks name. It may be too long for a lock name: nothing is cut off, since two names
 * would then be one.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(lockNameOf("invoice/42"), "invoice/42");
 * equal(lockNameOf("my résumé ☃"), "my~20r~e9sum~e9~20~u2603");
 * equal(lockNameOf("/etc/../a~b"), "~2fetc/~2e./a~7eb");
 * ```
 */
export function lockNameOf(webName: string): string {
  if (webName === "") return EMPTY;
  return webName.replace(CHARACTERS_TO_ESCAPE, escaped).replace(FIRST_SLASH, escaped).replace(
    DOT_SEGMENT,
    (_dot, before: string) => before + escaped("."),
  );
}

/**
 * The Web Locks name for a lock name, or undefined when no program can have asked for it through the API:
 * another one has a `~` in its name.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(webNameOf("my~20r~e9sum~e9"), "my résumé");
 * equal(webNameOf("backup~1"), undefined);
 * ```
 */
export function webNameOf(lockName: string): string | undefined {
  const webName = lockName === EMPTY
    ? ""
    : lockName.replace(ESCAPE, (_escape, four?: string, two?: string) =>
      String.fromCharCode(Number.parseInt(four ?? two!, 16)));
  return lockNameOf(webName) === lockName ? webName : undefined;
}

function escaped(character: string): string {
  const hex = character.charCodeAt(0).toString(16);
  return hex.length > 2 ? `~u${hex.padStart(4, "0")}` : `~${hex.padStart(2, "0")}`;
}
