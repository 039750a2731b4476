/**
 * A stage for tests of single rules: a daemon in this process, and peers that say what the rule is about.
 *
 * @module
 */
import { type Place, startDaemon, temporaryDirectory } from "./daemon.ts";
import { connectRaw, type RawPeer, type Transport, TRANSPORTS } from "./raw_peer.ts";

/** What a test of a rule plays on. */
export interface Stage {
  readonly place: Place;
  readonly transport: Transport;
  readonly directory: string;
  /** Connects one more peer, which says hello unless told otherwise. */
  connect(options?: { hello?: boolean; name?: string }): Promise<RawPeer>;
}

/** A test of one rule: it runs over both transports, each time against a daemon of its own. */
export function rule(
  name: string,
  play: (stage: Stage) => Promise<void>,
  flags: readonly string[] = [],
): void {
  for (const transport of TRANSPORTS) {
    Deno.test(`${name} (${transport})`, async () => {
      using directory = temporaryDirectory();
      await using daemon = startDaemon(directory.path, flags);
      await using peers = new AsyncDisposableStack();
      await play({
        place: daemon,
        transport,
        directory: directory.path,
        connect: async (options) => peers.use(await connectRaw(daemon, transport, options)),
      });
    });
  }
}
