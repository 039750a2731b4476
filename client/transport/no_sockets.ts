/**
 * Stands for `sockets.ts` in what a bundler makes for browsers: they have no TCP. The npm package says so in
 * its field `browser`.
 *
 * @module
 */
import type { OpenTransport } from "./transport.ts";

/** Gives a function that opens nothing. */
export function socketOpener({ protocol, host }: URL): OpenTransport {
  const message = `Cannot open ${protocol}//${host}: a browser has no TCP, use ws:// or wss://`;
  return () => Promise.reject(new Error(message));
}
