/**
 * What a daemon stands on before it opens its ports: the C library, a directory that was looked at, the
 * store, and the sessions on it.
 *
 * @module
 */
import { raiseDescriptorLimit } from "../ffi/descriptor_limit.ts";
import { readKernelText } from "../ffi/kernel_text.ts";
import { Libc } from "../ffi/libc.ts";
import { assert } from "./base/assert.ts";
import { type Clock, SYSTEM_CLOCK } from "./base/clock.ts";
import { orSay } from "./base/system_error.ts";
import { type DescriptorPlan, planDescriptors } from "./base/descriptor_plan.ts";
import type { Limits } from "./base/limits.ts";
import { openTokenGate } from "./access/tokens_source.ts";
import type { Log } from "./base/log.ts";
import type { Config } from "./config.ts";
import type { Audit } from "./audit.ts";
import type { openEtcdStore } from "./etcd_foundation.ts";
import { admitDirectory } from "./doctor/admission.ts";
import { CountedCalls } from "./metrics/counted_calls.ts";
import { LockTally } from "./metrics/lock_tally.ts";
import { NameClasses } from "./metrics/name_classes.ts";
import { StoreTally } from "./metrics/store_tally.ts";
import { clientLimits, lookAtNfs, openStore } from "./open_store.ts";
import { randomText } from "./random_text.ts";
import { OPEN_GATE } from "./session/access.ts";
import { type Observer, observers } from "./session/observer.ts";
import { Sessions } from "./session/sessions.ts";
import { PRIVATE_DIRECTORY } from "./store/directory/file_name.ts";
import type { Store, StoreEffect } from "./store/store.ts";

/** Enough that no two sessions of all daemons ever share an id. */
const SESSION_ID_BYTES = 12;
/** Enough that nobody guesses the secret of a session. */
const SECRET_BYTES = 16;

/** What a foundation is laid with, beside the configuration. */
export interface FoundationOptions {
  readonly log: Log;
  readonly audit: Audit;
  /** Who looks on beside the counts: traces. */
  readonly onlookers?: readonly Observer[] | undefined;
  readonly clock?: Clock;
  /** Called when the store has something to do or to tell, which it then does in a turn. */
  readonly wake: () => void;
  /** Called when the daemon broke a rule of its own. */
  readonly onBroken: (error: unknown) => void;
  /**
   * Opens the store on an etcd cluster, where the configuration names one. Given, not imported, so that a
   * program with a lock table of its own loads no gRPC.
   */
  readonly openEtcdStore?: typeof openEtcdStore;
}

/** What a daemon stands on. */
export interface Foundation {
  readonly serverName: string;
  /** As configured, but with as many connections as there are descriptors for. */
  readonly limits: Limits;
  readonly plan: DescriptorPlan;
  readonly store: Store;
  /** What it is on, for people: `directory` or `etcd`. */
  readonly storeKind: string;
  readonly sessions: Sessions;
  /**
   * Reads the tokens file anew; undefined when there is none. Throws a TokensFileError, and then what was
   * known stays.
   */
  readonly reloadTokens: (() => void) | undefined;
  /** Counts what happens to locks. */
  readonly locks: LockTally;
  /** Counts what the store does. */
  readonly operations: StoreTally;
}

/**
 * Opens everything; what was opened is given to `resources`. Throws a LibcUnavailableError,
 * UnsupportedPlatformError, UnfitDirectoryError, LedgerError, LimitsError, TokensFileError or an error of the
 * operating system.
 */
export function layFoundation(
  config: Config,
  options: FoundationOptions,
  resources: DisposableStack,
): Foundation {
  const { log, audit, onlookers = [], clock = SYSTEM_CLOCK } = options;
  const { directory, keepFiles, sole, etcd } = config;
  // For this user alone: whoever can open a lock file can keep everybody out. A directory that is there stays
  // as wide as its owner made it.
  if (!etcd) {
    orSay(
      `Cannot make the directory ${JSON.stringify(directory)}`,
      () => Deno.mkdirSync(`${directory}/${PRIVATE_DIRECTORY}`, { recursive: true, mode: 0o700 }),
    );
  }
  const libc = resources.use(Libc.open(config.libc ?? undefined));
  if (!etcd) examine(config, libc, { log, clock });
  const plan = planDescriptors(raiseDescriptorLimit(libc), config.limits);
  const facts = etcd ? undefined : lookAtNfs(libc, directory);
  const limits = { ...config.limits, ...plan, ...clientLimits(config.limits, facts?.leaseMs, log) };
  // The host name of the kernel, since asking the runtime for it takes one more permission.
  const host = readKernelText(libc, "/proc/sys/kernel/hostname")?.trim();
  const serverName = config.serverName ?? host ?? "distrilock";
  const daemon = `${serverName}[${Deno.pid}]`;
  const { tokensFile } = config;
  const tokens = tokensFile === null ? undefined : openTokenGate(tokensFile, { clock, log });
  const reloadTokens = tokens && (() => tokens.reload());
  const locks = new LockTally(new NameClasses(config.metricClasses ?? []));
  const operations = new StoreTally();
  const calls = new CountedCalls(libc, operations, clock);
  const effects = (effect: StoreEffect) => sessions.deliver(effect);
  const open = (): Store => {
    const parts = { effects, clock, limits, daemon };
    if (!etcd) {
      const onCall = operations.note.bind(operations);
      return openStore(facts, { ...options, ...parts, directory, calls, onCall, libc, keepFiles, sole });
    }
    assert(options.openEtcdStore, "whoever may be told of a cluster can open it");
    return options.openEtcdStore(config, { ...options, ...parts }, resources);
  };
  const store: Store = resources.adopt(open(), (opened) => void opened.close());
  const sessions = new Sessions({
    store,
    clock,
    gate: tokens?.gate ?? OPEN_GATE,
    newId: () => randomText(SESSION_ID_BYTES),
    newSecret: () => randomText(SECRET_BYTES),
    limits,
    audit: (event, fields) => audit.record(event, fields),
    observer: observers(locks, ...onlookers),
  });
  const storeKind = etcd ? "etcd" : "directory";
  return { serverName, limits, plan, store, storeKind, sessions, locks, operations, reloadTokens };
}

function examine(
  { directory, force, limits: { connectionsMax } }: Config,
  libc: Libc,
  { log, clock }: { readonly log: Log; readonly clock: Clock },
): void {
  admitDirectory({
    calls: libc,
    directory,
    limits: { connectionsMax },
    wallMs: clock.wallMs(),
    trialId: randomText(SESSION_ID_BYTES),
    log,
    force,
  });
}
