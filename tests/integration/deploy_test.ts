// What is in deploy/ fits the daemon: its flags, its metrics, its permissions. Programs that know the formats
// better check them where they are installed.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { parse } from "yaml";
import { readConfig } from "../../server/config.ts";
import { metricName } from "../../server/metrics/metric.ts";
import { METRICS } from "../../server/metrics/metric_table.ts";
import { daemonPermissions, startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { runTool } from "../support/tools.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const UNIT = `${ROOT}deploy/systemd/distrilock.service`;

function read(path: string): string {
  return Deno.readTextFileSync(ROOT + path);
}

function yaml<T>(path: string): T {
  return parse(read(path), { strict: true, uniqueKeys: true, merge: true }) as T;
}

/** The names of metrics in an expression, without the endings that a histogram adds. */
function metricsIn(expression: string): string[] {
  const names = expression.match(/\b(?:distrilock|process)_\w+/g) ?? [];
  return names.map((name) => name.replace(/_(?:bucket|sum|count)$/, ""));
}

const KNOWN = new Set(METRICS.map(metricName));

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: { readonly severity: string };
      readonly annotations: { readonly summary: string };
    }[];
  }[];
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        image: string;
        command?: string[];
        depends_on?: string[];
        volumes?: string[];
        stop_grace_period?: string;
      }
    >
  >;
}

Deno.test("every alert uses metrics that exist, has a severity, and is in docs/operations.md", () => {
  const rules = yaml<Rules>("deploy/prometheus/alerts.yml").groups.flatMap((group) => group.rules);
  const names = rules.map(({ alert }) => alert);
  equal(new Set(names).size, names.length);
  for (const { alert, expr, labels: { severity }, annotations: { summary } } of rules) {
    ok(alert === "DistrilockDown" || metricsIn(expr).length > 0, alert);
    deepEqual(metricsIn(expr).filter((name) => !KNOWN.has(name)), [], alert);
    ok(["page", "ticket"].includes(severity), alert);
    ok(summary.length > 0, alert);
  }
  const described = [...read("docs/operations.md").matchAll(/^\| `(Distrilock\w+)` \|/gm)].map(([, name]) =>
    name
  );
  deepEqual(described, names);
});

Deno.test("promtool takes the alert rules, the settings, and what /metrics tells", async () => {
  for (const path of ["deploy/prometheus/alerts.yml", "deploy/prometheus/prometheus.yml"]) {
    const kind = path.endsWith("alerts.yml") ? "rules" : "config";
    const checked = await runTool("promtool", ["check", kind, ROOT + path]);
    equal(checked?.code ?? 0, 0, checked?.text);
  }
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path);
  const metrics = await (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();
  const linted = await runTool("promtool", ["check", "metrics"], metrics);
  deepEqual([linted?.code ?? 0, linted?.text ?? ""], [0, ""]);
});

Deno.test("the dashboard shows metrics that exist, and every one of them, in panels that do not overlap", () => {
  const { panels, templating } = JSON.parse(read("deploy/grafana/dashboard.json")) as Dashboard;
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const used = [...expressions, ...templating.list.map(({ definition = "" }) => definition)].flatMap(
    metricsIn,
  );
  deepEqual(used.filter((name) => !KNOWN.has(name)), []);
  deepEqual([...KNOWN].filter((name) => !used.includes(name)), []);
  equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos: { x, y, w, h } } of panels) {
    ok(x + w <= 24, title);
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        equal(
          taken.get(`${column} ${line}`),
          undefined,
          `${title} overlaps ${taken.get(`${column} ${line}`)}`,
        );
        taken.set(`${column} ${line}`, title);
      }
    }
  }
});

Deno.test("the unit starts the daemon with flags that it knows and the permissions that the README names", () => {
  const [, command = ""] = /^ExecStart=((?:.*\\\n)*.*)$/m.exec(read("deploy/systemd/distrilock.service")) ??
    [];
  const words = command.split(/[\s\\]+/);
  const at = words.indexOf("serve");
  const config = readConfig(words.slice(at + 1), () => undefined, () => "");
  deepEqual([config.directory, config.auditLog], [
    "/var/lib/distrilock/locks",
    "/var/log/distrilock/audit.jsonl",
  ]);
  const flag = (word: string) => /^--allow-\w+/.exec(word)?.[0];
  const granted = words.slice(0, at).flatMap((word) => flag(word) ?? []);
  deepEqual(granted, ["--allow-env", ...daemonPermissions("/").flatMap((word) => flag(word) ?? [])]);
  ok(!words.includes("-A") && !words.includes("--allow-all") && !words.includes("--allow-run"));
  const [, seconds] = /^TimeoutStopSec=(\d+)s$/m.exec(read("deploy/systemd/distrilock.service")) ?? [];
  ok(
    Number(seconds) * 1_000 > config.limits.drainTimeoutMs + 10_000,
    "systemd waits longer than a drain takes",
  );
});

Deno.test("the unit for a daemon with a member of etcd starts it with flags that it knows, and ends it before its member", () => {
  const text = read("deploy/systemd/managed.conf");
  const [, command = ""] = /^ExecStart=(.(?:.*\\\n)*.*)$/m.exec(text) ?? [];
  const words = command.split(/[\s\\]+/);
  const at = words.indexOf("serve");
  const config = readConfig(words.slice(at + 1), () => undefined, () => "");
  deepEqual(config.etcd, ["https://10.0.0.1:2379", "https://10.0.0.2:2379", "https://10.0.0.3:2379"]);
  deepEqual(words.filter((word) => word.startsWith("--allow-run")), ["--allow-run=etcd"]);
  match(text, /^KillMode=mixed$/m);
  const [, seconds] = /^TimeoutStopSec=(\d+)s$/m.exec(text) ?? [];
  ok(Number(seconds) * 1_000 > config.limits.drainTimeoutMs + 15_000);
});

Deno.test("systemd takes the unit, and finds little that it is exposed to", async () => {
  using directory = temporaryDirectory();
  const path = `${directory.path}/distrilock.service`;
  // Verified is also that the program is there.
  Deno.writeTextFileSync(
    path,
    Deno.readTextFileSync(UNIT).replaceAll("/usr/local/bin/deno", Deno.execPath()),
  );
  const verified = await runTool("systemd-analyze", ["verify", "--man=no", path]);
  deepEqual([verified?.code ?? 0, verified?.text ?? ""], [0, ""]);
  const judged = await runTool("systemd-analyze", [
    "security",
    "--offline=true",
    "--threshold=20",
    "--no-pager",
    path,
  ]);
  equal(judged?.code ?? 0, 0, judged?.text);
});

Deno.test("the Compose files name services, volumes and images that are there, and flags that the daemon knows", () => {
  for (const path of ["deploy/compose/single.yml", "deploy/compose/cluster.yml"]) {
    const { services } = yaml<Compose>(path);
    for (
      const [name, { image, command = [], depends_on = [], volumes = [], stop_grace_period }] of Object
        .entries(services)
    ) {
      match(image, /:v?\d+\.\d+\.\d+$/, `${name} of ${path} has an exact version`);
      deepEqual(depends_on.filter((other) => !(other in services)), []);
      for (const volume of volumes.filter((each) => each.startsWith("."))) {
        ok(Deno.statSync(`${ROOT}deploy/compose/${volume.split(":")[0]}`).isFile, volume);
      }
      if (!image.startsWith("distrilock:")) continue;
      equal(stop_grace_period, "45s");
      // The store in etcd has its own tests; here it is enough that the rest of the line is right.
      const flags = command.slice(1).filter((word, index, all) =>
        word !== "--etcd" && all[index - 1] !== "--etcd"
      );
      const { address, insecure } = readConfig(flags, () => undefined, () => "");
      deepEqual([command[0], address, insecure], ["serve", { host: "0.0.0.0", port: 13_123 }, true]);
    }
  }
  deepEqual(Object.keys(yaml<Compose>("deploy/compose/cluster.yml").services).length, 8);
  ok(yaml("deploy/compose/prometheus.yml") && yaml("deploy/grafana/provisioning/datasource.yml"));
  ok(yaml("deploy/grafana/provisioning/dashboards.yml"));
});

Deno.test("the container runs the runtime that CI runs, as nobody, and says whether it lives", () => {
  const text = read("deploy/docker/Dockerfile");
  const [, version = ""] = /^readonly DENO=deno@(\S+)$/m.exec(read(".ci/run")) ?? [];
  match(text, new RegExp(`^FROM denoland/deno:debian-${version.replaceAll(".", "\\.")}$`, "m"));
  match(text, /^USER 13123:13123$/m);
  match(text, /^STOPSIGNAL SIGTERM$/m);
  match(text, /^HEALTHCHECK .*\n {2}CMD \["deno", "eval", .*\/livez/m);
  const copied = [...text.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, from = ""]) => from.split(" "));
  const sent = read("deploy/docker/Dockerfile.dockerignore").split("\n").filter((line) =>
    line.startsWith("!")
  );
  deepEqual(copied.sort(), sent.map((line) => line.slice(1)).sort());
  for (const path of copied) ok(Deno.statSync(ROOT + path));
});
