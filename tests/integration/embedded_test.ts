// Locks of a directory within this process, beside daemons and other processes on the same directory.
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { connect, LockError, LockLostError, LockTimeoutError, openDirectory } from "../../mod.ts";
import { daemonPermissions, startDaemon, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { openFilesBelow } from "../support/descriptors.ts";
import { eventually, within } from "../support/eventually.ts";
import { startHolderProcess } from "../support/holder_process.ts";
import { lockedFiles } from "../support/kernel_locks.ts";

const EXAMPLE = new URL("../../examples/without_daemon.ts", import.meta.url).pathname;

Deno.test("openDirectory gives a client with locks, waits, conversions and watches", async () => {
  using directory = temporaryDirectory();
  await using locks = await openDirectory(directory.path, { name: "embedded", reason: "test" });
  await using watch = locks.watch("a");
  await watch.ready;
  const lock = await locks.acquire("a", { mode: "PR" });
  deepEqual(lockedFiles(directory.path), ["a.lck"]);
  equal(await locks.tryAcquire("a"), null);
  await rejects(locks.acquire("a", { wait: 10 }), LockTimeoutError);
  const { held } = await locks.who("a");
  deepEqual(held.map(({ client, reason }) => [client?.name, client?.pid, reason]), [[
    "embedded",
    Deno.pid,
    "test",
  ]]);
  await lock.convert("EX");
  await lock.setValue("seven");
  const waiting = locks.acquire("a");
  await lock.release();
  const second = await within("the grant", waiting);
  ok(second.token > lock.token);
  equal(second.value?.text, "seven");
  const events: string[] = [];
  for await (const { event } of watch) {
    if (events.push(event) === 4) break;
  }
  deepEqual(events, ["granted", "waiting", "gave-up", "converted"]);
  const [listed] = await Array.fromAsync(locks.list());
  equal(listed?.name, "a");
});

Deno.test("openDirectory renews a lock with a ttl, and tells of one that ran out", async () => {
  using directory = temporaryDirectory();
  await using locks = await openDirectory(directory.path);
  const kept = await locks.acquire("kept", { ttl: 2_000 });
  const first = kept.expires!;
  const left = await locks.acquire("left", { ttl: 150, renew: false });
  await eventually("a lock that nobody renews is lost", () => left.signal.aborted);
  ok(left.signal.reason instanceof LockLostError);
  await eventually("the other was renewed", () => kept.expires! > first);
  ok(kept.held);
});

Deno.test("[I-1] openDirectory and a daemon on the same directory exclude each other", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using client = await connect(daemon.url, { name: "at the daemon" });
  await using locks = await openDirectory(directory.path, { name: "embedded" });
  const mine = await locks.acquire("a");
  equal(await client.tryAcquire("a"), null);
  const waiting = client.acquire("a");
  await mine.release();
  const theirs = await within("the daemon's grant", waiting);
  ok(theirs.token > mine.token);
  equal(await locks.tryAcquire("a"), null);
  const holder = async () => (await locks.who("a")).outsideHolder?.client?.name;
  await eventually("the holder is known", async () => await holder() === "at the daemon");
  await theirs.release();
  await (await locks.acquire("a", { wait: 5_000 })).release();
});

Deno.test("[I-14] locks of openDirectory end with its process", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  await using client = await connect(daemon.url);
  await using holder = await startHolderProcess(directory.path, { name: "a" });
  equal(await client.tryAcquire("a"), null);
  const waiting = client.acquire("a");
  holder.kill();
  const lock = await within("the grant", waiting);
  ok(lock.token > holder.token);
});

Deno.test("[I-19] a directory that was closed leaves no lock and no descriptor", async () => {
  using directory = temporaryDirectory();
  const locks = await openDirectory(directory.path);
  const lock = await locks.acquire(["a", "b"]);
  ok(openFilesBelow(directory.path, Deno.pid).length >= 2);
  const waiting = rejects(locks.acquire("a"), LockError);
  await locks.close();
  await waiting;
  ok(lock.signal.reason instanceof LockLostError);
  equal(await locks.closed, null);
  deepEqual(lockedFiles(directory.path), []);
  deepEqual(openFilesBelow(directory.path, Deno.pid), []);
  await rejects(locks.acquire("a"), { code: "SESSION_GONE" });
});

Deno.test("a directory that is drained by its own administrator ends its client", async () => {
  using directory = temporaryDirectory();
  const locks = await openDirectory(directory.path);
  await locks.administrator.drain();
  equal((await within("the end", locks.closed))?.code, "SESSION_GONE");
  await locks.close();
});

Deno.test("openDirectory refuses what it cannot use, and leaves nothing behind", async () => {
  using directory = temporaryDirectory();
  await rejects(openDirectory(directory.path, { name: "two\nlines" }), { code: "BAD_REQUEST" });
  await rejects(openDirectory(directory.path, { libc: "/no/libc.so" }), /no\/libc\.so/);
  await rejects(openDirectory("/proc/version/locks"));
  deepEqual(openFilesBelow(directory.path, Deno.pid), []);
});

Deno.test("openDirectory tells a log of its life", async () => {
  using directory = temporaryDirectory();
  const lines: string[] = [];
  await openDirectory(directory.path, { log: (line) => void lines.push(line) }).then((locks) =>
    locks.close()
  );
  const events = lines.map((line) => JSON.parse(line).event);
  deepEqual([events.includes("daemon.ready"), events.at(-1)], [true, "daemon.stopped"]);
  match(lines[0] ?? "", /\n$/);
});

Deno.test("openDirectory needs the permissions of a daemon but for the network, and its process ends by itself", async () => {
  using directory = temporaryDirectory();
  const permissions = daemonPermissions(directory.path).filter((flag) => !flag.startsWith("--allow-net"));
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...permissions, EXAMPLE, directory.path],
    stdin: "null",
  });
  const { code, stdout, stderr } = await within("the end of the process", command.output());
  equal(code, 0, new TextDecoder().decode(stderr));
  match(new TextDecoder().decode(stdout), /^holding nightly with token \d+\na second try gets null\n$/);
});
