/**
 * HTTP/2 connections that outlive the farewell of their member.
 *
 * A member that stops in order says so (GOAWAY, RFC 9113 section 6.8). When nothing is under way on the
 * connection the library destroys it within that very event, in the middle of the runtime's reading, which
 * then crashes in every other case, and the daemon with it (Deno 2.9.6). So it is destroyed a moment later.
 *
 * @module
 */
import type { Http2Session } from "node:http2";
import { Http2SessionManager } from "@connectrpc/connect-node";

/** The connection to one member, made when it is asked something. */
export class Http2Sessions extends Http2SessionManager {
  readonly #known = new WeakSet<Http2Session>();

  override async request(
    ...asked: Parameters<Http2SessionManager["request"]>
  ): ReturnType<Http2SessionManager["request"]> {
    const stream = await super.request(...asked);
    if (stream.session && !this.#known.has(stream.session)) {
      this.#known.add(stream.session);
      surviveFarewells(stream.session);
    }
    return stream;
  }
}

/** Has the connection destroyed after the event of a farewell when somebody wants that within it. */
export function surviveFarewells(session: Http2Session): void {
  const { destroy } = session;
  session.prependListener("goaway", () => {
    session.destroy = (...why) => void setTimeout(() => destroy.apply(session, why), 0);
  });
  session.on("goaway", () => void (session.destroy = destroy));
}
