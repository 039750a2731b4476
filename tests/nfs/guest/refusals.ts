/**
 * Mounts on which a daemon does not start, and what it and doctor say of them.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import { connect } from "../../../client/mod.ts";
import { exportedDirectory, KILLED, mountOf, PATIENCE, program, run, serve, soon, startOn } from "./stage.ts";

const BAD: Readonly<Record<string, readonly [options: string, fault: RegExp]>> = {
  "NFSv3 without locks between hosts": ["vers=3,nolock", /local_lock=all: locks stay on this host/],
  "NFSv3 with local locks": ["vers=3,local_lock=all", /local_lock=all/],
  "NFSv4.0": ["vers=4.0", /NFS version: 4.0 has no sessions/],
  "a soft mount": ["vers=4.2,soft", /soft: a call that gives up/],
};

for (const [what, [options, fault]] of Object.entries(BAD)) {
  Deno.test(`a daemon does not start on ${what}`, async () => {
    const directory = exportedDirectory();
    await run("nfs-mount", "b", options);
    try {
      const { code, text } = await serve("host-b", mountOf("b") + directory);
      equal(code, 69, text);
      match(text, fault);
      match(text, /vers=4\.2,hard/, "it says what to change");
    } finally {
      await run("nfs-mount", "b");
    }
  });
}

Deno.test("a daemon does not start where the kernel takes lost locks again", async () => {
  const parameter = "/sys/module/nfs/parameters/recover_lost_locks";
  Deno.writeTextFileSync(parameter, "Y");
  try {
    const { code, text } = await serve("host-b", mountOf("b") + exportedDirectory());
    equal(code, 69);
    match(text, /lost locks: the kernel takes lost locks again.*echo N > /);
  } finally {
    Deno.writeTextFileSync(parameter, "N");
  }
});

Deno.test("[P-50] a daemon does not start on a host that the server takes for another one, whose holders are told that their locks are gone", async () => {
  const directory = exportedDirectory();
  await using one = await startOn("a", directory);
  await using a = await connect(one.url);
  const { signal } = await a.acquire("x");
  await run("nfs-mount", "b", "vers=4.2", "host-a");
  try {
    const { code, text } = await serve("host-a", mountOf("b") + directory);
    ok(!text.includes("daemon.ready"), text);
    // Two such clients break each other's sessions all the time, and now and then no call of the newcomer
    // comes through.
    if (code === KILLED) {
      return console.log(`hosts of one name: the newcomer hung for ${PATIENCE} s, and did not serve`);
    }
    equal(code, 69, text);
    match(text, /other hosts: host-a\[\d+\] at 10\.9\.1\.2 runs on another host that is called host-a too/);
    match(text, /nfs_client\/identifier/);
    await soon("the proof that fails", () => signal.aborted);
  } finally {
    await run("nfs-mount", "b");
  }
});

Deno.test("doctor finds a good mount good, sees a daemon of another host, and the time of the server", async () => {
  const directory = exportedDirectory();
  await using _one = await startOn("a", directory);
  const { code, text } = await program("host-b", "doctor", "--directory", mountOf("b") + directory);
  equal(code, 0, text);
  for (
    const check of [
      "NFS version",
      "NFS options",
      "lost locks",
      "lease time",
      "host name",
      "other hosts",
      "two daemons",
      "server clock",
    ]
  ) {
    ok(new RegExp(`^ok +${check} `, "m").test(text), `${check} in ${text}`);
  }
  match(text, /the locks of host-a\[\d+\] are seen from here/);
});
