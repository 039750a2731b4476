/**
 * The client of one command: connected under the command's name, closed at its end.
 *
 * @module
 */
import { hostname } from "node:os";
import process from "node:process";
import type { Client } from "../client.ts";
import { connect } from "../connect.ts";
import { textFault } from "../protocol/text.ts";

/** Connects, lets `body` work, and closes the connection whatever comes. */
export async function withClient<T>(
  address: URL,
  body: (client: Client) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const host = hostname();
  const client = await connect(address, {
    name: "distrilock",
    host: textFault(host) === undefined ? host : undefined,
    pid: process.pid,
    // A command that lost its daemon ends, and says so.
    reconnect: false,
    signal,
  });
  try {
    return await body(client);
  } finally {
    await client.close();
  }
}
