/**
 * The host of a run of the suite: a daemon, a port that says nothing, and a small web server that has a page
 * for browsers, and that gives a case what it wants: wires to the daemon that can be cut, and more daemons on
 * the same directory.
 *
 * ```text
 * GET    /                              the page
 * GET    /pilot.js                      the program of a pilot
 * POST   /wires?transport=tcp           {"id":1,"url":"distrilock://127.0.0.1:40123"}
 * POST   /wires/1/cut                   cuts the connections that are on it now
 * DELETE /wires/1                       cuts it for good
 * POST   /daemons?transport=websocket   {"id":2,"url":"ws://127.0.0.1:40321/v1/ws"}
 * DELETE /daemons/2                     ends it
 * ```
 *
 * @module
 */
import { createServer, type Server, type Socket } from "node:net";
import { type Place, startDaemon, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { Relay } from "../support/relay.ts";
import type { Setting, TransportName } from "./suite/stage.ts";

/** A host, closed at the end. */
export interface Host extends AsyncDisposable {
  /** Where the page for browsers is. */
  readonly pageUrl: string;
  /** The setting for clients of that transport. */
  setting(transport: TransportName): Setting;
}

/** What a host has for browsers. */
export interface Scripts {
  /** What its page runs. */
  readonly page: string;
  /** The program of a pilot. */
  readonly pilot: string;
}

/** Opens a host. */
export async function openHost(scripts: Scripts = { page: "", pilot: "" }): Promise<Host> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory());
  const mute = stack.use(await openMutePort());
  const props = stack.use(new Props(directory.path));
  const http = stack.adopt(servePage(props, scripts), (server) => server.shutdown());
  const origin = `http://127.0.0.1:${http.addr.port}`;
  const hostUrl = `${origin}/`;
  // The page is of another origin than the daemons.
  props.flags = ["--allow-origin", origin];
  const daemon = props.daemon = stack.use(await startDaemonProcess(directory.path, props.flags));
  const parts = stack.move();
  return {
    pageUrl: hostUrl,
    setting: (transport) => ({
      transport,
      url: urlOf(daemon, transport),
      muteUrl: `${transport === "tcp" ? "distrilock" : "ws"}://127.0.0.1:${mute.port}`,
      hostUrl,
      ...(scripts.pilot === "" ? {} : { worker: `${hostUrl}pilot.js` }),
    }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** What cases asked for. */
class Props implements AsyncDisposable {
  /** With what daemons are started. */
  flags: readonly string[] = [];
  /** Where wires lead to. */
  daemon: Place | undefined;
  readonly #directory: string;
  readonly #wires = new Map<number, Relay>();
  readonly #daemons = new Map<number, AsyncDisposable>();
  #lastId = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Does what a request says; undefined when it says nothing that is known. */
  async answer(method: string, { pathname, searchParams }: URL): Promise<Response | undefined> {
    const [, kind, id, verb] = pathname.split("/");
    const transport = searchParams.get("transport") === "tcp" ? "tcp" : "websocket";
    switch (`${method} ${kind}${verb === undefined ? "" : ` ${verb}`}`) {
      case "POST wires":
        return Response.json(await this.#openWire(transport));
      case "POST wires cut":
        this.#wires.get(Number(id))?.cut();
        return new Response(null, { status: 204 });
      case "DELETE wires":
        this.#wires.get(Number(id))?.[Symbol.dispose]();
        return new Response(null, { status: 204 });
      case "POST daemons":
        return Response.json(this.#startDaemon(transport));
      case "DELETE daemons":
        await this.#daemons.get(Number(id))?.[Symbol.asyncDispose]();
        return new Response(null, { status: 204 });
      default:
        return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires.values()) wire[Symbol.dispose]();
    await Promise.all([...this.#daemons.values()].map((daemon) => daemon[Symbol.asyncDispose]()));
  }

  async #openWire(transport: TransportName): Promise<{ readonly id: number; readonly url: string }> {
    const { tcpPort, httpPort } = this.daemon!;
    const wire = await Relay.open(transport === "tcp" ? tcpPort : httpPort);
    const id = ++this.#lastId;
    this.#wires.set(id, wire);
    const url = new URL(urlOf(this.daemon!, transport));
    url.port = String(wire.port);
    return { id, url: url.href };
  }

  #startDaemon(transport: TransportName): { readonly id: number; readonly url: string } {
    const daemon = startDaemon(this.#directory, this.flags);
    const id = ++this.#lastId;
    this.#daemons.set(id, daemon);
    return { id, url: urlOf(daemon, transport) };
  }
}

function urlOf({ url, webSocketUrl }: Place, transport: TransportName): string {
  return transport === "tcp" ? url : webSocketUrl;
}

/** A page that shares memory with its workers has to be kept apart from others. */
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

function servePage(props: Props, { page, pilot }: Scripts): Deno.HttpServer<Deno.NetAddr> {
  const html = `<!doctype html><title>suite</title><script>${page}</script>`;
  const show = (text: string, type: string) =>
    new Response(text, { headers: { "content-type": type, ...ISOLATED } });
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ method, url }) => {
    const address = new URL(url);
    if (method === "GET" && address.pathname === "/") return show(html, "text/html");
    if (method === "GET" && address.pathname === "/pilot.js") return show(pilot, "text/javascript");
    return await props.answer(method, address) ?? new Response(null, { status: 404 });
  });
}

/** A port where connections are taken, and nothing is said. */
function openMutePort(): Promise<{ readonly port: number } & Disposable> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    // What becomes of a connection that was given up is not looked at.
    socket.on("error", () => {}).on("close", () => sockets.delete(socket)).resume();
  });
  const dispose = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      resolve({ port, [Symbol.dispose]: dispose });
    });
  });
}
