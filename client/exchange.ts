/**
 * The requests of one session: numbers them, and hands each answer to whoever asked, at the moment that it
 * comes. They outlive a connection: what was not answered is sent again, under the same id, over the next
 * one, which the protocol makes harmless ([P-25], [P-30], [P-42] of `docs/protocol.md`).
 *
 * @module
 */
import { type ConnectionError, errorFrom, LockError } from "./errors.ts";
import { type AnswerByOperation, encodeRequest, isAnswerTo } from "./protocol/codec.ts";
import type { Answer, CancelAnswer, Operation } from "./protocol/messages.ts";
import { checkWish } from "./protocol/requests.ts";

/** A request on its way. */
export interface Asked<T> {
  readonly id: number;
  /** What was made of its answer. */
  readonly answer: Promise<T>;
}

interface Pending {
  /** What is sent again over another connection; undefined for what belongs to one connection. */
  readonly frame: string | undefined;
  /** Takes the answer; false when that is none to this request. */
  accept(answer: Answer): boolean;
  reject(error: unknown): void;
}

/** How a request is sent, and read. */
interface Sending<O extends Operation, T> {
  readonly read: (answer: AnswerByOperation[O]) => T;
  readonly write: (frame: string) => void;
  readonly isRepeated: boolean;
}

/** The requests that went out, and those that were not answered yet. */
export class Exchange {
  readonly #write: (frame: string) => void;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #end: ConnectionError | undefined;

  /** @param write Sends one frame, or does nothing while there is no connection. */
  constructor(write: (frame: string) => void) {
    this.#write = write;
  }

  /**
   * Sends a request. `read` sees its answer before anything that the server said later. After the end, or
   * with a bad request, the answer is rejected and nothing is sent.
   */
  send<O extends Operation, T>(op: O, fields: object, read: (answer: AnswerByOperation[O]) => T): Asked<T> {
    return this.#send(op, fields, { read, write: this.#write, isRepeated: true });
  }

  /** Sends a request that makes sense over one connection only, the one that `write` sends over. */
  sendOver<O extends Operation, T>(
    write: (frame: string) => void,
    op: O,
    fields: object,
    read: (answer: AnswerByOperation[O]) => T,
  ): Asked<T> {
    return this.#send(op, fields, { read, write, isRepeated: false });
  }

  /** Whether something was asked that another connection will have the answer of. */
  get isWaiting(): boolean {
    return [...this.#pending.values()].some(({ frame }) => frame !== undefined);
  }

  /** Whether a request has no answer yet. */
  has(id: number): boolean {
    return this.#pending.has(id);
  }

  /** Sends all that was not answered yet once more, in the order in which it was asked. */
  repeat(): void {
    for (const { frame } of this.#pending.values()) if (frame !== undefined) this.#write(frame);
  }

  /** A request will not be answered. */
  fail(id: number, error: unknown): void {
    this.#pending.get(id)?.reject(error);
    this.#pending.delete(id);
  }

  /** Sends a request; the promise is its answer. */
  ask<O extends Operation>(op: O, fields: object): Promise<AnswerByOperation[O]> {
    return this.send(op, fields, (answer) => answer).answer;
  }

  /**
   * Makes sure that a request neither waits nor will be done; both answers have come when it returns. Never
   * throws.
   */
  async withdraw<T>({ id, answer }: Asked<T>): Promise<Withdrawn<T>> {
    const [cancel, result] = await Promise.allSettled([this.ask("cancel", { request: id }), answer]);
    return { cancel, result };
  }

  /** An answer came. False when it is none to the request that it names, which then still waits. */
  answered(answer: Answer): boolean {
    const id = answer.id!;
    const pending = this.#pending.get(id);
    if (pending === undefined) return true;
    if (answer.ok && !pending.accept(answer)) return false;
    this.#pending.delete(id);
    if (!answer.ok) pending.reject(errorFrom(answer.error));
    return true;
  }

  /** Nothing is answered any more: what waits is rejected, and what is asked later. */
  end(error: ConnectionError): void {
    this.#end = error;
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  #send<O extends Operation, T>(op: O, fields: object, { read, write, isRepeated }: Sending<O, T>): Asked<T> {
    const id = ++this.#lastId;
    if (this.#end !== undefined) return { id, answer: Promise.reject(this.#end) };
    const request = checkWish({ id, op, ...fields });
    if ("fault" in request) return { id, answer: Promise.reject(new LockError(request)) };
    const frame = encodeRequest(request);
    const answer = new Promise<T>((resolve, reject) => {
      this.#pending.set(id, {
        frame: isRepeated ? frame : undefined,
        accept(answer) {
          if (!isAnswerTo(op, answer)) return false;
          resolve(read(answer));
          return true;
        },
        reject,
      });
    });
    write(frame);
    return { id, answer };
  }
}

/** How a withdrawn request ended. */
export interface Withdrawn<T> {
  readonly cancel: PromiseSettledResult<CancelAnswer>;
  readonly result: PromiseSettledResult<T>;
}

/**
 * True when the promise is settled before one of the signals aborts; absent ones never do. It need not be
 * handled for that.
 */
export async function isSettledFirst(
  promise: Promise<unknown>,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<boolean> {
  const present = signals.filter((signal) => signal !== undefined);
  if (present.length === 0) return true;
  let onAbort = () => {};
  const aborted = new Promise<void>((resolve) => onAbort = resolve);
  for (const signal of present) signal.addEventListener("abort", onAbort);
  try {
    if (!present.some(({ aborted }) => aborted)) await Promise.race([promise, aborted]);
  } catch {
    // The caller awaits the promise itself next.
  } finally {
    for (const signal of present) signal.removeEventListener("abort", onAbort);
  }
  return !present.some(({ aborted }) => aborted);
}
