/**
 * The members of a cluster, and which of them is spoken to: one at a time, the next when that one fails.
 * Leaving a member cuts all that is under way with it, streams too: a member that stopped without a word is
 * known by the first call that it does not answer.
 *
 * @module
 */
import {
  type Client,
  Code,
  ConnectError,
  createClient,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Auth } from "./gen/etcd_pb.ts";
import { isStaleLogin } from "./grpc_faults.ts";
import { Http2Sessions } from "./http2_sessions.ts";

/** How the cluster is reached. */
export interface ClusterOptions {
  /** `http://host:2379` or `https://…`, one a member. */
  readonly endpoints: readonly string[];
  /** PEM texts; `cert` and `key` come together. */
  readonly tls?: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
  };
  readonly user?: { readonly name: string; readonly password: string };
  /** How long one call may take, in milliseconds. */
  readonly callMs: number;
}

/**
 * How often a member that has streams is asked for a sign of life. etcd cuts who asks more often than every 5
 * s (its `--grpc-keepalive-min-time`).
 */
const PING_INTERVAL_MS = 6_000;

/**
 * How long a connection lives without a call or a stream, in milliseconds. A member that is not the current
 * one is asked once in a long while, and better over a new connection than over one that may have been cut
 * without a word.
 */
const IDLE_MS = 100;

/** One member. */
export class Endpoint {
  readonly url: string;
  readonly transport: Transport;
  readonly #sessions: Http2Sessions;

  constructor(url: string, tls: ClusterOptions["tls"], { callMs, interceptors }: {
    readonly callMs: number;
    readonly interceptors: Interceptor[];
  }) {
    this.url = url;
    const secured = url.startsWith("https:") && tls
      ? Object.fromEntries(Object.entries(tls).filter(([, pem]) => pem !== undefined))
      : {};
    const pings = {
      pingIntervalMs: PING_INTERVAL_MS,
      pingTimeoutMs: callMs,
      idleConnectionTimeoutMs: IDLE_MS,
    };
    this.#sessions = new Http2Sessions(url, pings, secured);
    this.transport = createGrpcTransport({ baseUrl: url, sessionManager: this.#sessions, interceptors });
  }

  /** Ends everything that is under way with it. It can be spoken to again. */
  cut(): void {
    this.#sessions.abort(new ConnectError("the member is left", Code.Unavailable));
  }
}

/**
 * Keeps the process alive when the runtime's sockets tell of an error on a connection that nobody listens to
 * any more: the HTTP/2 client takes its listeners off a connection that it gives up, and a write that fails
 * then, or a late TLS alert, is an error that nobody catches. Whoever uses the connection knows of its end by
 * other ways, so nothing is lost with this word. Such an error carries no mark but its origin: no frame of it
 * is outside of the runtime's sockets.
 */
function forgiveLostConnections(event: ErrorEvent): void {
  const { stack } = (event.error ?? {}) as { readonly stack?: string };
  const frames = stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  const isOfSockets = frames.length > 0 && frames.every((frame) => frame.includes("ext:deno_node/internal"));
  if (isOfSockets) event.preventDefault();
}

/** The members, one of which is current. */
export class Endpoints {
  readonly all: readonly Endpoint[];
  readonly #options: ClusterOptions;
  #index = 0;
  #token: string | undefined;
  #login: Promise<void> | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { endpoints, tls, callMs } = options;
    const interceptors: Interceptor[] = [(next) => (request) => {
      if (this.#token !== undefined) request.header.set("token", this.#token);
      // A member that cannot reach its leader then ends the stream, instead of being silent.
      if (request.stream) request.header.set("hasleader", "true");
      return next(request);
    }];
    // Added once, however many clusters there are: it is always the same function.
    globalThis.addEventListener("error", forgiveLostConnections);
    this.all = endpoints.map((url) => new Endpoint(url, tls, { callMs, interceptors }));
  }

  /** The one that is spoken to. */
  get current(): Endpoint {
    return this.all[this.#index] as Endpoint;
  }

  /** Speaks with the next one from now on, unless that was done since `failed` was current. */
  leave(failed: Endpoint): void {
    if (failed !== this.current) return;
    this.#index = (this.#index + 1) % this.all.length;
    failed.cut();
  }

  /** Says who we are, when there is a user and that was not done; `again` also when it was. */
  login(again = false): Promise<void> {
    const { user } = this.#options;
    if (!user || (this.#token !== undefined && !again)) return Promise.resolve();
    return this.#login ??= this.#authenticate(user).finally(() => this.#login = undefined);
  }

  /**
   * Does the work as whoever we are; once more when it turns out that the cluster does not know any more who
   * that is.
   */
  async loggedIn<T>(work: () => Promise<T>): Promise<T> {
    await this.login();
    try {
      return await work();
    } catch (error) {
      if (!isStaleLogin(error)) throw error;
      await this.login(true);
      return await work();
    }
  }

  close(): void {
    for (const endpoint of this.all) endpoint.cut();
  }

  async #authenticate(user: { readonly name: string; readonly password: string }): Promise<void> {
    this.#token = undefined;
    const auth: Client<typeof Auth> = createClient(Auth, this.current.transport);
    const { token } = await auth.authenticate(user, { timeoutMs: this.#options.callMs });
    this.#token = token;
  }
}
