/**
 * Which requests are good ones, for a server: it judges everything that it received. A client does not need
 * it.
 *
 * @module
 */
import { type Fields, isWithin, shown } from "./fields.ts";
import { REQUEST_ID_MAX } from "./limits.ts";
import type { Operation } from "./messages.ts";
import {
  badRequest,
  type CheckedRequest,
  LOCK_READERS,
  type Reader,
  readWith,
  type RequestFault,
} from "./requests.ts";
import { SESSION_READERS } from "./session_requests.ts";

const READERS: { readonly [O in Operation]: Reader } = { ...SESSION_READERS, ...LOCK_READERS };
const READER_BY_OPERATION = new Map<string, Reader>(Object.entries(READERS));

/**
 * Judges the fields of a request and fills in its defaults. A field that is undefined counts as absent.
 *
 * ```ts
 * import { equal, ok } from "node:assert/strict";
 *
 * const request = checkRequest({ id: 2, op: "acquire", name: "a", mode: "shared" });
 * equal("mode" in request && request.mode, "PR");
 * ok("fault" in checkRequest({ id: 2, op: "acquire", name: "../a" }));
 * ```
 */
export function checkRequest(fields: Fields): CheckedRequest | RequestFault {
  const { id, op } = fields;
  if (!isWithin(id, 1, REQUEST_ID_MAX)) {
    return badRequest(
      null,
      `Cannot read field id: ${shown(id)} is not an integer from 1 to ${REQUEST_ID_MAX}`,
    );
  }
  if (typeof op !== "string") return badRequest(id, `Cannot read field op: ${shown(op)} is not a text`);
  const read = READER_BY_OPERATION.get(op);
  if (read === undefined) {
    return { fault: true, id, code: "UNSUPPORTED", message: `Cannot do ${shown(op)}: no such operation` };
  }
  return readWith(read, id, fields);
}
