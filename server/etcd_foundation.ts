/**
 * The etcd store of a daemon, from its configuration.
 *
 * @module
 */
import type { Clock } from "./base/clock.ts";
import type { Limits } from "./base/limits.ts";
import type { Log } from "./base/log.ts";
import { orSay } from "./base/system_error.ts";
import type { Config } from "./config.ts";
import { lookAfter } from "./etcd_care.ts";
import { randomText } from "./random_text.ts";
import type { ClusterOptions } from "./store/etcd/endpoints.ts";
import { EtcdStore } from "./store/etcd/etcd_store.ts";
import { GrpcCalls } from "./store/etcd/grpc_calls.ts";
import type { StoreEffect } from "./store/store.ts";

/** What the store is made with beside the configuration. */
export interface EtcdFoundationOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  /** What the daemon is called, for people. */
  readonly daemon: string;
  readonly effects: (effect: StoreEffect) => void;
  /** Something was said outside of a turn. */
  readonly wake: () => void;
  readonly onBroken: (error: unknown) => void;
}

/** Enough that no two runs of all daemons are ever taken for one. */
const RUN_BYTES = 12;

/** Rest before something is asked again the first time, in milliseconds. */
const REST_MS = 50;

/**
 * How the cluster that is configured is reached. Throws an error of the operating system when a file cannot
 * be read.
 */
export function clusterOptions(config: Config, callMs: number): ClusterOptions {
  const { etcd, etcdCa, etcdCert, etcdKey, etcdUser, etcdPasswordFile } = config;
  const read = (path: string | null) =>
    path === null
      ? undefined
      : orSay(`Cannot read ${JSON.stringify(path)} for etcd`, () => Deno.readTextFileSync(path));
  const password = read(etcdPasswordFile)?.trimEnd() ?? "";
  return {
    endpoints: etcd ?? [],
    callMs,
    tls: { ca: read(etcdCa), cert: read(etcdCert), key: read(etcdKey) },
    ...(etcdUser === null ? {} : { user: { name: etcdUser, password } }),
  };
}

/**
 * The calls to the cluster that is configured; `log` hears when that is replaced. Throws as
 * {@link clusterOptions} does.
 */
export function openCluster(config: Config, callMs: number, log?: Log): GrpcCalls {
  return new GrpcCalls(
    clusterOptions(config, callMs),
    ({ message }) => log?.error("etcd.unfit", { finding: message }),
  );
}

/**
 * Opens the store. It follows the cluster as soon as that can be reached. What has to be closed before it is
 * given to `resources`.
 */
export function openEtcdStore(
  config: Config,
  options: EtcdFoundationOptions,
  resources: DisposableStack,
): EtcdStore {
  const { limits, clock, log, daemon, effects, wake, onBroken } = options;
  const { etcdLeaseMs: leaseMs, etcdCallMs: callMs } = limits;
  const prefix = config.etcdPrefix;
  const calls = openCluster(config, callMs, log);
  resources.use(lookAfter({ calls, prefix, clock, log }));
  return new EtcdStore({
    calls,
    prefix,
    clock,
    limits,
    times: { leaseMs, callMs, restMs: REST_MS },
    run: randomText(RUN_BYTES),
    daemon,
    log,
    emit: effects,
    wake,
    onBroken,
  });
}
