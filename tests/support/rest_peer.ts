/**
 * A client of the HTTP port that knows nothing of locks: requests and answers, as values.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { eventually, within } from "./eventually.ts";

/** What an answer has in its body: tests look into bodies of every shape. */
export type RestBody = ReturnType<typeof JSON.parse>;

/** An answer. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** JSON as a value, other text as it is; undefined when there is none. */
  readonly body: RestBody;
}

/** What goes with a request. */
export interface RestOptions {
  readonly body?: unknown;
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A lock of an HTTP client. */
export interface RestGrant {
  readonly lock: string;
  readonly session: string;
  readonly key: string;
  readonly name: string;
  readonly token: number;
  readonly expires: number;
  readonly [field: string]: RestBody;
}

/** Asks a daemon over HTTP. */
export class RestPeer {
  readonly #base: string;

  constructor({ httpPort }: { readonly httpPort: number }) {
    this.#base = `http://127.0.0.1:${httpPort}`;
  }

  /** Sends a request: `POST /v1/locks`. */
  async ask(line: string, { body, key, headers = {}, signal }: RestOptions = {}): Promise<RestAnswer> {
    const response = await this.open(line, { body, key, headers, ...(signal ? { signal } : {}) });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? undefined : isJson ? JSON.parse(text) : text,
    };
  }

  /** Sends a request, and gives the answer as it begins. */
  async open(line: string, { body, key, headers = {}, signal }: RestOptions = {}): Promise<Response> {
    const [method = "", path = ""] = line.split(" ");
    const isRaw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
    return await within(
      line,
      fetch(this.#base + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(key === undefined ? {} : { "distrilock-key": key }),
          ...headers,
        },
        body: isRaw ? body as BodyInit | undefined ?? null : JSON.stringify(body),
        redirect: "manual",
        ...(signal ? { signal } : {}),
      }),
    );
  }

  /** Acquires a lock that is to be had. */
  async acquire(body: object, options: RestOptions = {}): Promise<RestGrant> {
    const answer = await this.ask("POST /v1/locks", { ...options, body });
    equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  }

  /** Gives a lock back that is held. */
  async release({ lock, key }: Pick<RestGrant, "lock" | "key">): Promise<void> {
    const answer = await this.ask(`DELETE /v1/locks/${lock}`, { key });
    equal(answer.status, 200, JSON.stringify(answer.body));
  }

  /** Resolves when so many wait for a name. */
  async untilWaiting(name: string, count: number): Promise<void> {
    await eventually(`${count} wait for ${name}`, async () => {
      const { body } = await this.ask(`GET /v1/names/${name}`);
      return body.waitingCount === count;
    });
  }
}
