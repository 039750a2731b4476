/**
 * Three etcd members, each on a network of its own (Linux network namespaces): a link to the clients, and one
 * to the other members, that can be cut apart from each other. Needs root, iproute2, and the right to make
 * namespaces.
 *
 * @module
 */
import { EtcdMember, NO_ETCD, untilReady } from "./etcd_cluster.ts";
import { mustIp, NO_SPACES } from "./net_spaces.ts";

/** Why tests on such networks cannot run here, or undefined. */
export const NO_NETWORK: string | undefined = NO_ETCD ?? NO_SPACES;

/** A member on its networks. */
export interface NetworkMember {
  readonly member: EtcdMember;
  /** Cuts it off from the other members, or mends that. */
  peers(how: "cut" | "mend"): void;
}

/** The members and their networks. */
export class EtcdNetwork implements AsyncDisposable {
  readonly members: readonly NetworkMember[];
  readonly #mark: string;
  readonly #directory: string;

  private constructor(mark: string, directory: string, members: readonly NetworkMember[]) {
    this.#mark = mark;
    this.#directory = directory;
    this.members = members;
  }

  static async start(): Promise<EtcdNetwork> {
    // Names of links have at most 15 characters.
    const mark = (Deno.pid % 10_000).toString(36);
    const [net] = crypto.getRandomValues(new Uint8Array(1));
    const directory = Deno.makeTempDirSync({ prefix: "distrilock-etcd-" });
    mustIp(`link add dlb${mark} type bridge`);
    mustIp(`link set dlb${mark} up`);
    const peer = (index: number) => `http://10.199.${net}.${index + 1}:2380`;
    const cluster = [0, 1, 2].map((index) => `m${index}=${peer(index)}`).join(",");
    const members = [0, 1, 2].map((index): NetworkMember => {
      const space = `dl-${mark}-${index}`;
      mustIp(`netns add ${space}`);
      mustIp(`-n ${space} link set lo up`);
      const [clientLink, peerLink] = [`dlc${mark}${index}`, `dlp${mark}${index}`];
      mustIp(`link add ${clientLink} type veth peer name client netns ${space}`);
      mustIp(`addr add 10.${200 + index}.${net}.1/24 dev ${clientLink}`);
      mustIp(`link set ${clientLink} up`);
      mustIp(`-n ${space} addr add 10.${200 + index}.${net}.2/24 dev client`);
      mustIp(`-n ${space} link set client up`);
      mustIp(`link add ${peerLink} type veth peer name peers netns ${space}`);
      mustIp(`link set ${peerLink} master dlb${mark}`);
      mustIp(`link set ${peerLink} up`);
      mustIp(`-n ${space} addr add 10.199.${net}.${index + 1}/24 dev peers`);
      mustIp(`-n ${space} link set peers up`);
      const url = `http://10.${200 + index}.${net}.2:2379`;
      const through = ["ip", "netns", "exec", space];
      const plan = { name: `m${index}`, directory, client: url, peer: peer(index), cluster, through };
      const member = new EtcdMember(plan);
      return { member, peers: (how) => mustIp(`link set ${peerLink} ${how === "cut" ? "down" : "up"}`) };
    });
    const network = new EtcdNetwork(mark, directory, members);
    for (const { member } of members) member.start();
    await untilReady(network.urls);
    return network;
  }

  /** What `--etcd` is given. */
  get urls(): string {
    return this.members.map(({ member }) => member.url).join(",");
  }

  /** The member that leads, as it says. */
  async leader(): Promise<NetworkMember> {
    for (;;) {
      for (const each of this.members) if (await each.member.leads()) return each;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map(({ member }) => member.kill()));
    for (const index of [0, 1, 2]) mustIp(`netns delete dl-${this.#mark}-${index}`);
    mustIp(`link delete dlb${this.#mark}`);
    Deno.removeSync(this.#directory, { recursive: true });
  }
}
