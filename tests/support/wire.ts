/**
 * A wire to a port of this machine that can be cut and mended: while it is cut nothing passes, in either
 * direction, and neither end is told, also not one that connects meanwhile. A network that is gone, not a
 * process that is.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** A wire. */
export class Wire implements AsyncDisposable {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
  }

  /** Opens a wire to a port. */
  static async open(targetPort: number): Promise<Wire> {
    const server = createServer();
    const wire = new Wire(server, targetPort);
    server.on("connection", (near) => wire.#join(near));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: "127.0.0.1", port: 0 }, resolve);
    });
    return wire;
  }

  /** The port at this end. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** Lets new connections pass. What was there when it was cut is over. */
  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(near: Socket): void {
    this.#keep(near);
    if (this.#isCut) return void near.pause();
    const far = connect({ host: "127.0.0.1", port: this.#targetPort, noDelay: true });
    near.setNoDelay(true);
    this.#keep(far);
    near.pipe(far);
    far.pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // Its end is heard by "close".
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
