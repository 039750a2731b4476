/**
 * Stands for `tcp.ts` in what a bundler makes for browsers: they have no TCP. The npm package says so in its field `browser`.
 *
 * @module
 */
import type { OpenTransport } from "./transport.ts";

/** Gives a function that opens nothing. */
export function tcpOpener(address: { readonly host: string; readonly port: number }): OpenTransport {
  const { host, port } = address;
  const message = `Cannot open distrilock://${host}:${port}: a browser has no TCP, use ws:// or wss://`;
  return () => Promise.reject(new Error(message));
}
