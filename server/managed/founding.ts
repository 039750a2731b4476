/**
 * Whether a cluster may be founded. A member without data must not found one, or vote as one that did, where
 * members have decided anything before: it would vote against what it has forgotten. So those who would found
 * a cluster wait for each other: each says at its address that it has no past, and goes on when all the
 * others have said so, or when one of them says that there is a cluster.
 *
 * @module
 */
import { setTimeout as rest } from "node:timers/promises";
import { founders, hostName, listenHost, type ManagedCluster, otherHosts } from "./managed_cluster.ts";
import { MemberError } from "./member_error.ts";
import { FOUNDERS_HEADER, MEMBERS_PATH, type Peers, type PeerWord } from "./peers.ts";

/** How often the others are asked, in milliseconds. */
const ASK_MS = 200;

/** How a member waits for others. */
export interface Waiting {
  /** Told what is waited for, whenever that changes. */
  readonly waits: (reason: string) => void;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** What is needed to find out. */
export interface FoundingOptions extends Waiting {
  readonly peers: Peers;
}

/**
 * True: nobody has a past, found it. False: there is a cluster. Throws a {@link MemberError}, or what the
 * signal says.
 */
export async function mayFound(
  cluster: ManagedCluster,
  { peers, waits, signal }: FoundingOptions,
): Promise<boolean> {
  const ours = foundersOf(cluster);
  const missing = new Map(otherHosts(cluster).map((host) => [hostName(host), host]));
  const words = new Map<string, PeerWord>();
  if (missing.size === 0) return true;
  await using _word = sayWithoutPast(cluster, ours);
  for (;;) {
    const silent: string[] = [];
    await Promise.all([...missing].map(async ([name, host]) => {
      const word = await peers.ask(host);
      if (word instanceof Error) silent.push(`${name} (${word.message})`);
      else words.set(name, word);
    }));
    for (const [name, { hasPast, founders }] of words) {
      if (hasPast) return false;
      if (founders !== undefined && founders !== ours) {
        throw new MemberError(
          `Cannot found a cluster of ${ours}: ${name} was told of ${founders}, want the same --etcd-managed on all hosts`,
        );
      }
      // For good: whoever had no past can have got one only with us, or while we had none.
      missing.delete(name);
    }
    if (missing.size === 0) return true;
    waits(`${silent.sort().join(", ")} to found the cluster with`);
    await rest(ASK_MS, undefined, { signal });
  }
}

function foundersOf(cluster: ManagedCluster): string {
  return founders(cluster).map((member) => member.peerUrl).sort().join(",");
}

/** Answers at the address of our member until it is disposed. */
function sayWithoutPast(cluster: ManagedCluster, ours: string): AsyncDisposable {
  const { self, tls } = cluster;
  const [hostname, port] = [listenHost(self), self.port + 1];
  const abort = new AbortController();
  const answer = ({ url }: Request) =>
    new URL(url).pathname === MEMBERS_PATH
      ? Response.json([], { headers: { [FOUNDERS_HEADER]: ours, connection: "close" } })
      : new Response(null, { status: 404 });
  const options = { hostname, port, signal: abort.signal, onListen() {} };
  const files = tls && { cert: Deno.readTextFileSync(tls.cert), key: Deno.readTextFileSync(tls.key) };
  const server = Deno.serve(files ? { ...options, ...files } : options, answer);
  return {
    [Symbol.asyncDispose]() {
      abort.abort();
      return server.finished;
    },
  };
}
