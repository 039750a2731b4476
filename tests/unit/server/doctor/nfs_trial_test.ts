// Trying out an NFS mount, on local files: who else is in the roster, whether one of them is taken for this
// host, and the time of the server.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ERRNO } from "../../../../ffi/errno.ts";
import { Libc } from "../../../../ffi/libc.ts";
import type { Finding } from "../../../../server/doctor/finding.ts";
import type { NfsFacts } from "../../../../server/doctor/nfs_facts.ts";
import { tryNfs } from "../../../../server/doctor/nfs_trial.ts";
import { DirectFiles } from "../../../../server/store/directory/nfs/direct_files.ts";
import type { HostIdentity } from "../../../../server/store/directory/nfs/host_identity.ts";
import { Registration } from "../../../../server/store/directory/nfs/registration.ts";
import { Roster } from "../../../../server/store/directory/nfs/roster.ts";
import { temporaryDirectory } from "../../../support/daemon.ts";
import { FaultyFiles } from "../../../support/faulty_files.ts";
import { directCalls } from "../../../support/inline_courier.ts";
import { BENCH_START_MS } from "../../../support/store_bench.ts";

const ME: HostIdentity = { hostname: "app3", identifier: "", bootId: "b1", address: "10.0.0.3" };
const TWIN: HostIdentity = { ...ME, bootId: "b2", address: "10.0.0.4" };
const MOUNT = {
  type: "nfs4",
  point: "/srv/locks",
  source: "nas:/locks",
  options: ["rw", "vers=4.2", "hard"],
};

/** A roster in a directory, and a host that looks at it. */
class Bench implements Disposable {
  readonly #directory = temporaryDirectory();
  readonly #libc = Libc.open();
  readonly files = new FaultyFiles(this.#libc);
  readonly #calls = directCalls(this.files, { bootMs: () => 0 });
  nowMs = BENCH_START_MS;
  /** What the clock of the server is ahead. */
  serverAheadMs = 0;
  sleptMs = 0;
  /** What happens while the trial sleeps. */
  meanwhile = () => {};

  /** Enters a daemon into the roster. */
  enter(daemon: string, host: HostIdentity) {
    const entry = new Registration({ daemon, host, wallMs: () => this.nowMs, onTwin: () => {} });
    const roster = new Roster(new DirectFiles(this.#calls), `${this.#directory.path}/roster`);
    const sign = () => void roster.sign(entry.text());
    sign();
    return { sign, close: () => roster.close() };
  }

  /** A daemon that wrote and whose lock is not there: it was killed, or its lock is what the server freed. */
  leave(daemon: string, host: HostIdentity): void {
    const entry = new Registration({ daemon, host, wallMs: () => this.nowMs, onTwin: () => {} });
    const text = entry.text().padEnd(511) + "\n";
    Deno.writeTextFileSync(`${this.#directory.path}/roster`, text);
  }

  tried(): Record<string, Finding> {
    const facts: NfsFacts = { mount: MOUNT, leaseMs: 10_000, recoversLostLocks: false, host: ME };
    const findings = tryNfs({
      calls: { ...this.#calls, changedMs: () => this.nowMs + this.serverAheadMs },
      rosterPath: `${this.#directory.path}/roster`,
      trialPath: `${this.#directory.path}/trial`,
      facts,
      wallMs: () => this.nowMs,
      sleep: (ms) => {
        this.sleptMs += ms;
        this.nowMs += ms;
        this.meanwhile();
      },
    });
    return Object.fromEntries(findings.map((finding) => [finding.check, finding]));
  }

  verdicts(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.tried()).map(([check, { verdict }]) => [check, verdict]));
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
    this.#libc[Symbol.dispose]();
  }
}

Deno.test("tryNfs finds nobody in a directory that is new, makes nothing there, and looks at the clock of the server", () => {
  using bench = new Bench();
  const verdicts = { "other hosts": "ok", "two daemons": "skip", "server clock": "ok" };
  deepEqual(bench.verdicts(), verdicts);
  equal(bench.sleptMs, 0);
  deepEqual(bench.files.openDescriptors, []);
  bench.serverAheadMs = 60_000;
  deepEqual(bench.verdicts(), { ...verdicts, "server clock": "warn" });
});

Deno.test("tryNfs sees daemons that live, and refuses one on a host that the server takes for this one", () => {
  using bench = new Bench();
  const other = bench.enter("app4[1]", { ...TWIN, hostname: "app4" });
  const same = bench.enter("app3[2]", ME);
  const good = bench.tried();
  equal(good["other hosts"]?.verdict, "ok");
  match(good["two daemons"]?.text ?? "", /app4\[1\], app3\[2\] are seen/);
  const twin = bench.enter("app3[3]", TWIN);
  equal(bench.tried()["other hosts"]?.verdict, "fail");
  equal(bench.sleptMs, 0, "its lock is seen: nothing is to be waited for");
  for (const daemon of [other, same, twin]) daemon.close();
  equal(bench.tried()["other hosts"]?.verdict, "ok");
});

Deno.test("tryNfs watches a twin whose lock is not seen, until it writes or should have", () => {
  using bench = new Bench();
  bench.leave("app3[3]", TWIN);
  equal(bench.tried()["other hosts"]?.verdict, "ok", "it does not write any more");
  const watchedMs = bench.sleptMs;
  ok(watchedMs > 2 * 10_000 / 4, "a daemon writes four times in a lease time");
  bench.meanwhile = () => bench.leave("app4[1]", { ...TWIN, hostname: "app4" });
  equal(bench.tried()["other hosts"]?.verdict, "ok", "its place is somebody else's now");
  bench.leave("app3[3]", TWIN);
  bench.sleptMs = 0;
  bench.meanwhile = () => bench.leave("app3[3]", TWIN);
  deepEqual(bench.verdicts(), { "other hosts": "fail" }, "it lives, and nothing more is asked of the server");
  ok(bench.sleptMs < watchedMs / 4, "it is seen as soon as it writes");
  bench.meanwhile = () => {};
  bench.sleptMs = 0;
  bench.nowMs += 3_600_000;
  equal(bench.tried()["other hosts"]?.verdict, "ok");
  equal(bench.sleptMs, 0, "nobody waits for one that wrote long ago");
});

Deno.test("tryNfs says that a roster cannot be read", () => {
  using bench = new Bench();
  bench.enter("app4[1]", { ...TWIN, hostname: "app4" }).close();
  bench.files.fail({ errno: ERRNO.EACCES, kind: "open" });
  const { "other hosts": found } = bench.tried();
  equal(found?.verdict, "fail");
  match(found.text, /roster: EACCES/);
  match(found.advice ?? "", /the right to read and write/);
  deepEqual(bench.files.openDescriptors, []);
});
