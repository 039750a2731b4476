/**
 * What a case of the suite works with: clients, lock names of its own, and what only its host can do.
 *
 * @module
 */
import { type Client, connect, type ConnectOptions } from "@distrilock/client";
import { eventually } from "./check.ts";

/** Cases by what they show. They throw when the client is wrong. */
export type Cases<S extends Stage = Stage> = Readonly<Record<string, (stage: S) => Promise<void>>>;

/** Opens a client. */
export type Open = (options: ConnectOptions) => Promise<Client>;

/** How clients reach the daemon. */
export type TransportName = "tcp" | "websocket";

/** Where the suite runs. All of it can be said in JSON, but for the class. */
export interface Setting {
  readonly transport: TransportName;
  /** Address of the daemon. */
  readonly url: string;
  /** Address of a port where connections are taken and nothing is ever said. */
  readonly muteUrl: string;
  /** Where the host of the test is told what to do. */
  readonly hostUrl: string;
  /** For `worker`, where the client was bundled. */
  readonly worker?: string;
  /** For `webSocket`, when the runtime's own is not to be used. */
  readonly webSocket?: ConnectOptions["webSocket"];
}

/** What a case works with. */
export class Stage implements AsyncDisposable {
  readonly #open: Open;
  readonly #prefix: string;
  readonly #clients: Client[] = [];

  /** @param prefix Begins all lock names of the case. */
  constructor(open: Open, prefix: string) {
    this.#open = open;
    this.#prefix = prefix;
  }

  /** A lock name that no other case has. */
  name(part = "a"): string {
    return `${this.#prefix}/${part}`;
  }

  /** Begins all names of this case. */
  get prefix(): string {
    return `${this.#prefix}/`;
  }

  /** Opens a client, which is closed after the case. */
  async open(name = "case", options: ConnectOptions = {}): Promise<Client> {
    return this.closing(await this.#open({ name, ...options }));
  }

  /** The same client, which is closed after the case. */
  closing(client: Client): Client {
    this.#clients.push(client);
    return client;
  }

  /** Resolves when so many wait for a name. */
  async waiters(client: Client, name: string, count: number): Promise<void> {
    await eventually(
      `${count} wait for ${name}`,
      async () => (await client.who(name)).waitingCount === count,
    );
  }

  /** Closes its clients. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

/** A wire to the daemon, or another daemon on its directory. */
export interface Prop {
  readonly id: number;
  /** Where a client finds it. */
  readonly url: string;
}

/** What a case works with that is about wires and servers. */
export class WireStage extends Stage {
  readonly setting: Setting;

  constructor(setting: Setting, prefix: string) {
    super((options) => connect(setting.url, { webSocket: setting.webSocket, ...options }), prefix);
    this.setting = setting;
  }

  /** Opens a client at one of several addresses. */
  async openAt(urls: readonly string[], options: ConnectOptions = {}): Promise<Client> {
    return this.closing(await connect(urls, { webSocket: this.setting.webSocket, ...options }));
  }

  /** Has a wire to the daemon laid, or another daemon started. */
  async prop(kind: "wires" | "daemons"): Promise<Prop> {
    const response = await this.#tell("POST", `/${kind}?transport=${this.setting.transport}`);
    return await response.json();
  }

  /** Cuts the connections that are on a wire now. */
  async cut({ id }: Prop): Promise<void> {
    await this.#tell("POST", `/wires/${id}/cut`);
  }

  /** Cuts a wire for good, or ends a daemon. */
  async end(kind: "wires" | "daemons", { id }: Prop): Promise<void> {
    await this.#tell("DELETE", `/${kind}/${id}`);
  }

  async #tell(method: string, path: string): Promise<Response> {
    const response = await fetch(new URL(path, this.setting.hostUrl), { method });
    if (!response.ok) throw new Error(`Cannot have ${method} ${path}: the host answered ${response.status}`);
    return response;
  }
}
