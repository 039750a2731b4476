// What those who run a daemon can see of it: /metrics against the table in docs/metrics.md, /livez and
// /readyz through a drain.
import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { connect } from "../../mod.ts";
import { metricName } from "../../server/metrics/metric.ts";
import { METRICS } from "../../server/metrics/metric_table.ts";
import { runCommand } from "../support/command.ts";
import { startDaemon, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { connectRaw } from "../support/raw_peer.ts";
import { testToken, writeTokens } from "../support/tokens.ts";

const DOCUMENT = new URL("../../docs/metrics.md", import.meta.url);

async function get(
  port: number,
  path: string,
): Promise<{ status: number; text: string; type: string | null }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const { status, headers } = response;
  return { status, text: await response.text(), type: headers.get("content-type") };
}

/** The samples of a scrape. */
async function scrape(port: number): Promise<ReadonlyMap<string, number>> {
  const { text } = await get(port, "/metrics");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

Deno.test("/metrics has every metric that docs/metrics.md tells of, and no other", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  const { status, text, type } = await get(daemon.httpPort, "/metrics");
  deepEqual([status, type], [200, "text/plain; version=0.0.4; charset=utf-8"]);
  const told = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name, help, kind]) => ({
    name,
    kind,
    help,
  }));
  const rows = Deno.readTextFileSync(DOCUMENT).matchAll(
    /^\| `(\w+)` \| (gauge|counter|histogram) \| (.*?) \| (.*) \|$/gm,
  );
  const documented = [...rows].map(([, name, kind, , help]) => ({ name, kind, help }));
  deepEqual(told, documented);
});

Deno.test("every label of a sample is one that docs/metrics.md tells of", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, ["--metric-classes", "job/=jobs"]);
  await using client = await connect(daemon.url);
  await using _lock = await client.acquire("job/1");
  const rows = Deno.readTextFileSync(DOCUMENT).matchAll(/^\| `(\w+)` \| \w+ \| (.*?) \|/gm);
  const documented = new Map([...rows].map(([, name, labels = ""]) => [name, labels.match(/\w+/g) ?? []]));
  deepEqual(documented, new Map(METRICS.map((metric) => [metricName(metric), [...metric.labels]])));
  for (const sample of (await scrape(daemon.httpPort)).keys()) {
    const [, name = "", labels = ""] = /^(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})?$/.exec(sample) ?? [];
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) =>
      label !== "le"
    );
    deepEqual(names.sort(), [...documented.get(name) ?? ["undocumented"]].sort(), sample);
  }
});

Deno.test("/metrics tells what locks, waits, sessions and connections there are, and never a lock name", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, ["--metric-classes", "job/=jobs"]);
  await using client = await connect(daemon.url);
  await using socket = await connectRaw(daemon, "websocket");
  await using lock = await client.acquire("job/secret");
  await socket.say({ id: 2, op: "acquire", name: "job/secret", mode: "PR" });
  await socket.say({ id: 3, op: "acquire", name: "job/secret", mode: "PR", wait: 0 });
  await socket.hear();
  const before = await scrape(daemon.httpPort);
  equal(before.get('distrilock_locks_held{mode="EX",class="jobs"}'), 1);
  equal(before.get('distrilock_waiters{mode="PR",class="jobs"}'), 1);
  ok((before.get('distrilock_oldest_wait_seconds{class="jobs"}') ?? 0) > 0);
  equal(before.get('distrilock_sessions{transport="tcp",state="connected"}'), 1);
  equal(before.get('distrilock_sessions{transport="websocket",state="connected"}'), 1);
  equal(before.get("distrilock_connections"), 2);
  equal(before.get('distrilock_acquires_total{mode="PR",class="jobs",result="busy"}'), 1);
  equal(before.get("distrilock_ready"), 1);
  ok((before.get('distrilock_store_operations_total{operation="lock",result="ok"}') ?? 0) > 0);
  ok((before.get("process_resident_memory_bytes") ?? 0) > 1_000_000);
  equal([...before.keys()].some((sample) => sample.includes("secret")), false);
  await lock.release();
  await socket.hear();
  const after = await scrape(daemon.httpPort);
  equal(after.get('distrilock_hold_seconds_count{mode="EX",class="jobs"}'), 1);
  equal(after.get('distrilock_acquire_wait_seconds_count{mode="PR",class="jobs"}'), 1);
  equal(after.get('distrilock_acquire_wait_seconds_bucket{mode="PR",class="jobs",le="1800"}'), 1);
  equal(after.get('distrilock_acquire_wait_seconds_bucket{mode="PR",class="jobs",le="+Inf"}'), 1);
  equal(after.get('distrilock_locks_held{mode="PR",class="jobs"}'), 1);
});

Deno.test("/metrics counts connections and watches that a limit keeps out", async () => {
  using directory = temporaryDirectory();
  const flags = ["--connections-max", "2", "--watches-per-session-max", "0"];
  await using daemon = startDaemon(directory.path, flags);
  await using first = await connectRaw(daemon, "tcp");
  equal((await first.ask({ id: 2, op: "watch", prefix: "" })).error.code, "LIMIT");
  await using second = await connectRaw(daemon, "tcp");
  await using third = await connectRaw(daemon, "tcp", { hello: false });
  equal((await third.hear()).error.code, "LIMIT");
  // A scrape may need room as well.
  second.end();
  const samples = await eventually("room for a scrape", async () => {
    const told = await scrape(daemon.httpPort);
    return told.has("distrilock_ready") && told;
  });
  ok((samples.get('distrilock_limit_refusals_total{limit="connections"}') ?? 0) >= 1);
  ok((samples.get('distrilock_connections_total{result="refused"}') ?? 0) >= 1);
  equal(samples.get('distrilock_limit_refusals_total{limit="watches"}'), 1);
  equal(samples.get('distrilock_limit{limit="connectionsMax"}'), 2);
});

Deno.test("/metrics counts what limits of HTTP clients keep out", async () => {
  using directory = temporaryDirectory();
  const flags = ["--http-locks-max", "0", "--event-streams-max", "0"];
  await using daemon = startDaemon(directory.path, flags);
  const url = `http://127.0.0.1:${daemon.httpPort}`;
  const headers = { "content-type": "application/json" };
  const refusals = [
    await fetch(`${url}/v1/locks`, { method: "POST", headers, body: '{"name":"a"}' }),
    await fetch(`${url}/v1/events`),
    await fetch(`${url}/getLock/a`),
  ];
  deepEqual(refusals.map(({ status }) => status), [429, 429, 429]);
  for (const { body } of refusals) await body?.cancel();
  const samples = await scrape(daemon.httpPort);
  equal(samples.get('distrilock_limit_refusals_total{limit="http"}'), 3);
});

Deno.test("/livez and /readyz say ok, and with verbose each check", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  for (const path of ["/livez", "/readyz"]) {
    deepEqual(await get(daemon.httpPort, path), {
      status: 200,
      text: "ok\n",
      type: "text/plain; charset=utf-8",
    });
  }
  equal((await get(daemon.httpPort, "/livez?verbose")).text, "[+]ping ok\nlivez check passed\n");
  const { text } = await get(daemon.httpPort, "/readyz?verbose");
  equal(text, "[+]draining ok\n[+]accepting ok\n[+]store ok\nreadyz check passed\n");
});

Deno.test("/readyz says no as soon as the daemon drains, while /livez goes on saying yes", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  await using client = await connect(daemon.url);
  await using lock = await client.acquire("a");
  const drained = daemon.daemon.drain();
  const { status, text } = await get(daemon.httpPort, "/readyz");
  equal(status, 503);
  match(text, /^\[-\]draining failed: the daemon leaves service\n\[\+\]accepting ok\n/);
  equal((await get(daemon.httpPort, "/livez")).status, 200);
  equal((await scrape(daemon.httpPort)).get("distrilock_draining"), 1);
  await lock.release();
  await drained;
});

Deno.test("/readyz says no when the ledger of the directory was deleted", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  Deno.removeSync(`${directory.path}/.distrilock/ledger`);
  const { status, text } = await get(daemon.httpPort, "/readyz");
  equal(status, 503);
  match(text, /^\[-\]store failed: the store cannot arbitrate now$/m);
  equal((await scrape(daemon.httpPort)).get("distrilock_store_available"), 0);
});

Deno.test("the event loop lag is measured while the daemon runs", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  await eventually("a beat of the event loop", async () => {
    return ((await scrape(daemon.httpPort)).get("distrilock_event_loop_lag_seconds_count") ?? 0) > 0;
  });
});

Deno.test("/metrics is for who may read some name, while health is open to all", async () => {
  using directory = temporaryDirectory();
  const file = `${directory.path}/tokens`;
  writeTokens(file, { reader: "read:a/*", writer: "acquire:*" });
  await using daemon = startDaemon(directory.path, ["--tokens-file", file, "--refusal-pause", "0ms"]);
  const statusFor = async (path: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${daemon.httpPort}${path}`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  deepEqual(
    await Promise.all(
      [testToken("reader"), testToken("writer"), testToken("wrong"), undefined].map((token) =>
        statusFor("/metrics", token)
      ),
    ),
    [
      200,
      403,
      401,
      401,
    ],
  );
  deepEqual([await statusFor("/livez"), await statusFor("/readyz")], [200, 200]);
});

Deno.test("serve says in a line that a port is taken, and ends with 69", async () => {
  using directory = temporaryDirectory();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = `127.0.0.1:${listener.addr.port}`;
  for (
    const ports of [["--address", taken, "--http-address", "off"], [
      "--address",
      "off",
      "--http-address",
      taken,
    ]]
  ) {
    const { code, errors } = await runCommand("", ["serve", "--directory", directory.path, ...ports]);
    equal(code, 69, errors);
    match(errors, new RegExp(`^distrilock: Cannot listen on ${taken}: .*\n$`, "m"));
    doesNotMatch(errors, /Uncaught/);
  }
});

Deno.test("serve says which file it cannot use, what for, and ends with 69", async () => {
  using directory = temporaryDirectory();
  const file = `${directory.path}/file`;
  Deno.writeTextFileSync(file, "");
  const nowhere = `${directory.path}/none/x`;
  for (
    const [what, path, flags] of [
      ["make the directory", file, ["--directory", file]],
      ["open the audit file", nowhere, ["--directory", directory.path, "--audit-log", nowhere]],
      ["read", nowhere, ["--etcd", "http://127.0.0.1:1", "--etcd-ca", nowhere]],
      ["make the directory", file, ["--etcd-managed", "127.0.0.1", "--etcd-data", file, "--bootstrap"]],
    ] as const
  ) {
    const { code, errors } = await runCommand("", ["serve", "--http-address", "off", ...flags]);
    equal(code, 69, errors);
    ok(errors.includes(`distrilock: Cannot ${what} "${path}"`), errors);
    doesNotMatch(errors, /Uncaught/);
  }
});
