/**
 * Hosts of a cluster whose daemons run the members of etcd: places on loopback, each with ports and a
 * directory of its own, and what can happen to them.
 *
 * @module
 */
import { GrpcMembership } from "../../server/store/etcd/membership.ts";
import { type DaemonProcess, startDaemonProcess } from "./daemon.ts";
import { eventually, within } from "./eventually.ts";

/** Quick elections, as all settings of etcd that the daemon does not make: by etcd's own variables. */
const ENVIRONMENT = { ETCD_HEARTBEAT_INTERVAL: "50", ETCD_ELECTION_TIMEOUT: "500" };
const FLAGS = ["--etcd-lease", "3s", "--etcd-call", "1s", "--heartbeat", "500ms", "--drain-timeout", "5s"];

/**
 * Where ports are chosen: below those that the kernel gives to whoever asks for any (ip(7),
 * `ip_local_port_range`). A port of a daemon that is down would be somebody else's when it comes back.
 */
const PORTS_FROM = 12_000;
const PORT_PAIRS = 10_000;

/** Longer than any start that ends, in milliseconds. */
const START_MS = 60_000;

/** One host. */
export class ManagedHost implements AsyncDisposable {
  readonly directory: string;
  /** Where its member is, as `--etcd-self` has it. */
  readonly self: string;
  readonly tcpPort: number;
  readonly #flags: readonly string[];
  /** Beside those that every daemon has: its program, and what is beside its directory, certificates. */
  readonly #permissions: readonly string[];
  #daemon: DaemonProcess | undefined;

  constructor(directory: string, self: string, tcpPort: number, flags: readonly string[]) {
    this.directory = directory;
    this.self = self;
    this.tcpPort = tcpPort;
    this.#flags = [...FLAGS, ...flags, "--etcd-self", self, "--etcd-data", `${directory}/data`];
    this.#permissions = ["--allow-run=etcd", `--allow-read=${directory}/..`];
    Deno.mkdirSync(directory);
  }

  /** Where clients find its daemon, which comes back there. */
  get url(): string {
    return `distrilock://127.0.0.1:${this.tcpPort}`;
  }

  get daemon(): DaemonProcess {
    if (!this.#daemon) throw new Error("it runs no daemon");
    return this.#daemon;
  }

  /** Starts its daemon with few rights, and waits until that is ready. */
  async start(...flags: readonly string[]): Promise<DaemonProcess> {
    await this.#daemon?.[Symbol.asyncDispose]();
    const all = [...this.#flags, "--address", `127.0.0.1:${this.tcpPort}`, ...flags];
    const starting = startDaemonProcess(this.directory, all, ENVIRONMENT, this.#permissions);
    return this.#daemon = await within(`${this.self} is ready`, starting, START_MS);
  }

  /** The process of its member, as the daemon wrote it down. */
  get memberPid(): number {
    return Number(Deno.readTextFileSync(`${this.directory}/data/etcd.pid`).split(" ")[0]);
  }

  /** The process group of its member, as the kernel has it. */
  get memberGroup(): number {
    const [, fields = ""] = Deno.readTextFileSync(`/proc/${this.memberPid}/stat`).split(") ");
    return Number(fields.split(" ")[2]);
  }

  /** Waits until its daemon, which is starting, says at the place of its member that it has no past. */
  async waitsForFounders(): Promise<void> {
    const [host, port] = this.self.split(":");
    await eventually("it waits for others to found a cluster with", async () => {
      try {
        const members = await (await fetch(`http://${host}:${Number(port) + 1}/members`)).json();
        return Array.isArray(members) && members.length === 0;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        return false;
      }
    }, 30_000);
  }

  /** Ends all that runs there at once, as a power cut does. */
  async crash(): Promise<void> {
    const { memberPid } = this;
    this.daemon.kill("SIGKILL");
    kill(memberPid);
    await this.daemon.status;
  }

  killMember(): void {
    kill(this.memberPid);
  }

  /** The disk is empty now. */
  loseDisk(): void {
    Deno.removeSync(`${this.directory}/data`, { recursive: true });
  }

  /** The identity of its member, as another one has it in its list. */
  async memberId({ self }: ManagedHost): Promise<string | undefined> {
    using membership = new GrpcMembership({ endpoints: [`http://${self}`], callMs: 2_000 });
    const [host, port] = this.self.split(":");
    const ours = `http://${host}:${Number(port) + 1}`;
    return (await membership.list()).find(({ peerUrls }) => peerUrls.includes(ours))?.id;
  }

  /** How its daemon started its member, from the first time on. */
  get states(): unknown[] {
    return this.daemon.log.filter(({ event }) => event === "etcd.started").map(({ state }) => state);
  }

  /** Waits until its daemon has logged an event, or so many of them. */
  logged(event: string, count = 1): Promise<unknown> {
    return eventually(`${event} at ${this.self}`, () => {
      return this.daemon.log.filter((line) => line.event === event).length >= count;
    }, 30_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#daemon) return;
    // The member of a daemon that was killed is nobody's.
    kill(this.memberPid);
    await this.#daemon[Symbol.asyncDispose]();
    kill(this.memberPid);
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Some hosts of one cluster. */
export class ManagedHosts implements AsyncDisposable {
  readonly hosts: readonly ManagedHost[];
  /** What `--etcd-managed` is given. */
  readonly members: string;

  /** Chooses places below a directory; nothing runs yet. */
  constructor(directory: string, count: number, flags: readonly string[] = []) {
    const ports = freePairs(2 * count);
    const members = ports.slice(count).map((port) => `127.0.0.1:${port}`);
    this.members = members.join(",");
    const all = [...flags, "--etcd-managed", this.members];
    this.hosts = members.map((self, index) => {
      return new ManagedHost(`${directory}/host${index}`, self, ports[index]!, all);
    });
  }

  /** Where clients find the daemons. */
  get urls(): string[] {
    return this.hosts.map(({ url }) => url);
  }

  /** Starts all daemons at once. */
  async start(...flags: readonly string[]): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.start(...flags)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.hosts) await host[Symbol.asyncDispose]();
  }
}

/** Ports of which the next one is free as well. */
function freePairs(count: number): number[] {
  const listeners: Deno.Listener[] = [];
  const ports: number[] = [];
  while (ports.length < count) {
    const port = PORTS_FROM + 2 * Math.floor(Math.random() * PORT_PAIRS);
    try {
      for (const each of [port, port + 1]) listeners.push(Deno.listen({ hostname: "127.0.0.1", port: each }));
      ports.push(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  for (const listener of listeners) listener.close();
  return ports;
}
