/**
 * Asks the daemon, in the words of its public API (`docs/rest.md`) and no others.
 *
 * @module
 */
/** @import { ErrorBody, WhoAnswer } from "../../client/protocol/messages.ts" */
/** @import { Party } from "../../client/protocol/parties.ts" */
/** @import { DaemonStatus, SessionState } from "../../client/protocol/session_messages.ts" */
/** @import { ExplainedName } from "../../client/protocol/watch_messages.ts" */
/** @import { NamePage, NameQuery } from "./board.js" */
import { ServerClock } from "./server_clock.js";

/** A daemon that has said nothing for so many milliseconds is away. */
const ANSWER_MS_MAX = 10_000;

/** Why the daemon did not do it. `status` 0: it could not be asked at all. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {object} options
   * @param {number} options.status
   * @param {ErrorBody["code"]} [options.code]
   * @param {unknown} [options.cause]
   */
  constructor(message, { status, code, cause }) {
    super(message, { cause });
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }

  /** Whether it is about who asks: no token, a wrong one, or one without the right. */
  get isRefusal() {
    return this.status === 401 || this.status === 403;
  }
}

/** The API of the daemon that the page came from. */
export class Api {
  /** The token that is sent, if there is one. @type {string | undefined} */
  #token;
  /** Aborts what was asked with another token: its answer is not for who asks now. */
  #others = new AbortController();
  clock = new ServerClock();
  #base;

  /** @param {string} base the URL of the page */
  constructor(base) {
    this.#base = base;
  }

  /**
   * Asks with that token from now on.
   *
   * @param {string | undefined} token
   */
  use(token) {
    this.#others.abort();
    this.#others = new AbortController();
    this.#token = token;
  }

  /**
   * @param {NameQuery} query
   * @returns {Promise<NamePage>}
   */
  async names(query) {
    return await this.#ask("v1/names", { query });
  }

  /**
   * @param {string} name
   * @returns {Promise<WhoAnswer & { readonly free: boolean }>}
   */
  async who(name) {
    return await this.#ask(`v1/names/${encodeURIComponent(name)}`);
  }

  /**
   * @param {string} name
   * @returns {Promise<{ readonly names: readonly ExplainedName[] }>}
   */
  async explain(name) {
    return await this.#ask(`v1/explain/${encodeURIComponent(name)}`);
  }

  /**
   * @param {{ readonly after: string, readonly limit: number }} query
   * @returns {Promise<{ readonly sessions: readonly SessionState[], readonly next: string | null }>}
   */
  async sessions(query) {
    return await this.#ask("v1/sessions", { query });
  }

  /** @returns {Promise<DaemonStatus>} */
  async status() {
    return await this.#ask("v1/status");
  }

  /**
   * @param {{ readonly name: string, readonly token: number, readonly reason: string }} body
   * @returns {Promise<{ readonly broken: readonly Party[] }>}
   */
  async breakLock(body) {
    return await this.#ask("v1/break", { body });
  }

  /**
   * Opens the stream of events.
   *
   * @param {{ readonly prefix: string, readonly lastId: string | undefined, readonly signal: AbortSignal }}
   *   options
   */
  async events({ prefix, lastId, signal }) {
    const headers = {
      accept: "text/event-stream",
      ...(lastId === undefined ? {} : { "last-event-id": lastId }),
    };
    const { response } = await this.#fetch(this.#url("v1/events", { prefix }), { headers, signal });
    if (!response.body) throw new ApiError("Cannot read events: the answer is empty", { status: 0 });
    return response.body.pipeThrough(new TextDecoderStream());
  }

  /**
   * @param {string} path
   * @param {{ readonly query?: Readonly<Record<string, string | number>>, readonly body?: object }} [options]
   */
  async #ask(path, { query = {}, body } = {}) {
    const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_MS_MAX), this.#others.signal]);
    const posting = body && { method: "POST", body: JSON.stringify(body) };
    const headers = { accept: "application/json", ...(body ? { "content-type": "application/json" } : {}) };
    const sentMs = Date.now();
    const { response, receivedMs } = await this.#fetch(this.#url(path, query), {
      ...posting,
      headers,
      signal,
    });
    this.clock.note({ dateMs: Date.parse(response.headers.get("date") ?? ""), sentMs, receivedMs });
    try {
      return await response.json();
    } catch (cause) {
      throw new ApiError(`Cannot read the answer: ${messageOf(cause)}`, { status: 0, cause });
    }
  }

  /**
   * @param {string} path
   * @param {Readonly<Record<string, string | number>>} query
   */
  #url(path, query) {
    const url = new URL(path, this.#base);
    for (const [field, value] of Object.entries(query)) {
      if (value !== "") url.searchParams.set(field, String(value));
    }
    return url;
  }

  /**
   * @param {URL} url
   * @param {RequestInit & { readonly headers: Record<string, string> }} options
   */
  async #fetch(url, options) {
    const token = this.#token;
    const headers = {
      ...options.headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    /** @type {Response} */
    let response;
    try {
      response = await fetch(url, {
        ...options,
        headers,
        cache: "no-store",
        credentials: "same-origin",
        referrerPolicy: "no-referrer",
      });
    } catch (cause) {
      throw new ApiError(`Cannot reach the daemon: ${messageOf(cause)}`, { status: 0, cause });
    }
    const receivedMs = Date.now();
    if (!response.ok) throw await problemOf(response);
    return { response, receivedMs };
  }
}

/**
 * @param {Response} response
 */
async function problemOf(response) {
  const { status } = response;
  const { code, detail } = await response.json().catch(() => ({}));
  return new ApiError(typeof detail === "string" ? detail : `The daemon answered ${status}`, {
    status,
    code,
  });
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
