/**
 * Three daemons on three etcd members, with wires between them that can be cut, and players on them.
 *
 * @module
 */
import { connect } from "../../client/mod.ts";
import { type DaemonProcess, startDaemonProcess } from "./daemon.ts";
import { EtcdCluster } from "./etcd_cluster.ts";
import type { Random } from "./random.ts";
import { StormPlayers } from "./storm_players.ts";
import { Wire } from "./wire.ts";

/** How long the daemons of a storm rely on their last word from etcd, in milliseconds. */
const STORM_LEASE_MS = 3_000;
/** How long its clients outlive a connection, in milliseconds: patience for busy machines. */
export const GRACE_MS = 15_000;
const FLAGS = [
  ...["--etcd-lease", `${STORM_LEASE_MS}ms`, "--etcd-call", "1s"],
  ...["--heartbeat", "500ms", "--drain-timeout", "5s"],
];

/** A daemon in a place of its own: it comes back on the same port. Between it and etcd there are wires. */
export class StormPlace {
  daemon: DaemonProcess;
  readonly wires: readonly Wire[];
  readonly #directory: string;

  private constructor(daemon: DaemonProcess, wires: readonly Wire[], directory: string) {
    this.daemon = daemon;
    this.wires = wires;
    this.#directory = directory;
  }

  static async open(cluster: EtcdCluster, directory: string): Promise<StormPlace> {
    const ports = cluster.members.map(({ url }) => Number(new URL(url).port));
    const wires = await Promise.all(ports.map((port) => Wire.open(port)));
    const daemon = await startDaemonProcess(directory, flagsFor(wires));
    return new StormPlace(daemon, wires, directory);
  }

  /** Starts a daemon where one has ended. */
  async again(): Promise<void> {
    const { tcpPort } = this.daemon;
    await this.daemon[Symbol.asyncDispose]();
    this.daemon = await startDaemonProcess(this.#directory, [
      ...flagsFor(this.wires),
      ...["--address", `127.0.0.1:${tcpPort}`],
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    for (const wire of this.wires) await wire[Symbol.asyncDispose]();
  }
}

/** What happens to whom. */
export class ClusterStorm implements AsyncDisposable {
  readonly cluster: EtcdCluster;
  readonly places: readonly StormPlace[];
  readonly players: StormPlayers;

  private constructor(cluster: EtcdCluster, places: readonly StormPlace[], random: Random) {
    this.cluster = cluster;
    this.places = places;
    this.players = new StormPlayers(random);
  }

  static async open(directory: string, random: Random): Promise<ClusterStorm> {
    const cluster = await EtcdCluster.start();
    const places = await Promise.all([0, 1, 2].map(() => StormPlace.open(cluster, directory)));
    return new ClusterStorm(cluster, places, random);
  }

  /** Where clients find daemons, beginning with one. */
  servers(first: number): string[] {
    return [0, 1, 2].map((index) => this.places[(first + index) % 3]!.daemon.url);
  }

  /** A client that begins at a daemon and plays until the storm is over. */
  async play(index: number): Promise<void> {
    await using client = await connect(this.servers(index), { name: `player-${index}`, grace: GRACE_MS });
    await this.players.play(client);
  }

  /** Two clients that hand one lock to and fro until the storm is over. */
  async relay(index: number): Promise<void> {
    const open = (at: number) => connect(this.servers(at), { name: `runner-${at}`, grace: GRACE_MS });
    await using one = await open(index);
    await using other = await open(index + 1);
    await this.players.relay(one, other, `relay/${index}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of this.places) await place[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}

function flagsFor(wires: readonly Wire[]): string[] {
  return ["--etcd", wires.map(({ port }) => `http://127.0.0.1:${port}`).join(","), ...FLAGS];
}
