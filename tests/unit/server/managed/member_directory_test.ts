import { equal, ok, throws } from "node:assert/strict";
import { Libc } from "../../../../ffi/libc.ts";
import { MemberDirectory } from "../../../../server/managed/member_directory.ts";
import { MemberError } from "../../../../server/managed/member_error.ts";
import { temporaryDirectory } from "../../../support/daemon.ts";
import { eventually } from "../../../support/eventually.ts";
import { hasPython } from "../../../support/foreign_locker.ts";

function open(directory: string, libc: Libc): MemberDirectory {
  const self = { host: "127.0.0.1", port: 2379 };
  return new MemberDirectory({ hosts: [self], self, directory, bootstrap: false, tls: undefined }, libc);
}

/** A process that sleeps under another name. */
function startSleeper(directory: string, name: string): Deno.ChildProcess {
  const program = `${directory}/programs/${name}`;
  Deno.mkdirSync(`${directory}/programs`, { recursive: true });
  Deno.copyFileSync("/usr/bin/sleep", program);
  return new Deno.Command(program, { args: ["600"], stdin: "null" }).spawn();
}

/** When a process was started, as the kernel has it. */
function startOf(pid: number): string {
  const [, fields = ""] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ");
  return fields.split(" ")[19] ?? "";
}

Deno.test("MemberDirectory belongs to one at a time", () => {
  using place = temporaryDirectory();
  using libc = Libc.open();
  {
    using _one = open(place.path, libc);
    throws(() => open(place.path, libc), (error) => {
      ok(error instanceof MemberError);
      equal(error.message, `Cannot run a member of etcd in "${place.path}": another daemon does`);
      return true;
    });
  }
  using _next = open(place.path, libc);
});

Deno.test("MemberDirectory knows a past by the log of what was decided, and clears the rest", () => {
  using place = temporaryDirectory();
  using libc = Libc.open();
  using directory = open(place.path, libc);
  equal(directory.hasPast, false);
  Deno.mkdirSync(`${place.path}/etcd/member/wal`, { recursive: true });
  Deno.mkdirSync(`${place.path}/etcd/member/snap`);
  equal(directory.hasPast, false, "an empty folder is no log");
  directory.clear();
  equal([...Deno.readDirSync(`${place.path}/etcd`)].length, 0);
  Deno.mkdirSync(`${place.path}/etcd/member/wal`, { recursive: true });
  Deno.writeTextFileSync(`${place.path}/etcd/member/wal/0-0.wal`, "");
  equal(directory.hasPast, true);
  throws(() => directory.clear());
});

Deno.test("MemberDirectory ends the etcd that its predecessor left", async () => {
  using place = temporaryDirectory();
  using libc = Libc.open();
  const left = startSleeper(place.path, "etcd");
  {
    using before = open(place.path, libc);
    equal(await before.endOrphan(), undefined, "there is none yet");
    before.note(left.pid);
  }
  using after = open(place.path, libc);
  equal(await after.endOrphan(), left.pid);
  equal((await left.status).signal, "SIGTERM");
  equal(await after.endOrphan(), undefined);
});

/** Says which port it has, and ends its first thread; another one keeps the port. */
const HEADLESS = `
import ctypes, socket, threading, time
open("/proc/self/comm", "w").write("etcd")
port = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=time.sleep, args=(600,)).start()
print(port.getsockname()[1], flush=True)
ctypes.CDLL(None).pthread_exit(None)
`;

const PYTHON = hasPython();
if (!PYTHON) console.log("skipped: an etcd that ends thread by thread: there is no python3");

Deno.test({
  name: "MemberDirectory waits for the last thread of the etcd that its predecessor left: it has the ports",
  ignore: !PYTHON,
  async fn() {
    using place = temporaryDirectory();
    using libc = Libc.open();
    const left = new Deno.Command("python3", { args: ["-c", HEADLESS], stdin: "null", stdout: "piped" })
      .spawn();
    const reader = left.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const port = Number((await reader.read()).value);
    await eventually("its first thread has ended", () => {
      return / Z /.test(Deno.readTextFileSync(`/proc/${left.pid}/stat`));
    });
    Deno.writeTextFileSync(`${place.path}/etcd.pid`, `${left.pid} ${startOf(left.pid)}`);
    using directory = open(place.path, libc);
    equal(await directory.endOrphan(), left.pid);
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    equal((await left.status).signal, "SIGTERM");
    await reader.cancel();
  },
});

Deno.test("MemberDirectory ends no process that is another one, by name or by its start", async () => {
  using place = temporaryDirectory();
  using libc = Libc.open();
  const other = startSleeper(place.path, "other");
  const etcd = startSleeper(place.path, "etcd");
  for (
    const note of [`${other.pid} ${startOf(other.pid)}`, `${etcd.pid} 1`, `${etcd.pid}`, "", "etcd", "-1 5"]
  ) {
    Deno.writeTextFileSync(`${place.path}/etcd.pid`, note);
    using directory = open(place.path, libc);
    equal(await directory.endOrphan(), undefined, note);
  }
  for (const process of [other, etcd]) {
    process.kill("SIGKILL");
    equal((await process.status).signal, "SIGKILL");
  }
});
