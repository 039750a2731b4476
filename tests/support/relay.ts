/**
 * A wire between a client and a daemon that a test can cut in the middle, so that neither end was asked.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** Passes bytes on between a port of its own and the port of a daemon, until it is cut. */
export class Relay implements Disposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #farSockets = new Set<Socket>();
  #isMute = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Opens a relay to a port of this machine. */
  static open(targetPort: number): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(server);
    server.on(
      "connection",
      (near) => {
        if (relay.#isMute) relay.#sockets.add(near.on("error", () => {}));
        else relay.#join(near, connect({ host: "127.0.0.1", port: targetPort, noDelay: true }));
      },
    );
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: "127.0.0.1", port: 0 }, () => resolve(relay));
    });
  }

  /** The port that stands for the daemon's. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  /** Passes nothing on any more, in either direction, and says so to nobody: a network that is gone. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** Takes connections, and passes nothing on: a host that is there and answers nobody. */
  mute(): void {
    this.#isMute = true;
  }

  /** Hangs up on the daemon alone: the client hears nothing of it, or of anything else. */
  desert(): void {
    this.mute();
    this.freeze();
    for (const far of this.#farSockets) {
      far.removeAllListeners("close");
      far.destroy();
    }
  }

  /** Cuts all connections; new ones are passed on. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Cuts all connections, and takes no more. */
  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, far: Socket): void {
    near.setNoDelay(true);
    this.#farSockets.add(far);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      // Whatever ends one side ends the other.
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        this.#farSockets.delete(one);
        other.destroy();
      });
    }
  }
}
