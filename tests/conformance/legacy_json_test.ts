// The rules of docs/dialects.md section 2, over real WebSockets against a real daemon.
import { deepEqual, equal } from "node:assert/strict";
import { COMMAND, REASON, RESULT } from "../../server/dialect/legacy_request.ts";
import { type Place, startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { lockedFiles } from "../support/kernel_locks.ts";
import { connectRaw } from "../support/raw_peer.ts";
import { OPCODE, RawWebSocket, webSocketBytes } from "../support/raw_web_socket.ts";
import { testScenarios } from "./scenario.ts";

testScenarios("legacy_json.json");

async function connectTo(place: Place): Promise<RawWebSocket> {
  return await RawWebSocket.connect(place, "/distrilock");
}

async function ask(
  peer: RawWebSocket,
  Command: number,
  LockName: string,
): Promise<{ Result: number; Reason: string; IsLocked: boolean }> {
  await peer.say(JSON.stringify({ VersionMajor: 0, VersionMinor: 1, Command, LockName }));
  const frame = await peer.hear();
  const { Result, Reason, IsLocked } = JSON.parse(new TextDecoder().decode(frame?.payload));
  return { Result, Reason, IsLocked };
}

Deno.test("[L-1] a binary frame is closed with 1003 and no answer", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  using peer = await connectTo(daemon);
  await peer.write(webSocketBytes({ opcode: OPCODE.binary, payload: Uint8Array.of(3, 1, 2, 3) }));
  deepEqual(await peer.hearToEnd(), { messages: [], status: 1003 });
});

Deno.test("[L-1] the path is spoken to by WebSockets only", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  const response = await fetch(`http://127.0.0.1:${daemon.httpPort}/distrilock`);
  equal(response.status, 426);
  await response.body?.cancel();
});

Deno.test("[L-1] a peer may be silent as long as it likes, and say nothing at first", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, ["--hello-timeout", "50ms", "--text-silence", "50ms"]);
  using peer = await connectTo(daemon);
  using stranger = await RawWebSocket.connect(daemon);
  // A native peer that came later is given up first: then the time is over.
  equal((await stranger.hearToEnd()).status, 1008);
  deepEqual(await ask(peer, COMMAND.acquire, "a"), { Result: RESULT.success, Reason: "", IsLocked: true });
});

Deno.test("[L-5] locks are in <name>.lck, and those of . and .. beside all others", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  using peer = await connectTo(daemon);
  for (const name of ["nightly", "A-b_c.9", ".", ".."]) {
    equal((await ask(peer, COMMAND.acquire, name)).Result, RESULT.success);
  }
  const files = await eventually("four files are locked", () => {
    const locked = lockedFiles(directory.path);
    return locked.length === 4 && locked;
  });
  deepEqual(files.sort(), ["...lck", "..lck", "A-b_c.9.lck", "nightly.lck"]);
});

Deno.test("[L-6] a file that nobody has locked is no lock, whatever is in it", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  using peer = await connectTo(daemon);
  for (const [name, text] of [["empty", ""], ["pid", "4711\n"], ["noise", "\0\xff".repeat(5_000)]] as const) {
    Deno.writeTextFileSync(`${directory.path}/${name}.lck`, text);
    deepEqual(await ask(peer, COMMAND.peek, name), { Result: RESULT.success, Reason: "", IsLocked: false });
    deepEqual(await ask(peer, COMMAND.release, name), {
      Result: RESULT.failed,
      Reason: REASON.notFound,
      IsLocked: false,
    });
    deepEqual(await ask(peer, COMMAND.acquire, name), { Result: RESULT.success, Reason: "", IsLocked: true });
  }
});

Deno.test("[L-7] a lock that another daemon of the directory gave is held by a different process", async () => {
  using directory = temporaryDirectory();
  await using one = startDaemon(directory.path);
  await using two = startDaemon(directory.path);
  using holder = await connectTo(one);
  using peer = await connectTo(two);
  equal((await ask(holder, COMMAND.acquire, "a")).Result, RESULT.success);
  const refused = { Result: RESULT.failed, Reason: REASON.otherProcess, IsLocked: true };
  deepEqual(await ask(peer, COMMAND.acquire, "a"), refused);
  // Some time later the holder has left a note, and is known by name: it still is of another process.
  await using watcher = await connectRaw(two, "tcp");
  await eventually("the holder is known", async () => {
    const answer = await watcher.ask({ id: 2, op: "who", name: "a" });
    return answer.outsideHolder;
  });
  deepEqual(await ask(peer, COMMAND.acquire, "a"), refused);
  deepEqual(await ask(peer, COMMAND.peek, "a"), { Result: RESULT.success, Reason: "", IsLocked: true });
  deepEqual(await ask(peer, COMMAND.release, "a"), {
    Result: RESULT.failed,
    Reason: REASON.notFound,
    IsLocked: false,
  });
});

Deno.test("[L-9] verify of a lock whose file was taken away fails, and takes nothing again", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  using peer = await connectTo(daemon);
  equal((await ask(peer, COMMAND.acquire, "a")).Result, RESULT.success);
  Deno.removeSync(`${directory.path}/a.lck`);
  const lost = { Result: RESULT.failed, Reason: REASON.notFound, IsLocked: false };
  deepEqual(await ask(peer, COMMAND.verify, "a"), lost);
  deepEqual(await ask(peer, COMMAND.verify, "a"), lost);
  deepEqual(await ask(peer, COMMAND.peek, "a"), { Result: RESULT.success, Reason: "", IsLocked: false });
});
