/**
 * The configuration of the daemon. One table says everything about an option; flags (`--http-address`),
 * environment variables (`DISTRILOCK_HTTP_ADDRESS`), keys of the JSON file (`httpAddress`) and the help text
 * are made from it. Of several values the flag wins, then the environment, then the file, then the default.
 * Pure but for two callbacks.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { NameClassRule } from "./metrics/name_classes.ts";
import { checkLimits, LIMIT_NAMES, LIMIT_RULES, type Limits, LimitsError } from "./base/limits.ts";
import { LOG_LEVELS, type LogLevel } from "./base/log.ts";
import { ConfigError } from "./config_error.ts";
import { DIRECTORY_OPTIONS, type DirectoryConfig, directoryOptionOf } from "./directory_options.ts";
import { ETCD_OPTIONS, type EtcdConfig, settleEtcd } from "./etcd_options.ts";
import { checkListening } from "./listen_rules.ts";
import {
  ADDRESS,
  count,
  duration,
  type Form,
  LEVEL,
  type ListenAddress,
  NAME_CLASSES,
  type Option,
  ORIGINS,
  PATH,
  SWITCH,
  TEXT,
} from "./option_form.ts";

export { ConfigError } from "./config_error.ts";

/** What the daemon was told; complete, checked, and consistent. */
export interface Config extends DirectoryConfig, EtcdConfig {
  /** For TCP, or null for none. */
  readonly address: ListenAddress | null;
  /** For HTTP and WebSocket, or null for none. */
  readonly httpAddress: ListenAddress | null;
  /** What the server calls itself, or null: the caller takes the host name. */
  readonly serverName: string | null;
  /** What DoubleDutch clients have to show, or null when nobody has to. */
  readonly apiKey: string | null;
  readonly logLevel: LogLevel;
  /** File of the audit stream, `-` for standard output, or null: the log. */
  readonly auditLog: string | null;
  /** Classes of lock names, or null: there is one. */
  readonly metricClasses: readonly NameClassRule[] | null;
  /** Path of the C library, or null: the caller looks for it. */
  readonly libc: string | null;
  /** File of those who may ask, or null: anybody may do anything. */
  readonly tokensFile: string | null;
  /** PEM files of the certificates and of the key for TLS on both ports, or null: there is no TLS. */
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  /** Origins whose pages may ask, beside those of the daemon itself. */
  readonly allowOrigin: readonly string[];
  /** Listens beyond loopback although nobody has to say who they are. */
  readonly insecure: boolean;
  /** All limits; `drainTimeoutMs` is `--drain-timeout`. */
  readonly limits: Limits;
}

const OPTIONS = {
  address: { form: ADDRESS, initial: "127.0.0.1:13123", help: "where to listen for TCP; off = nowhere" },
  httpAddress: { form: ADDRESS, initial: "127.0.0.1:13124", help: "where to listen for HTTP; off = nowhere" },
  serverName: { form: TEXT, initial: null, help: "what the server calls itself (default: the host name)" },
  apiKey: {
    form: TEXT,
    initial: null,
    help: "what DoubleDutch clients have to show as auth (default: nothing)",
  },
  logLevel: { form: LEVEL, initial: "info", help: `least level to log: ${LOG_LEVELS.join(", ")}` },
  auditLog: {
    form: PATH,
    initial: null,
    help: "file of the audit stream; - = standard output (default: the log)",
  },
  metricClasses: { form: NAME_CLASSES, initial: null, help: "classes of lock names, for metrics" },
  libc: { form: PATH, initial: null, help: "the C library (default: looked for)" },
  tokensFile: { form: PATH, initial: null, help: "who may do what (default: anybody anything)" },
  tlsCert: { form: PATH, initial: null, help: "PEM file of the certificates for TLS on both ports" },
  tlsKey: { form: PATH, initial: null, help: "PEM file of their key" },
  allowOrigin: { form: ORIGINS, initial: "", help: "origins whose web pages may ask; may be repeated" },
  insecure: { form: SWITCH, initial: "false", help: "listen beyond loopback without authentication" },
  ...DIRECTORY_OPTIONS,
  ...ETCD_OPTIONS,
} as const satisfies Record<string, Option<unknown>>;

type Value<O> = O extends { readonly form: Form<infer T>; readonly initial: infer I } ? T | (I & null)
  : never;
type Values = { readonly [K in keyof typeof OPTIONS]: Value<(typeof OPTIONS)[K]> };

/**
 * Each limit with the key of its option: the same name, but a time is written with its unit and so has none
 * in the name.
 */
const LIMIT_OPTIONS = LIMIT_NAMES.map((limit) => [limit, limitKey(limit), limitOption(limit)] as const);

const TABLE: ReadonlyMap<string, Option<unknown>> = new Map<string, Option<unknown>>([
  ...Object.entries(OPTIONS),
  ...LIMIT_OPTIONS.map(([, key, option]) => [key, option] as const),
]);

/** The option that names the JSON file; it has no place in the file itself. */
const FILE_OPTION: Option<string> = {
  form: PATH,
  initial: null,
  help: "JSON file with these options, in camelCase",
};

/**
 * Reads the configuration of `distrilock serve`. `argv` is what follows the subcommand, `env` looks up an
 * environment variable (an empty one counts as absent), `readText` reads the file of `--config`. `--help` is
 * the caller's. Throws a {@link ConfigError} for whatever cannot be used.
 *
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const config = readConfig(["--address", "[::1]:0", "--drain-timeout=5s"], () => undefined, () => "");
 * deepEqual(config.address, { host: "::1", port: 0 });
 * equal(config.limits.drainTimeoutMs, 5_000);
 * ```
 */
export function readConfig(
  argv: readonly string[],
  env: (name: string) => string | undefined,
  readText: (path: string) => string,
): Config {
  const flags = readFlags(argv);
  const path = readOption("config", FILE_OPTION, flags, env, new Map()) as string | null;
  const file = path === null ? new Map<string, Given>() : readFile(path, readText);
  const read = (key: string, option: Option<unknown>) => readOption(key, option, flags, env, file);
  const values = Object.fromEntries(Object.entries(OPTIONS).map(([key, option]) => [key, read(key, option)]));
  const limits = Object.fromEntries(LIMIT_OPTIONS.map(([limit, key, option]) => [limit, read(key, option)]));
  // The two casts are sound because the entries come from the very tables that the types are made of.
  const config: Config = settleEtcd({ ...values as unknown as Values, limits: limits as unknown as Limits });
  checkRelations(config.limits);
  checkListening(config);
  const unused = config.etcd === null ? undefined : directoryOptionOf(config);
  if (unused) throw new ConfigError(`Cannot use --${kebab(unused)} with --etcd: it is for a directory`);
  return config;
}

/**
 * The options of `distrilock serve`, with their defaults in their help. The value of a switch has no name.
 */
export function configOptions(): readonly {
  readonly name: string;
  readonly value: string;
  readonly help: string;
}[] {
  return [...TABLE, ["config", FILE_OPTION] as const].map(([key, { form, initial, help }]) => {
    const shown = !initial || form.json === "boolean" ? "" : ` (default ${initial})`;
    return { name: kebab(key), value: form.placeholder, help: help + shown };
  });
}

/** The options of `distrilock serve` with their defaults, one a line. */
export function configHelp(): string {
  const rows = configOptions().map(({ name, value, help }) =>
    [`--${name} ${value}`.trimEnd(), help] as const
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return [
    ...lines,
    "",
    "Durations have a unit: 500ms, 30s, 5m, 1h, 1d. Each option can also be given by an environment variable",
    "(--http-address: DISTRILOCK_HTTP_ADDRESS) and in the file of --config (httpAddress). Flags win over the",
    "environment, and the environment over the file.",
    "",
  ].join("\n");
}

/** One value with the place that it came from, for the message when it is wrong. */
interface Given {
  readonly source: string;
  readonly text: string;
}

function readFlags(argv: readonly string[]): ReadonlyMap<string, Given> {
  const keys = new Map([...TABLE.keys(), "config"].map((key) => [kebab(key), key]));
  const isSwitch = (key: string) => TABLE.get(key)?.form.json === "boolean";
  const options = Object.fromEntries(
    [...keys].map(([flag, key]) => [flag, { type: isSwitch(key) ? "boolean" : "string" } as const]),
  );
  // Not strict: its messages are not ours, and a switch could not be given a value. The tokens tell all.
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, Given>();
  for (const token of tokens) {
    if (token.kind !== "option") {
      throw new ConfigError(
        `Cannot understand ${quote(argv[token.index] ?? "")}: want flags only, see --help`,
      );
    }
    const key = token.rawName.startsWith("--") ? keys.get(token.name) : undefined;
    if (key === undefined) {
      throw new ConfigError(`Cannot understand ${token.rawName}: no such flag, see --help`);
    }
    // "--directory --insecure" is a forgotten value, not a strange directory; "--directory=--x" can still say
    // that.
    const forgotten = token.value === undefined ||
      (token.inlineValue === false && token.value.startsWith("--"));
    if (forgotten && !isSwitch(key)) {
      const { form } = TABLE.get(key) ?? FILE_OPTION;
      throw new ConfigError(`Cannot use ${token.rawName} without a value: want ${form.wanted}`);
    }
    const before = TABLE.get(key)?.form.isList ? given.get(key) : undefined;
    const text = token.value ?? "true";
    given.set(key, { source: token.rawName, text: before ? `${before.text},${text}` : text });
  }
  return given;
}

function readFile(path: string, readText: (path: string) => string): ReadonlyMap<string, Given> {
  const where = `the file ${quote(path)} of --config`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(readText(path));
  } catch (cause) {
    throw new ConfigError(`Cannot read ${where}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new ConfigError(`Cannot use ${where}: want one JSON object`);
  }
  const given = new Map<string, Given>();
  for (const [key, value] of Object.entries(parsed)) {
    const option = TABLE.get(key);
    if (option === undefined) {
      throw new ConfigError(`Cannot use ${quote(key)} in ${where}: no such key, see --help`);
    }
    const source = `${quote(key)} in ${where}`;
    const isArray = option.form.isList && Array.isArray(value) &&
      value.every((each) => typeof each === "string");
    if (typeof value !== option.form.json && !isArray) {
      throw unusable(source, JSON.stringify(value), option.form);
    }
    // That of an array is its items with commas between them.
    given.set(key, { source, text: String(value) });
  }
  return given;
}

function readOption(
  key: string,
  option: Option<unknown>,
  flags: ReadonlyMap<string, Given>,
  env: (name: string) => string | undefined,
  file: ReadonlyMap<string, Given>,
): unknown {
  const variable = `DISTRILOCK_${kebab(key).replaceAll("-", "_").toUpperCase()}`;
  const text = env(variable) || undefined;
  const given = flags.get(key) ?? (text === undefined ? file.get(key) : { source: variable, text });
  if (given === undefined) return option.initial === null ? null : option.form.parse(option.initial);
  const value = option.form.parse(given.text);
  if (value === undefined) throw unusable(given.source, quote(given.text), option.form);
  return value;
}

function checkRelations(limits: Limits): void {
  try {
    checkLimits(limits, (limit) => `--${kebab(limitKey(limit))}`);
  } catch (cause) {
    if (!(cause instanceof LimitsError)) throw cause;
    throw new ConfigError(cause.message, { cause });
  }
}

function limitOption(limit: keyof Limits): Option<number> {
  const { initial, least, most, help } = LIMIT_RULES[limit];
  if (!/Ms(Max)?$/.test(limit)) return { form: count(least, most), initial: String(initial), help };
  const shown = initial % 1_000 === 0 ? `${initial / 1_000}s` : `${initial}ms`;
  return { form: duration(least, most), initial: shown, help };
}

function unusable(source: string, value: string, form: Form<unknown>): ConfigError {
  return new ConfigError(`Cannot use ${source} ${value}: want ${form.wanted}`);
}

function limitKey(limit: keyof Limits): string {
  return limit.replace(/Ms(?=(Max)?$)/, "");
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
