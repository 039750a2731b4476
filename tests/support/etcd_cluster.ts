/**
 * Real etcd members as processes on loopback, for tests: one or three, that can be killed, stopped, started
 * again.
 *
 * @module
 */
import { EtcdFault } from "../../server/store/etcd/calls.ts";
import { GrpcCalls } from "../../server/store/etcd/grpc_calls.ts";

/** Why tests that need etcd cannot run here, or undefined. Said aloud, once. */
export const NO_ETCD: string | undefined = missingReason();

function missingReason(): string | undefined {
  try {
    const { success } = new Deno.Command("etcd", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync();
    if (success) return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const reason = "etcd is not installed (Debian: apt-get install etcd-server)";
  console.error(`skipped: tests against a real etcd cluster: ${reason}`);
  return reason;
}

/** How members differ from the usual. */
export interface ClusterSpec {
  readonly members?: 1 | 3;
  readonly flags?: readonly string[];
  /** What clients speak. */
  readonly scheme?: "http" | "https";
}

/** Some members. */
export class EtcdCluster implements AsyncDisposable {
  readonly members: EtcdMember[];
  readonly #directory: string;

  private constructor(directory: string, members: EtcdMember[]) {
    this.#directory = directory;
    this.members = members;
  }

  /** Starts members, and waits until they have a leader. */
  static async start(
    { members: count = 3, flags = [], scheme = "http" }: ClusterSpec = {},
  ): Promise<EtcdCluster> {
    const directory = Deno.makeTempDirSync({ prefix: "distrilock-etcd-" });
    const ports = freePorts(2 * count);
    const names = Array.from({ length: count }, (_, index) => `m${index}`);
    const peers = names.map((name, index) => `${name}=http://127.0.0.1:${ports[2 * index + 1]}`).join(",");
    const members = names.map((name, index) => {
      const client = `${scheme}://127.0.0.1:${ports[2 * index]}`;
      const peer = `http://127.0.0.1:${ports[2 * index + 1]}`;
      return new EtcdMember({ name, directory, client, peer, cluster: peers, flags });
    });
    const cluster = new EtcdCluster(directory, members);
    for (const member of members) member.start();
    if (scheme === "http") await cluster.ready();
    return cluster;
  }

  /** What `--etcd` is given. */
  get urls(): string {
    return this.members.map(({ url }) => url).join(",");
  }

  /** Waits until the cluster answers, as a majority has it. */
  ready(): Promise<void> {
    return untilReady(this.urls);
  }

  /** The member that leads now. */
  async leader(): Promise<EtcdMember> {
    for (;;) {
      for (const member of this.members) {
        if (member.isRunning && await member.leads()) return member;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** A member that does not lead. */
  async follower(): Promise<EtcdMember> {
    const leader = await this.leader();
    return this.members.find((member) => member !== leader && member.isRunning) as EtcdMember;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

/** How a member is started. */
export interface MemberPlan {
  readonly name: string;
  /** Of the whole cluster. */
  readonly directory: string;
  /** Where clients find it, and where other members do. */
  readonly client: string;
  readonly peer: string;
  /** `NAME=PEER` of all members. */
  readonly cluster: string;
  /** `existing`: it joins a cluster that is there. */
  readonly state?: "new" | "existing";
  readonly flags?: readonly string[];
  /** A command that runs another one, and becomes it, so that signals reach that. */
  readonly through?: readonly string[];
}

/** One member: a process that can be ended and started again with its data. */
export class EtcdMember {
  readonly plan: MemberPlan;
  #child: Deno.ChildProcess | undefined;

  constructor(plan: MemberPlan) {
    this.plan = plan;
  }

  get url(): string {
    return this.plan.client;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const { name, directory, client, peer, cluster, state = "new", flags = [], through = [] } = this.plan;
    const [program = "", ...args] = [
      ...[...through, "etcd", "--name", name, "--data-dir", `${directory}/${name}`],
      ...["--logger", "zap", "--log-level", "error"],
      ...["--listen-client-urls", client, "--advertise-client-urls", client],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...[
        "--initial-cluster",
        cluster,
        "--initial-cluster-state",
        state,
        "--initial-cluster-token",
        directory,
      ],
      // Quick elections, since what is measured is the store.
      ...["--heartbeat-interval", "50", "--election-timeout", "500", ...flags],
    ];
    this.#child ??= new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
    await child?.status;
  }

  /** SIGTERM, and waits for the end. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGTERM");
    await child?.status;
  }

  /** SIGSTOP or SIGCONT. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** Whether it says that it leads, by etcd's JSON gateway. */
  async leads(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/v3/maintenance/status`, {
        method: "POST",
        body: "{}",
        signal: AbortSignal.timeout(500),
      });
      const { header, leader } = await response.json();
      return header?.member_id === leader;
    } catch {
      // Stopped, or not yet there: it does not lead.
      return false;
    }
  }
}

/** Ports of this machine that nobody uses. */
export function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

/** Waits until a cluster answers, as a majority has it. */
export async function untilReady(urls: string): Promise<void> {
  const calls = new GrpcCalls({ endpoints: urls.split(","), callMs: 1_000 });
  try {
    for (let attempt = 0;; attempt++) {
      try {
        await calls.list({ key: "x", end: "y", limit: 1 });
        return;
      } catch (error) {
        if (!(error instanceof EtcdFault) || attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  } finally {
    calls.close();
  }
}
