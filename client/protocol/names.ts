/**
 * What a lock name may look like (`docs/protocol.md` [P-20]): 1 to 200 bytes of
 * `A-Z a-z 0-9 . _ - : / @ ~ + =`, not beginning with `/`, without a `.` or `..` path segment.
 *
 * @module
 */
import { LOCK_NAME_BYTES_MAX } from "./limits.ts";

const NAME_CHARACTERS = /^[A-Za-z0-9._\-:/@~+=]+$/;
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

/**
 * What is wrong with a lock name, as the second half of a sentence, or undefined when it is a good one.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(lockNameFault("invoice/42"), undefined);
 * equal(lockNameFault("/etc"), "it begins with /");
 * ```
 */
export function lockNameFault(name: string): string | undefined {
  if (name.length === 0) return "it is empty";
  if (name.length > LOCK_NAME_BYTES_MAX) return `it is longer than ${LOCK_NAME_BYTES_MAX} bytes`;
  if (!NAME_CHARACTERS.test(name)) return "it has a character outside A-Z a-z 0-9 . _ - : / @ ~ + =";
  if (name.charCodeAt(0) === 0x2f) return "it begins with /";
  if (name.includes(".") && DOT_SEGMENT.test(name)) return "it has a . or .. segment";
  return undefined;
}

/**
 * What is wrong with the prefix of a list: like {@link lockNameFault}, but it may be empty and end anywhere.
 */
export function lockPrefixFault(prefix: string): string | undefined {
  if (prefix.length === 0) return undefined;
  if (prefix.length > LOCK_NAME_BYTES_MAX) return `it is longer than ${LOCK_NAME_BYTES_MAX} bytes`;
  if (!NAME_CHARACTERS.test(prefix)) return "it has a character outside A-Z a-z 0-9 . _ - : / @ ~ + =";
  return undefined;
}
