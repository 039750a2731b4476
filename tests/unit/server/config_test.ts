import { deepEqual, equal, match } from "node:assert/strict";
import { DEFAULT_LIMITS, LIMIT_NAMES } from "../../../server/base/limits.ts";
import { type Config, configHelp, readConfig } from "../../../server/config.ts";
import { listeningWarnings } from "../../../server/listen_rules.ts";
import { read } from "./config_sources.ts";

const DEFAULTS: Config = {
  address: { host: "127.0.0.1", port: 13_123 },
  httpAddress: { host: "127.0.0.1", port: 13_124 },
  directory: "./locks",
  serverName: null,
  apiKey: null,
  logLevel: "info",
  auditLog: null,
  metricClasses: null,
  libc: null,
  tokensFile: null,
  tlsCert: null,
  tlsKey: null,
  allowOrigin: [],
  insecure: false,
  keepFiles: false,
  sole: false,
  force: false,
  etcd: null,
  etcdManaged: null,
  etcdSelf: null,
  etcdData: null,
  bootstrap: false,
  etcdPrefix: "distrilock/",
  etcdCa: null,
  etcdCert: null,
  etcdKey: null,
  etcdUser: null,
  etcdPasswordFile: null,
  limits: DEFAULT_LIMITS,
};

Deno.test("readConfig gives the documented defaults, and reads no file then", () => {
  deepEqual(read({}), DEFAULTS);
});

/**
 * Each option once, as the flag, as the environment variable and as the key of the file, with what it
 * changes.
 */
const EACH: readonly [
  flag: string,
  text: string,
  variable: string,
  key: string,
  json: unknown,
  Partial<Config>,
][] = [
  ["--address", "127.0.0.2:1", "ADDRESS", "address", "127.0.0.2:1", {
    address: { host: "127.0.0.2", port: 1 },
  }],
  ["--http-address", "off", "HTTP_ADDRESS", "httpAddress", "off", { httpAddress: null }],
  ["--directory", "/var/lib/l", "DIRECTORY", "directory", "/var/lib/l", { directory: "/var/lib/l" }],
  ["--server-name", "zwölf 1", "SERVER_NAME", "serverName", "zwölf 1", { serverName: "zwölf 1" }],
  ["--log-level", "debug", "LOG_LEVEL", "logLevel", "debug", { logLevel: "debug" }],
  ["--audit-log", "-", "AUDIT_LOG", "auditLog", "-", { auditLog: "-" }],
  ["--metric-classes", "a/=b", "METRIC_CLASSES", "metricClasses", "a/=b", {
    metricClasses: [{ prefix: "a/", className: "b" }],
  }],
  ["--libc", "/lib/libc.so.6", "LIBC", "libc", "/lib/libc.so.6", { libc: "/lib/libc.so.6" }],
  ["--insecure", "true", "INSECURE", "insecure", true, { insecure: true }],
  ["--tokens-file", "/etc/t", "TOKENS_FILE", "tokensFile", "/etc/t", { tokensFile: "/etc/t" }],
  [
    "--allow-origin",
    "https://a.example,http://b.example:1",
    "ALLOW_ORIGIN",
    "allowOrigin",
    "https://a.example,http://b.example:1",
    { allowOrigin: ["https://a.example", "http://b.example:1"] },
  ],
  [
    "--connections-per-address-max",
    "7",
    "CONNECTIONS_PER_ADDRESS_MAX",
    "connectionsPerAddressMax",
    7,
    limits({ connectionsPerAddressMax: 7 }),
  ],
  ["--request-timeout", "5s", "REQUEST_TIMEOUT", "requestTimeout", "5s", limits({ requestTimeoutMs: 5_000 })],
  ["--refusal-pause", "0ms", "REFUSAL_PAUSE", "refusalPause", "0ms", limits({ refusalPauseMs: 0 })],
  ["--sole", "true", "SOLE", "sole", true, { sole: true }],
  ["--keep-files", "true", "KEEP_FILES", "keepFiles", true, { keepFiles: true }],
  ["--connections-max", "7", "CONNECTIONS_MAX", "connectionsMax", 7, limits({ connectionsMax: 7 })],
  [
    "--locks-per-session-max",
    "7",
    "LOCKS_PER_SESSION_MAX",
    "locksPerSessionMax",
    7,
    limits({ locksPerSessionMax: 7 }),
  ],
  [
    "--waiters-per-session-max",
    "7",
    "WAITERS_PER_SESSION_MAX",
    "waitersPerSessionMax",
    7,
    limits({ waitersPerSessionMax: 7 }),
  ],
  [
    "--queue-length-max",
    "77777",
    "QUEUE_LENGTH_MAX",
    "queueLengthMax",
    77_777,
    limits({ queueLengthMax: 77_777 }),
  ],
  ["--frame-bytes-max", "4096", "FRAME_BYTES_MAX", "frameBytesMax", 4_096, limits({ frameBytesMax: 4_096 })],
  [
    "--output-bytes-max",
    "70000",
    "OUTPUT_BYTES_MAX",
    "outputBytesMax",
    70_000,
    limits({ outputBytesMax: 70_000 }),
  ],
  ["--idle-files-max", "0", "IDLE_FILES_MAX", "idleFilesMax", 0, limits({ idleFilesMax: 0 })],
  ["--text-silence", "1h", "TEXT_SILENCE", "textSilence", "1h", limits({ textSilenceMs: 3_600_000 })],
  ["--hello-timeout", "2m", "HELLO_TIMEOUT", "helloTimeout", "2m", limits({ helloTimeoutMs: 120_000 })],
  ["--heartbeat", "0ms", "HEARTBEAT", "heartbeat", "0ms", limits({ heartbeatMs: 0 })],
  [
    "--watches-per-session-max",
    "7",
    "WATCHES_PER_SESSION_MAX",
    "watchesPerSessionMax",
    7,
    limits({ watchesPerSessionMax: 7 }),
  ],
  ["--grace-max", "1d", "GRACE_MAX", "graceMax", "1d", limits({ graceMsMax: 86_400_000 })],
  [
    "--detached-sessions-max",
    "7",
    "DETACHED_SESSIONS_MAX",
    "detachedSessionsMax",
    7,
    limits({ detachedSessionsMax: 7 }),
  ],
  [
    "--losses-per-session-max",
    "0",
    "LOSSES_PER_SESSION_MAX",
    "lossesPerSessionMax",
    0,
    limits({ lossesPerSessionMax: 0 }),
  ],
  ["--api-key", "s e c", "API_KEY", "apiKey", "s e c", { apiKey: "s e c" }],
  ["--http-locks-max", "7", "HTTP_LOCKS_MAX", "httpLocksMax", 7, limits({ httpLocksMax: 7 })],
  ["--http-wait-max", "1h", "HTTP_WAIT_MAX", "httpWaitMax", "1h", limits({ httpWaitMsMax: 3_600_000 })],
  [
    "--idempotency-keys-max",
    "7",
    "IDEMPOTENCY_KEYS_MAX",
    "idempotencyKeysMax",
    7,
    limits({ idempotencyKeysMax: 7 }),
  ],
  ["--event-streams-max", "7", "EVENT_STREAMS_MAX", "eventStreamsMax", 7, limits({ eventStreamsMax: 7 })],
  ["--event-replay-max", "7", "EVENT_REPLAY_MAX", "eventReplayMax", 7, limits({ eventReplayMax: 7 })],
  ["--event-replay", "1s", "EVENT_REPLAY", "eventReplay", "1s", limits({ eventReplayMs: 1_000 })],
  ["--drain-timeout", "0ms", "DRAIN_TIMEOUT", "drainTimeout", "0ms", limits({ drainTimeoutMs: 0 })],
  ["--etcd", "http://a:1, http://b:2/", "ETCD", "etcd", "http://a:1,http://b:2", {
    etcd: ["http://a:1", "http://b:2"],
  }],
  ["--etcd-prefix", "locks/", "ETCD_PREFIX", "etcdPrefix", "locks/", { etcdPrefix: "locks/" }],
  ["--etcd-ca", "ca.pem", "ETCD_CA", "etcdCa", "ca.pem", { etcdCa: "ca.pem" }],
  ["--etcd-lease", "3s", "ETCD_LEASE", "etcdLease", "3s", limits({ etcdLeaseMs: 3_000 })],
  ["--etcd-call", "500ms", "ETCD_CALL", "etcdCall", "500ms", limits({ etcdCallMs: 500 })],
];

function limits(changed: Partial<Config["limits"]>): Partial<Config> {
  return { limits: { ...DEFAULT_LIMITS, ...changed } };
}

Deno.test("readConfig reads every option from its flag, its variable and its key", async (t) => {
  for (const [flag, text, variable, key, json, changed] of EACH) {
    const wanted = { ...DEFAULTS, ...changed };
    await t.step(flag, () => {
      deepEqual(read({ argv: [`${flag}=${text}`] }), wanted);
      if (typeof json === "boolean") deepEqual(read({ argv: [flag] }), wanted);
      else deepEqual(read({ argv: [flag, text] }), wanted);
    });
    await t.step(
      `DISTRILOCK_${variable}`,
      () => deepEqual(read({ env: { [`DISTRILOCK_${variable}`]: text } }), wanted),
    );
    await t.step(key, () => deepEqual(read({ file: { [key]: json } }), wanted));
  }
});

Deno.test("readConfig knows a flag for every limit", () => {
  const changed = EACH.flatMap(([, , , , , { limits = DEFAULT_LIMITS }]) =>
    LIMIT_NAMES.filter((limit) => limits[limit] !== DEFAULT_LIMITS[limit])
  );
  deepEqual(changed.toSorted(), LIMIT_NAMES.toSorted());
});

Deno.test("readConfig takes the flag before the environment before the file", () => {
  const file = { serverName: "file", directory: "file", logLevel: "warn" };
  const env = { DISTRILOCK_SERVER_NAME: "env", DISTRILOCK_DIRECTORY: "env" };
  const { serverName, directory, logLevel } = read({ argv: ["--server-name", "flag"], env, file });
  deepEqual({ serverName, directory, logLevel }, { serverName: "flag", directory: "env", logLevel: "warn" });
});

Deno.test("readConfig lets a switch be turned off again, and the last of equal flags win", () => {
  equal(read({ argv: ["--insecure=false"], env: { DISTRILOCK_INSECURE: "true" } }).insecure, false);
  equal(read({ argv: ["--directory", "a", "--directory", "b"] }).directory, "b");
});

Deno.test("readConfig takes an empty variable for an absent one", () => {
  deepEqual(read({ env: { DISTRILOCK_ADDRESS: "", DISTRILOCK_INSECURE: "" } }), DEFAULTS);
});

Deno.test("readConfig finds the file by DISTRILOCK_CONFIG too", () => {
  const config = readConfig(
    [],
    (name) => name === "DISTRILOCK_CONFIG" ? "/etc/d.json" : undefined,
    (path) => {
      equal(path, "/etc/d.json");
      return '{"directory":"/x"}';
    },
  );
  equal(config.directory, "/x");
});

const ADDRESSES: readonly [text: string, host: string, port: number][] = [
  ["[::1]:13123", "::1", 13_123],
  ["localhost:0", "localhost", 0],
  ["127.255.255.254:65535", "127.255.255.254", 65_535],
  ["[fe80::1%eth0]:1", "fe80::1%eth0", 1],
  ["0.0.0.0:1", "0.0.0.0", 1],
  ["lock-1.example_x.org:1", "lock-1.example_x.org", 1],
];

Deno.test("readConfig reads addresses of all kinds", async (t) => {
  for (const [text, host, port] of ADDRESSES) {
    await t.step(
      text,
      () => deepEqual(read({ argv: ["--insecure", "--address", text] }).address, { host, port }),
    );
  }
});

Deno.test("readConfig lets both interfaces ask for any free port", () => {
  const { address, httpAddress } = read({ argv: ["--address=127.0.0.1:0", "--http-address=127.0.0.1:0"] });
  deepEqual([address?.port, httpAddress?.port], [0, 0]);
});

Deno.test("readConfig reads a list as an array of the file, and from several flags", () => {
  const etcd = ["http://a:1", "http://b:1"];
  deepEqual(read({ file: { etcd } }).etcd, etcd);
  deepEqual(read({ argv: etcd.flatMap((url) => ["--etcd", url]) }).etcd, etcd);
  deepEqual(read({ file: { allowOrigin: [] } }).allowOrigin, []);
});

Deno.test("readConfig joins the origins of repeated flags; of other flags the last counts", () => {
  const argv = [
    "--allow-origin",
    "https://a.example",
    "--allow-origin=null",
    "--log-level=warn",
    "--log-level=error",
  ];
  const { allowOrigin, logLevel } = read({ argv });
  deepEqual([allowOrigin, logLevel], [["https://a.example", "null"], "error"]);
});

Deno.test("readConfig reads the files of TLS", () => {
  const { tlsCert, tlsKey } = read({ argv: ["--tls-cert", "c.pem"], env: { DISTRILOCK_TLS_KEY: "k.pem" } });
  deepEqual([tlsCert, tlsKey], ["c.pem", "k.pem"]);
});

Deno.test("listeningWarnings says what strangers could do on the network, and nothing about loopback", () => {
  const beyond = ["--address", "10.0.0.1:1"];
  const tls = ["--tls-cert", "c", "--tls-key", "k"];
  const said = (...argv: string[]) => listeningWarnings(read({ argv })).join();
  match(said(...beyond, "--insecure"), /anybody who reaches it can lock/);
  match(said(...beyond, "--tokens-file", "t"), /can be read on the network/);
  equal(said(...beyond, "--tokens-file", "t", ...tls), "");
  match(said(...beyond, "--insecure", ...tls), /anybody/);
  equal(said("--tokens-file", "t"), "");
  equal(said("--insecure"), "");
});

Deno.test("configHelp has a line for every flag, with its default", () => {
  const help = configHelp();
  for (const flag of [...EACH.map(([flag]) => flag), "--tls-cert", "--tls-key", "--config"]) {
    equal(help.match(new RegExp(`^ {2}${flag} `, "gm"))?.length, 1, flag);
  }
  match(help, /^ {2}--drain-timeout DURATION .*\(default 30s\)$/m);
  match(help, /^ {2}--frame-bytes-max N .*\(default 65536\)$/m);
  match(help, /^ {2}--insecure {2,}\S.*authentication$/m);
});
