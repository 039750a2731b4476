/**
 * Programs of a cluster that can be killed, stopped and cut off: members of etcd, daemons, clients.
 *
 * @module
 */
import { connect } from "../../client/mod.ts";
import { type DaemonProcess, startDaemonProcess } from "./daemon.ts";
import type { EtcdMember } from "./etcd_cluster.ts";
import { NO_SPACES, type Space } from "./net_spaces.ts";
import { Victim } from "./victim.ts";

/** What can be done to a program. */
export const HARMS = ["kill -9", "SIGSTOP", "cut"] as const;

/** What can be done to a program. */
export type Harm = typeof HARMS[number];

/** A program in its space. */
export interface Machine {
  readonly space: Space;
  kill(): Promise<void>;
  /** Starts it again after it was killed. */
  start(): Promise<void> | void;
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
}

/** Harms programs. */
export async function harm(machines: readonly Machine[], how: Harm): Promise<void> {
  if (how === "kill -9") await Promise.all(machines.map((machine) => machine.kill()));
  else if (how === "SIGSTOP") { for (const machine of machines) machine.signal("SIGSTOP"); }
  else for (const { space } of machines) space.cut();
}

/** Takes the harm from them. */
export async function heal(machines: readonly Machine[], how: Harm): Promise<void> {
  if (how === "kill -9") await Promise.all(machines.map((machine) => machine.start()));
  else if (how === "SIGSTOP") { for (const machine of machines) machine.signal("SIGCONT"); }
  else for (const { space } of machines) space.mend();
}

/** A member of etcd. */
export class MemberMachine implements Machine {
  constructor(readonly member: EtcdMember, readonly space: Space) {}

  kill(): Promise<void> {
    return this.member.kill();
  }

  start(): void {
    this.member.start();
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.member.signal(signal);
  }
}

/** What a daemon is started with. */
export interface DaemonSpec {
  readonly directory: string;
  readonly port: number;
  readonly flags: readonly string[];
  /** Hosts that it may speak with. */
  readonly hosts: readonly string[];
}

/** A daemon. */
export class DaemonMachine implements Machine, AsyncDisposable {
  readonly url: string;
  readonly space: Space;
  readonly #spec: DaemonSpec;
  #daemon: DaemonProcess | undefined;

  constructor(space: Space, spec: DaemonSpec) {
    this.space = space;
    this.#spec = spec;
    this.url = `distrilock://${space.host}:${spec.port}`;
  }

  async start(): Promise<void> {
    const { directory, port, flags, hosts } = this.#spec;
    const { host, through } = this.space;
    // On loopback alone a daemon needs no more than it always has.
    const more = NO_SPACES === undefined ? [`--allow-net=${[host, ...hosts].join(",")}`] : [];
    this.#daemon = await startDaemonProcess(
      directory,
      [
        ...flags,
        ...["--address", `${host}:${port}`, "--insecure"],
      ],
      {},
      more,
      through,
    );
  }

  async kill(): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#daemon?.kill(signal);
  }

  /** Grants a lock to a newcomer, or throws a LockError. */
  async serve(name: string): Promise<void> {
    await using client = await connect(this.url, { reconnect: false, connectTimeoutMs: 2_000 });
    await using _lock = await client.acquire(name, { wait: 2_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** A client that holds a lock. */
export class VictimMachine implements Machine, AsyncDisposable {
  readonly space: Space;
  readonly name: string;
  readonly #servers: readonly string[];
  readonly #graceMs: number;
  #victim: Victim | undefined;

  constructor(space: Space, name: string, { servers, graceMs }: {
    readonly servers: readonly string[];
    readonly graceMs: number;
  }) {
    this.space = space;
    this.name = name;
    this.#servers = servers;
    this.#graceMs = graceMs;
  }

  /** The process that holds the lock, or did. */
  get victim(): Victim {
    if (!this.#victim) throw new Error("the victim was not started");
    return this.#victim;
  }

  /** Starts one: it asks for the lock, and this is over when it has it. */
  async start(): Promise<void> {
    const { name } = this;
    const { through } = this.space;
    this.#victim = await Victim.start({ servers: this.#servers, name, graceMs: this.#graceMs, through });
  }

  kill(): Promise<void> {
    this.victim.signal("SIGKILL");
    return Promise.resolve();
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.victim.signal(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#victim?.[Symbol.asyncDispose]();
  }
}
