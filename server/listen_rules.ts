/**
 * Where a daemon may listen: not where strangers could lock, unless it is told so in as many words. Pure.
 *
 * @module
 */
import type { Config } from "./config.ts";
import { ConfigError } from "./config_error.ts";
import { managedCluster } from "./etcd_options.ts";
import { isLoopback } from "./option_form.ts";

/**
 * Throws a ConfigError for addresses that contradict each other, and for those that strangers could reach.
 */
export function checkListening(config: Config): void {
  const { address, httpAddress, insecure, tokensFile, tlsCert, tlsKey } = config;
  if (address === null && httpAddress === null) {
    throw new ConfigError("Cannot listen: --address and --http-address are both off, want at least one");
  }
  for (const [flag, listen] of [["--address", address], ["--http-address", httpAddress]] as const) {
    if (listen === null || insecure || tokensFile !== null || isLoopback(listen)) continue;
    throw new ConfigError(
      `Cannot listen on ${flag} ${JSON.stringify(listen.host)}: anybody who reaches it could lock; want ` +
        "--tokens-file, a loopback address (127.0.0.1, [::1], localhost) or --insecure",
    );
  }
  if (
    address !== null && address.port !== 0 && address.host === httpAddress?.host &&
    address.port === httpAddress.port
  ) {
    throw new ConfigError(
      `Cannot listen on --http-address: want another port than --address, which is ${address.port}`,
    );
  }
  if ((tlsCert === null) !== (tlsKey === null)) {
    const [given, missing] = tlsKey === null ? ["--tls-cert", "--tls-key"] : ["--tls-key", "--tls-cert"];
    throw new ConfigError(`Cannot use ${given} without ${missing}: want both or none`);
  }
}

/** What an administrator should know of a configuration that can be used, one sentence each. */
export function listeningWarnings(config: Config): string[] {
  return [...portWarnings(config), ...memberWarnings(config)];
}

function memberWarnings(config: Config): string[] {
  const cluster = managedCluster(config);
  if (!cluster || cluster.tls || isLoopback(cluster.self)) return [];
  return ["anybody who reaches the member of etcd can lock, whatever the tokens: there is no --etcd-cert"];
}

function portWarnings({ address, httpAddress, tokensFile, tlsCert }: Config): string[] {
  const isReachable = [address, httpAddress].some((listen) => listen !== null && !isLoopback(listen));
  if (!isReachable) return [];
  if (tokensFile === null) return ["anybody who reaches it can lock: there is no --tokens-file"];
  if (tlsCert !== null) return [];
  return ["tokens and locks can be read on the network: there is no --tls-cert"];
}
