import { doesNotThrow, equal, match, ok, throws } from "node:assert/strict";
import { ConfigError, readConfig } from "../../../server/config.ts";
import { read, type Sources } from "./config_sources.ts";

type Refused = readonly [name: string, sources: Sources, message: string];

const WRONG_ADDRESS = "want HOST:PORT, [IPV6]:PORT or off";
const WRONG_COUNT = "want an integer from 1 to 2147483647";
const WRONG_DURATION = "want a duration like 500ms or 30s, from 0ms to 2147483647ms";

const WRONG_URLS = "want http://HOST:PORT or https://HOST:PORT, several separated by commas and all alike";
const WRONG_PREFIX = "want 1 to 100 of A–Z a–z 0–9 . _ - /, with / at the end";
const WANTS_KEY = "Cannot use --etcd-cert alone: want --etcd-cert and --etcd-key";
const WANTS_PASSWORD = "Cannot use --etcd-user alone: want --etcd-user and --etcd-password-file";

const ADDRESSES = [
  "13123",
  ":13123",
  "127.0.0.1",
  "127.0.0.1:",
  "127.0.0.1:65536",
  "127.0.0.1:-1",
  "127.0.0.1:1x",
]
  .concat(
    "::1:13123",
    "[::1]",
    "[::g]:1",
    "[127.0.0.1]:1",
    "127.0.0.256:1",
    "1.2.3:1",
    "a b:1",
    "-a:1",
    "a/b:1",
    "OFF",
  );
const COUNTS = ["0", "-1", "1.5", "1e3", "many", "", " 7", "2147483648", "0x10", "9".repeat(400)];
const DURATIONS = ["30", "s", "-1s", "1.5s", "1 s", "1S", "25d", "1w", ""];

/** What is refused, with the whole message. */
const REFUSED: readonly Refused[] = [
  ...refused("--etcd", [
    "h:2379",
    "ftp://h",
    "http://h/path",
    "http://u@h",
    "http://a,https://b",
    "http://a,",
  ], WRONG_URLS),
  ...refused("--etcd-prefix", ["a", "", "a b/", "ä/", `${"a".repeat(100)}/`], WRONG_PREFIX),
  ["certificate without key", { argv: ["--etcd-cert", "c", "--etcd", "https://h"] }, WANTS_KEY],
  ["user without password", { argv: ["--etcd-user", "u", "--etcd", "http://h"] }, WANTS_PASSWORD],
  ...[["--sole"], ["--directory", "d"], ["--keep-files"], ["--force"]].map((option) =>
    [
      `${option[0]} with etcd`,
      { argv: [...option, "--etcd", "http://h"] },
      `Cannot use ${option[0]} with --etcd: it is for a directory`,
    ] as const
  ),
  [
    "certificate without etcd",
    { argv: ["--etcd-cert", "c", "--etcd-key", "k"] },
    "Cannot use --etcd-cert without --etcd",
  ],
  ...refused("--address", ADDRESSES, WRONG_ADDRESS),
  ...refused("--connections-max", COUNTS, WRONG_COUNT),
  ...refused("--drain-timeout", DURATIONS, WRONG_DURATION),
  [
    "level",
    { argv: ["--log-level", "loud"] },
    'Cannot use --log-level "loud": want one of debug, info, warn, error',
  ],
  ["empty path", { argv: ["--directory="] }, 'Cannot use --directory "": want a path'],
  ["path with NUL", { argv: ["--libc", "a\0"] }, 'Cannot use --libc "a\\u0000": want a path'],
  [
    "name with line end",
    { argv: ["--server-name", "a\n"] },
    'Cannot use --server-name "a\\n": want 1 to 256 bytes without control characters',
  ],
  [
    "name of 257 bytes",
    { argv: ["--server-name", `a${"ö".repeat(128)}`] },
    `Cannot use --server-name "a${"ö".repeat(128)}": want 1 to 256 bytes without control characters`,
  ],
  [
    "class with capitals",
    { argv: ["--metric-classes", "a=B"] },
    'Cannot use --metric-classes "a=B": want PREFIX=CLASS,… with no prefix twice and at most 50 classes, of a-z, 0-9, - and _',
  ],
  ["switch", { argv: ["--insecure=yes"] }, 'Cannot use --insecure "yes": want true or false'],
  ["no value at the end", { argv: ["--address"] }, `Cannot use --address without a value: ${WRONG_ADDRESS}`],
  [
    "no value before a flag",
    { argv: ["--directory", "--insecure"] },
    "Cannot use --directory without a value: want a path",
  ],
  ["no value of --config", { argv: ["--config"] }, "Cannot use --config without a value: want a path"],
  ["unknown flag", { argv: ["--adress", "off"] }, "Cannot understand --adress: no such flag, see --help"],
  ["camelCase flag", { argv: ["--keepFiles"] }, "Cannot understand --keepFiles: no such flag, see --help"],
  ["short flag", { argv: ["-v"] }, "Cannot understand -v: no such flag, see --help"],
  [
    "inherited flag",
    { argv: ["--constructor"] },
    "Cannot understand --constructor: no such flag, see --help",
  ],
  ["positional", { argv: ["off"] }, 'Cannot understand "off": want flags only, see --help'],
  ["terminator", { argv: ["--"] }, 'Cannot understand "--": want flags only, see --help'],
  [
    "variable",
    { env: { DISTRILOCK_CONNECTIONS_MAX: "x" } },
    `Cannot use DISTRILOCK_CONNECTIONS_MAX "x": ${WRONG_COUNT}`,
  ],
  [
    "unknown key",
    { file: { keep_files: true } },
    'Cannot use "keep_files" in the file "daemon.json" of --config: no such key, see --help',
  ],
  [
    "config in the file",
    { file: { config: "x" } },
    'Cannot use "config" in the file "daemon.json" of --config: no such key, see --help',
  ],
  [
    "inherited key",
    { file: '{"__proto__": 1}' },
    'Cannot use "__proto__" in the file "daemon.json" of --config: no such key, see --help',
  ],
  [
    "count as a string",
    { file: { connectionsMax: "7" } },
    `Cannot use "connectionsMax" in the file "daemon.json" of --config "7": ${WRONG_COUNT}`,
  ],
  [
    "null in the file",
    { file: { insecure: null } },
    'Cannot use "insecure" in the file "daemon.json" of --config null: want true or false',
  ],
  [
    "array for what is no list",
    { file: { directory: ["a"] } },
    'Cannot use "directory" in the file "daemon.json" of --config ["a"]: want a path',
  ],
  [
    "array of other things",
    { file: { allowOrigin: [1] } },
    'Cannot use "allowOrigin" in the file "daemon.json" of --config [1]: want origins like https://app.example or http://localhost:8080, with commas between them',
  ],
  ["list as file", { file: [] }, 'Cannot use the file "daemon.json" of --config: want one JSON object'],
  [
    "limits that contradict each other",
    { argv: ["--queue-length-max", "5"] },
    "Cannot set --queue-length-max to 5: want at least --waiters-per-session-max, which is 10000",
  ],
  [
    "both addresses off",
    { argv: ["--address", "off", "--http-address", "off"] },
    "Cannot listen: --address and --http-address are both off, want at least one",
  ],
  [
    "one port twice",
    { argv: ["--http-address", "127.0.0.1:13123"] },
    "Cannot listen on --http-address: want another port than --address, which is 13123",
  ],
];

Deno.test("readConfig refuses what it cannot use, and says what it wants", async (t) => {
  for (const [name, sources, message] of REFUSED) {
    await t.step(name, () => {
      throws(() => read(sources), (error) => {
        ok(error instanceof ConfigError, String(error));
        equal(error.message, message);
        return true;
      });
    });
  }
});

Deno.test("readConfig names the file that cannot be read, with the cause", () => {
  const missing = new Error("No such file");
  const readMissing = () => {
    throw missing;
  };
  throws(() => readConfig(["--config", "/a"], () => undefined, readMissing), {
    name: "ConfigError",
    message: 'Cannot read the file "/a" of --config: No such file',
    cause: missing,
  });
  throws(() => read({ file: "{" }), /^ConfigError: Cannot read the file "daemon.json" of --config: .*JSON/);
});

Deno.test("readConfig refuses to listen beyond loopback, unless told to", async (t) => {
  const beyond = [
    "0.0.0.0:1",
    "[::]:1",
    "10.0.0.1:1",
    "128.0.0.1:1",
    "[::ffff:127.0.0.1]:1",
    "lock.example.org:1",
  ];
  for (const text of beyond) {
    for (const flag of ["--address", "--http-address"]) {
      await t.step(`${flag} ${text}`, () => {
        throws(() => read({ argv: [flag, text] }), (error) => {
          ok(error instanceof ConfigError);
          match(
            error.message,
            new RegExp(
              `^Cannot listen on ${flag} ".*anybody who reaches it could lock; want .* or --insecure$`,
            ),
          );
          return true;
        });
        doesNotThrow(() => read({ argv: [flag, text, "--insecure"] }));
        doesNotThrow(() => read({ argv: [flag, text, "--tokens-file", "tokens"] }));
      });
    }
  }
  for (const text of ["127.9.9.9:1", "[::1]:1", "localhost:1", "off"]) {
    await t.step(text, () => doesNotThrow(() => read({ argv: ["--address", text] })));
  }
});

/** Every text, given to the flag. */
function refused(flag: string, texts: readonly string[], want: string): Refused[] {
  return texts.map((text) => {
    const shown = JSON.stringify(text);
    return [
      `${flag} ${shown.slice(0, 20)}`,
      { argv: [`${flag}=${text}`] },
      `Cannot use ${flag} ${shown}: ${want}`,
    ];
  });
}

Deno.test("readConfig refuses half of TLS, and origins that no browser sends", async (t) => {
  const wanted = "want origins like https://app.example or http://localhost:8080, with commas between them";
  const cases: [string[], string][] = [
    [["--tls-cert", "c.pem"], "Cannot use --tls-cert without --tls-key: want both or none"],
    [["--tls-key", "k.pem"], "Cannot use --tls-key without --tls-cert: want both or none"],
    ...[
      "app.example",
      "https://app.example/",
      "https://app.example:443",
      "https://App.example",
      "https://app.example/page",
      "ftp://app.example",
      "*",
      "https://*.example",
      "https://a.example,",
    ].map((origin): [string[], string] => [
      ["--allow-origin", origin],
      `Cannot use --allow-origin ${JSON.stringify(origin)}: ${wanted}`,
    ]),
  ];
  for (const [argv, message] of cases) {
    await t.step(argv.join(" "), () => throws(() => read({ argv }), new ConfigError(message)));
  }
});
