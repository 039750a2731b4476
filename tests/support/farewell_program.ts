/**
 * Asks a member of etcd that answers nothing and then says farewell (GOAWAY, RFC 9113 section 6.8) on the
 * idle connection. Run as a program: what it finds out may end it.
 *
 * @module
 */
import { GrpcCalls } from "../../server/store/etcd/grpc_calls.ts";

const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
const HEADERS = 1;
const SETTINGS = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const SETTINGS_ACK = [0, 0, 0, 4, 1, 0, 0, 0, 0];
/** CANCEL for stream 1. */
const RST_STREAM = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8];
/** NO_ERROR, with the greatest number of a stream. */
const GOAWAY = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
/** What harm was done shows a little later, when memory is tidied up. */
const AFTERMATH_MS = 100;

/** Reads until the client has opened a stream. */
async function untilAsked(connection: Deno.Conn): Promise<void> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(4_096);
  for (let at = PREFACE_BYTES;;) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error("the client has gone");
    bytes.push(...buffer.subarray(0, count));
    for (; bytes.length >= at + HEADER_BYTES; at += HEADER_BYTES + (bytes[at + 1]! << 8 | bytes[at + 2]!)) {
      if (bytes[at + 3] === HEADERS) return;
    }
  }
}

using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const { port } = listener.addr as Deno.NetAddr;
const calls = new GrpcCalls({ endpoints: [`http://127.0.0.1:${port}`], callMs: 5_000 });
const asked = calls.status();
using connection = await listener.accept();
await connection.write(Uint8Array.from([...SETTINGS, ...SETTINGS_ACK]));
await untilAsked(connection);
await connection.write(Uint8Array.from(RST_STREAM));
await asked;
await connection.write(Uint8Array.from(GOAWAY));
const buffer = new Uint8Array(4_096);
while (await connection.read(buffer).catch(() => null) !== null);
calls.close();
await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS));
