/**
 * A Redis server of a test's own. It listens on a socket in its directory, so no port can be taken.
 *
 * @module
 */
import { createClient } from "@redis/client";
import { findProgram, startServer } from "./program.ts";

/** Where the server is (Debian package `redis-server`), or undefined. */
export const REDIS_SERVER = findProgram("redis-server") ?? findProgram("valkey-server");

/** A running server. */
export interface RedisServer extends AsyncDisposable {
  /** Another connection; ended with the server. */
  connect(): Promise<ReturnType<typeof createClient>>;
}

/** Starts a server in a directory. */
export async function startRedis(directory: string): Promise<RedisServer> {
  await using stack = new AsyncDisposableStack();
  const path = `${directory}/redis.sock`;
  const args = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", directory];
  stack.use(
    await startServer(REDIS_SERVER!, args, { ready: /ready to accept connections/i, signal: "SIGTERM" }),
  );
  const all = stack.move();
  return {
    async connect() {
      const client = createClient({ socket: { path, reconnectStrategy: false, tls: false } });
      await client.connect();
      all.defer(() => client.close());
      return client as ReturnType<typeof createClient>;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
