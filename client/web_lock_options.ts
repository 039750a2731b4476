/**
 * What a caller of the Web Locks API may say, read as a browser reads it: the arguments first (Web IDL: a
 * wrong type is a `TypeError`), then the rules of the specification (a `NotSupportedError`), in its order. An
 * aborted signal comes last: that is the business of the acquire.
 *
 * Sources: W3C Web Locks API, section 4.3 (`request()`); Web IDL, sections 3.2.17 (dictionaries: members in
 * the order of their names), 3.2.18 (enumerations) and 3.6 (overloads).
 *
 * @module
 */
import type { AcquireOptions } from "./requester.ts";

/** The modes of the Web Locks API. */
export type WebLockMode = "exclusive" | "shared";

/**
 * How to request a lock: the options of the standard, and beyond it what people see of the request, and how
 * long the lock may live.
 */
export interface WebLockOptions extends Pick<AcquireOptions, "reason" | "labels" | "ttl" | "maxHold"> {
  /** Default `exclusive`. */
  readonly mode?: WebLockMode | undefined;
  /** True: when the lock cannot be had now, the callback is called with null. */
  readonly ifAvailable?: boolean | undefined;
  /** True: whoever holds the lock loses it, and the request goes before all that wait. */
  readonly steal?: boolean | undefined;
  /** Ends the wait, and nothing else. */
  readonly signal?: AbortSignal | undefined;
}

/** A request, as it was read. */
export interface WebLockRequest<C> {
  readonly name: string;
  readonly mode: WebLockMode;
  readonly ifAvailable: boolean;
  readonly steal: boolean;
  readonly signal: AbortSignal | undefined;
  /** What goes beyond the standard. */
  readonly more: Pick<AcquireOptions, "reason" | "labels" | "ttl" | "maxHold">;
  readonly callback: C;
}

/**
 * Reads the arguments of `request()`.
 *
 * @throws {TypeError} for arguments of other types.
 * @throws {DOMException} `NotSupportedError` for options that do not go together, and for names that begin
 *   with `-`.
 */
export function readWebLockRequest<C>(args: readonly unknown[]): WebLockRequest<C> {
  if (args.length < 2) throw wrong(`${args.length} arguments given, at least 2 wanted`);
  // Web IDL converts in the order of the arguments; a symbol throws here.
  const name = `${args[0]}`;
  const options = readOptions(args.length === 2 ? undefined : args[1]);
  const callback = args.length === 2 ? args[1] : args[2];
  if (typeof callback !== "function") throw wrong("the callback is not a function");
  checkRules(name, options);
  return { name, ...options, callback: callback as C };
}

/** An error of the platform's kind, with its cause where the platform's class has no place for one. */
export function domException(name: string, message: string, cause?: unknown): DOMException {
  const error = new DOMException(message, name);
  if (cause !== undefined) {
    Object.defineProperty(error, "cause", { value: cause, writable: true, configurable: true });
  }
  return error;
}

type ReadOptions = Omit<WebLockRequest<unknown>, "name" | "callback">;

function readOptions(given: unknown): ReadOptions {
  const isObject = typeof given === "object" || typeof given === "function";
  if (given !== undefined && !isObject) throw wrong("the options are not an object");
  const options = (given ?? {}) as Readonly<Record<string, unknown>>;
  const ifAvailable = Boolean(options.ifAvailable);
  const { mode: modeGiven } = options;
  const mode = modeGiven === undefined ? "exclusive" : `${modeGiven}`;
  if (mode !== "exclusive" && mode !== "shared") {
    throw wrong(`the mode is ${mode}, neither exclusive nor shared`);
  }
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrong("the signal is not an AbortSignal");
  }
  const steal = Boolean(options.steal);
  const { reason, labels, ttl, maxHold } = options as WebLockOptions;
  return { mode, ifAvailable, steal, signal, more: { reason, labels, ttl, maxHold } };
}

function checkRules(name: string, { mode, ifAvailable, steal, signal }: ReadOptions): void {
  const fault = name.startsWith("-")
    ? "its name begins with -"
    : steal && ifAvailable
    ? "steal and ifAvailable exclude each other"
    : steal && mode !== "exclusive"
    ? "only an exclusive lock can be stolen"
    : signal !== undefined && (steal || ifAvailable)
    ? "a signal and steal or ifAvailable exclude each other"
    : undefined;
  if (fault !== undefined) {
    throw domException("NotSupportedError", `Cannot request lock ${JSON.stringify(name)}: ${fault}`);
  }
}

function wrong(why: string): TypeError {
  return new TypeError(`Cannot request a lock: ${why}`);
}
