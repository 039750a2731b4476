/**
 * One attempt to get something of a server, within a time.
 *
 * @module
 */
import type { Dial } from "./address.ts";
import type { Clock } from "./clock.ts";
import { ConnectionError, LockError } from "./errors.ts";
import type { ErrorCode } from "./protocol/codes.ts";
import type { OpenTransport } from "./transport/transport.ts";

/** Where, and for how long. */
export interface AttemptOptions {
  readonly address: URL;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/**
 * Lets `work` open a transport to the address and do something with it.
 *
 * @throws {ConnectionError} with the address, when it failed, was refused or took too long; its cause is what
 *   happened.
 * @throws the reason of the signal.
 */
export async function attempt<T>(
  { address, dial, clock, timeoutMs, signal }: AttemptOptions,
  work: (openTransport: OpenTransport, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  const cancel = clock.after(timeoutMs, () => {
    const why = `no answer within ${Math.round(timeoutMs)} ms`;
    controller.abort(new ConnectionError(`Cannot connect to ${shownAddress(address)}: ${why}`));
  });
  signal.addEventListener("abort", onAbort);
  try {
    return await work(await dial(address, controller.signal), controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : refusal(address, error);
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

/** An address for people and logs: a query may hold what is not for them. */
export function shownAddress({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** True when nobody listens at the address: a server that was there has ended. */
export function isNobodyThere(error: unknown): boolean {
  if (!(error instanceof ConnectionError)) return false;
  return (error.cause as { readonly code?: unknown } | undefined)?.code === "ECONNREFUSED";
}

/** True when the server answered that it does not know the session. */
export function isSessionGone(error: unknown): boolean {
  if (!(error instanceof ConnectionError) || error.code !== "SESSION_GONE") return false;
  return error.cause instanceof LockError && !(error.cause instanceof ConnectionError);
}

/** What a server says that will say so for ever. */
const FATAL_CODES: ReadonlySet<ErrorCode> = new Set([
  "UNSUPPORTED",
  "UNAUTHENTICATED",
  "DENIED",
  "BAD_REQUEST",
]);

/** True when it is no use to try again. */
export function isForEver({ code }: ConnectionError): boolean {
  return FATAL_CODES.has(code);
}

function refusal(address: URL, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { readonly code?: unknown };
  // An attempt on several addresses of one name fails with an error that has a code but no text.
  const why = error.message === "" ? String(code ?? error.name) : error.message;
  const told = `Cannot connect to ${shownAddress(address)}: ${why}`;
  return new ConnectionError(
    told,
    error instanceof LockError ? { code: error.code, cause: error } : { cause: error },
  );
}

/** One error for several attempts in vain. */
export function together(failures: readonly ConnectionError[]): ConnectionError {
  const [first, ...others] = failures;
  if (others.length === 0) return first!;
  const message = failures.map(({ message }) => message).join("; ");
  return new ConnectionError(message, { code: failures.at(-1)!.code, cause: first });
}
