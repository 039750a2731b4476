/**
 * Peers whose sessions outlive their connections.
 *
 * @module
 */
import { eventually } from "./eventually.ts";
import type { RawMessage, RawPeer } from "./raw_peer.ts";
import type { Stage } from "./stage.ts";

type Connect = Stage["connect"];

/** A peer with a session that has a grace, and what resumes it. */
export async function graceful(
  connect: Connect,
  grace = 60_000,
): Promise<{ peer: RawPeer; resume: object; hello: RawMessage }> {
  const peer = await connect({ hello: false });
  const hello = await peer.ask({ id: 1, op: "hello", version: 1, grace });
  return { peer, hello, resume: { session: hello.session, secret: hello.secret } };
}

let attempts = 0;

/** The id of a hello that resumes a session: above those of all before. */
export function nextAttempt(): number {
  return ++attempts;
}

/** Another connection that resumes a session, and the answer. */
export async function resumed(
  connect: Connect,
  resume: object,
  id = nextAttempt(),
): Promise<{ peer: RawPeer; hello: RawMessage }> {
  const peer = await connect({ hello: false });
  return { peer, hello: await peer.ask({ id, op: "hello", version: 1, resume }) };
}

/** Waits until the daemon knows that a connection has ended. */
export async function detached(watcher: RawPeer, session: string, firstId: number): Promise<RawMessage> {
  let id = firstId;
  return await eventually("the session is detached", async () => {
    const { sessions } = await watcher.ask({ id: id++, op: "sessions" });
    return sessions.find((one: RawMessage) => one.session === session && one.state === "detached");
  });
}
