/**
 * Fencing tokens in Redis or Valkey: a script looks at the token and writes, and nothing else runs meanwhile.
 * Value and token are fields of one hash, so that they are written, copied, expired and evicted together, and
 * live in one slot of a cluster.
 *
 * @module
 */
import { StaleTokenError } from "./stale_token_error.ts";

/**
 * KEYS[1] is the hash; ARGV are the token and the value. 1 when it was written, 0 when the hash has a greater
 * token. Tokens are exact as Lua's numbers.
 */
export const FENCED_SET = `
  local seen = tonumber(redis.call("HGET", KEYS[1], "token") or "0")
  if tonumber(ARGV[1]) < seen then return 0 end
  redis.call("HSET", KEYS[1], "token", ARGV[1], "value", ARGV[2])
  return 1
`;

/** What is needed of a client; that of the npm package `redis` has it. */
export interface ScriptRunner {
  eval(
    script: string,
    options: { readonly keys: string[]; readonly arguments: string[] },
  ): Promise<unknown>;
}

/**
 * Writes the value of a hash.
 *
 * @throws {StaleTokenError} when a later holder has written it; it is as it was.
 */
export async function fencedSet(
  redis: ScriptRunner,
  key: string,
  { value, token }: { readonly value: string; readonly token: number },
): Promise<void> {
  const isWritten = await redis.eval(FENCED_SET, { keys: [key], arguments: [String(token), value] });
  if (isWritten !== 1) throw new StaleTokenError(key, token);
}
