/**
 * Hostile input: a daemon process where somebody holds a lock, and bytes that are sent to it. Whatever they
 * are, the daemon goes on, the lock stays untouched, and no descriptor is left behind.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { connect, type Lock } from "../../client/mod.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "./daemon.ts";
import { openSockets, socketsBackTo } from "./descriptors.ts";
import { within } from "./eventually.ts";

/** Runs input against a daemon where somebody holds `mine`; afterwards all is as it was before. */
export function input(name: string, send: (daemon: DaemonProcess) => Promise<void>): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path);
    await using owner = await connect(daemon.url, { name: "owner" });
    const lock = await owner.acquire("mine", { mode: "EX" });
    const before = openSockets(daemon.pid);
    await send(daemon);
    await socketsBackTo(before, daemon.pid);
    await stillAlone(daemon, lock);
    deepEqual(daemon.log.filter(({ level }) => level === "error"), []);
  });
}

/** A connection that sends bytes, and reads lines to the end. */
export async function overTcp(
  daemon: Pick<DaemonProcess, "tcpPort">,
  parts: readonly Uint8Array[],
): Promise<string> {
  using socket = await Deno.connect({ port: daemon.tcpPort });
  socket.setNoDelay(true);
  const reading = readToEnd(socket);
  try {
    for (const part of parts) {
      for (let sent = 0; sent < part.length;) sent += await socket.write(part.subarray(sent));
    }
    await socket.closeWrite();
  } catch (error) {
    // The daemon hung up on us in the middle, as it may on a stream that makes no sense.
    const { BrokenPipe, ConnectionReset, NotConnected } = Deno.errors;
    if (![BrokenPipe, ConnectionReset, NotConnected].some((kind) => error instanceof kind)) throw error;
  }
  return await within("the daemon's last word", reading);
}

/** All that a connection says. */
export async function readToEnd(socket: Deno.TcpConn): Promise<string> {
  let text = "";
  const [buffer, decoder] = [new Uint8Array(65_536), new TextDecoder()];
  try {
    for (let count = await socket.read(buffer); count !== null; count = await socket.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return text;
}

async function stillAlone(daemon: DaemonProcess, lock: Lock): Promise<void> {
  for (const url of [daemon.url, daemon.webSocketUrl]) {
    await using other = await connect(url);
    equal(await other.tryAcquire("mine", { mode: "CR" }), null);
    const names = await Array.fromAsync(other.list());
    deepEqual(names.map(({ name, heldCount, waitingCount }) => [name, heldCount, waitingCount]), [[
      "mine",
      1,
      0,
    ]]);
    equal(names[0]?.held[0]?.token, lock.token);
    await (await other.acquire("free")).release();
  }
  equal(lock.held, true);
  await lock.release();
}
