// What a daemon process tells systemd, at a socket of this test as systemd makes one.
import { deepEqual, equal } from "node:assert/strict";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

/** A datagram socket with a name in the file system, which the runtime cannot make. */
const LISTENER = `
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1].replace("@", chr(0)))
print("bound", flush=True)
while True:
    print(listener.recv(4096).decode(), flush=True)
`;

function listen(path: string): (AsyncDisposable & { readonly messages: readonly string[] }) | undefined {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("python3", { args: ["-c", LISTENER, path], stdin: "null", stdout: "piped" })
      .spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("skipped: python3 is not installed");
    return undefined;
  }
  const messages: string[] = [];
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      messages.push(...text.split("\n").filter((line) => line !== ""));
    }
  })();
  return {
    messages,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await Promise.all([child.status, reading]);
    },
  };
}

for (const kind of ["a path", "an abstract name"] as const) {
  Deno.test(`the daemon tells systemd that it is ready, that it lives, and that it leaves, at ${kind}`, async () => {
    using directory = temporaryDirectory();
    const path = `${directory.path}/notify`;
    const name = kind === "a path" ? path : `@${path}`;
    await using listener = listen(name);
    if (!listener) return;
    await eventually("the socket", () => listener.messages.includes("bound"));
    const environment = { NOTIFY_SOCKET: name, WATCHDOG_USEC: "100000" };
    const permission = "--allow-env=NOTIFY_SOCKET,WATCHDOG_USEC";
    await using daemon = await startDaemonProcess(directory.path, [], environment, [permission]);
    await eventually("a sign of life", () => listener.messages.includes("WATCHDOG=1"));
    daemon.kill("SIGTERM");
    equal((await daemon.status).code, 0);
    await eventually("the word that it leaves", () => listener.messages.includes("STOPPING=1"));
    deepEqual(listener.messages.slice(0, 3), ["bound", "READY=1", "WATCHDOG=1"]);
    deepEqual(daemon.log.filter(({ event }) => event === "systemd.failed"), []);
  });
}

Deno.test("a systemd that is not there is said in the log, and nothing else happens", async () => {
  using directory = temporaryDirectory();
  const environment = { NOTIFY_SOCKET: `${directory.path}/nobody` };
  await using daemon = await startDaemonProcess(directory.path, [], environment, [
    "--allow-env=NOTIFY_SOCKET,WATCHDOG_USEC",
  ]);
  const failed = await eventually(
    "the word in the log",
    () => daemon.log.find(({ event }) => event === "systemd.failed"),
  );
  deepEqual([failed.message, failed.fault], ["READY=1", "ENOENT"]);
});
