/**
 * Versions: of the wire protocol, which client and server negotiate, and of this software, which they only
 * tell.
 *
 * @module
 */

/**
 * The version of the native protocol that this code speaks. A hello names it; see `docs/protocol.md` [P-10].
 */
export const PROTOCOL_VERSION = 1;

/**
 * The version of the software: equal to `version` in both `deno.json` files (the tidy test compares them).
 */
export const SOFTWARE_VERSION = "0.1.0";
