/**
 * The member of etcd that a daemon runs, from its configuration.
 *
 * @module
 */
import { Libc } from "../ffi/libc.ts";
import type { Log } from "./base/log.ts";
import type { Config } from "./config.ts";
import { clusterOptions } from "./etcd_foundation.ts";
import { managedCluster } from "./etcd_options.ts";
import { checkProgram } from "./managed/etcd_process.ts";
import { Member } from "./managed/member.ts";
import { MemberDirectory } from "./managed/member_directory.ts";
import { Peers } from "./managed/peers.ts";
import { GrpcCalls } from "./store/etcd/grpc_calls.ts";
import { GrpcMembership } from "./store/etcd/membership.ts";

/** A member that runs. */
export interface ManagedMember {
  /** Ends it in order, after the daemon. */
  stop(): Promise<void>;
}

/**
 * Starts the member that is configured; undefined: there is none. Throws a MemberError, a
 * LibcUnavailableError, an UnsupportedPlatformError or an error of the operating system, and then nothing is
 * left behind.
 */
export async function startMember(
  config: Config,
  { log, onBroken }: {
    readonly log: Log;
    readonly onBroken: (error: unknown) => void;
  },
): Promise<ManagedMember | undefined> {
  const cluster = managedCluster(config);
  if (!cluster) return undefined;
  await checkProgram();
  using resources = new DisposableStack();
  const calls = resources.use(Libc.open(config.libc ?? undefined));
  const directory = resources.use(new MemberDirectory(cluster, calls));
  const options = clusterOptions(config, config.limits.etcdCallMs);
  const [ours, ...others] = options.endpoints as [string, ...string[]];
  const peers = resources.use(new Peers(cluster));
  const membership = resources.use(new GrpcMembership({ ...options, endpoints: others }));
  const own = resources.adopt(new GrpcCalls({ ...options, endpoints: [ours] }), (opened) => opened.close());
  const status = async () => {
    const [said] = await own.status();
    return said && "version" in said ? said : undefined;
  };
  const member = await Member.start(cluster, { directory, peers, membership, status, log, onBroken });
  const held = resources.move();
  return {
    async stop() {
      await member.stop();
      held.dispose();
    },
  };
}
