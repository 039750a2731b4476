/**
 * Addresses, and connections that do not come about.
 *
 * @module
 */
import { equal, ok, rejects, throws } from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { parseAddress } from "../../../client/address.ts";
import { connect } from "../../../client/connect.ts";
import { ConnectionError } from "../../../client/errors.ts";

Deno.test("parseAddress fills in ports and paths", () => {
  for (
    const [text, href] of [
      ["distrilock://app3", "distrilock://app3:13123"],
      ["distrilock://app3:1", "distrilock://app3:1"],
      ["distrilock://app3:1/", "distrilock://app3:1"],
      ["distrilock://[::1]", "distrilock://[::1]:13123"],
      ["distrilocks://app3", "distrilocks://app3:13123"],
      ["ws://app3:13124", "ws://app3:13124/v1/ws"],
      ["ws://app3", "ws://app3/v1/ws"],
      ["wss://app3/locks?x=1", "wss://app3/locks?x=1"],
    ] as const
  ) equal(parseAddress(text).href, href);
});

Deno.test("parseAddress refuses what is no address of a daemon", () => {
  for (
    const text of [
      "",
      "app3",
      "app3:13123",
      "http://app3",
      "distrilock:app3",
      "distrilock://",
      "distrilock://app3/path",
      "distrilock://app3?x=1",
      "distrilock://app3:0",
      "distrilock://app3:99999",
      "distrilock://me:secret@app3",
      "ws://app3#here",
    ]
  ) throws(() => parseAddress(text), { name: "TypeError", message: /^Cannot connect to / }, text);
});

Deno.test("connect is rejected with ConnectionError when nobody listens", async () => {
  const { port } = await listen(() => {}, (server) => Promise.resolve(server));
  for (const scheme of ["distrilock", "ws"]) {
    await rejects(connect(`${scheme}://127.0.0.1:${port}`), (error) => {
      ok(error instanceof ConnectionError);
      equal(error.code, "SESSION_GONE");
      ok(error.message.startsWith(`Cannot connect to ${scheme}://127.0.0.1:${port}`), error.message);
      return true;
    });
  }
});

Deno.test("connect is rejected when the other end is no server of the protocol", async () => {
  const babble = (socket: Socket) => socket.resume().end("SSH-2.0-OpenSSH_9.6\r\n");
  await listen(babble, async ({ port }) => {
    await rejects(connect(`distrilock://127.0.0.1:${port}`), ConnectionError);
  });
});

Deno.test("connect ends within its timeout when the other end is silent", async () => {
  const swallow = (socket: Socket) => socket.resume();
  await listen(swallow, async ({ port }) => {
    await rejects(
      connect(`distrilock://127.0.0.1:${port}`, { connectTimeoutMs: 20 }),
      /no answer within 20 ms/,
    );
    await rejects(connect(`ws://127.0.0.1:${port}`, { connectTimeoutMs: 20 }), /no answer within 20 ms/);
  });
});

Deno.test("connect is rejected with the reason of its signal", async () => {
  const reason = new Error("never mind");
  await rejects(connect("distrilock://127.0.0.1:1", { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const abort = (socket: Socket) => {
    socket.resume();
    controller.abort(reason);
  };
  await listen(abort, async ({ port }) => {
    await rejects(connect(`distrilock://127.0.0.1:${port}`, { signal: controller.signal }), reason);
  });
});

Deno.test("connect refuses a timeout that is no time", async () => {
  for (const connectTimeoutMs of [0, -1, NaN, Infinity]) {
    await rejects(connect("distrilock://127.0.0.1:1", { connectTimeoutMs }), RangeError);
  }
});

/** Listens while `body` runs. */
async function listen<T>(
  onSocket: (socket: Socket) => void,
  body: (server: { readonly port: number }) => Promise<T>,
): Promise<T> {
  const server: Server = createServer((socket) => {
    // What becomes of a connection that the client gave up is not looked at.
    socket.on("error", () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await body({ port: (server.address() as { port: number }).port });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
