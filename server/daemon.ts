/**
 * One daemon: the store, the sessions on it, and the ports that they come through.
 *
 * ```text
 *   start ──▶ SERVING ──▶ DRAINING ──▶ STOPPED
 *                 │  [drain]              ▲
 *                 └───────────────────────┘ [stop]
 * ```
 *
 * - SERVING: takes connections, sessions and requests.
 * - DRAINING: takes no new session and grants no new lock; no waits; holders keep their locks until they
 *   release them, or the drain time is over.
 * - STOPPED: no port, no connection, no lock, no timer, no descriptor.
 *
 * @module
 */
import type { Guarantee } from "../client/protocol/messages.ts";
import { SOFTWARE_VERSION } from "../client/protocol/version.ts";
import { type Audit, auditInLog } from "./audit.ts";
import type { Transport, TransportEvents } from "../client/transport/transport.ts";
import { type Clock, SYSTEM_CLOCK } from "./base/clock.ts";
import type { Limits } from "./base/limits.ts";
import type { Log } from "./base/log.ts";
import { Bell } from "./bell.ts";
import type { Config } from "./config.ts";
import type { Dialects } from "./dialect/conversation.ts";
import type { DaemonOptions } from "./daemon_options.ts";
import { speakDialects } from "./dialects.ts";
import { type DaemonAddresses, Doors } from "./doors.ts";
import { type Foundation, layFoundation } from "./foundation.ts";
import type { OperationParts } from "./http/operation_routes.ts";
import { identifyBy } from "./http/callers.ts";
import { listeningWarnings } from "./listen_rules.ts";
import { EventLoopLag } from "./metrics/event_loop_lag.ts";
import { operate } from "./operation.ts";
import { randomText } from "./random_text.ts";
import { Administration } from "./session/administration.ts";
import { joinInProcess } from "./transport/in_process.ts";
import { Reception } from "./transport/reception.ts";

export type { DaemonAddresses } from "./doors.ts";

/** Longest sleep of the daemon's one timer, in milliseconds. */
const TIMER_MS_MAX = 60_000;
/** How long peers may take to end their side of a connection that the daemon ended, in milliseconds. */
const FAREWELL_MS = 2_000;
/** Enough that nobody guesses the name of a stream, or the key of a lock. */
const WORD_BYTES = 12;
const KEY_SECRET_BYTES = 32;

/** A configuration in which nothing is left to find out. */
type NamedConfig = Config & { readonly serverName: string };

interface Parts
  extends Pick<Foundation, "store" | "sessions" | "locks" | "operations" | "reloadTokens" | "storeKind"> {
  readonly options: DaemonOptions & { readonly audit: Audit };
  readonly drainTimeoutMs: number;
  readonly resources: DisposableStack;
}

/** A running daemon. */
export class Daemon {
  readonly addresses: DaemonAddresses;
  readonly guarantee: Guarantee;
  readonly #parts: Parts;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #reception: Reception;
  readonly #doors: Doors;
  readonly #dialects: Dialects;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueMs = Infinity;
  readonly #bell = new Bell(() => this.#reception.turn(() => this.#tick()));
  #drained: { readonly promise: Promise<void>; resolve(): void } | undefined;
  #stopped: Promise<void> | undefined;
  readonly #gone = Promise.withResolvers<void>();

  private constructor(config: NamedConfig, limits: Limits, parts: Parts) {
    const { log, clock = SYSTEM_CLOCK, onBroken } = parts.options;
    this.#parts = parts;
    this.#log = log;
    this.#clock = clock;
    this.guarantee = parts.store.guarantee;
    this.#reception = new Reception({ clock, log, limits, afterTurn: () => this.#afterTurn(), onBroken });
    const administration = this.#administration(config, limits);
    const { sessions } = parts;
    const dialects = this.#dialects = speakDialects(config.serverName, limits, { sessions, administration });
    const app = parts.options.createApp?.({
      sessions,
      administration,
      serverName: config.serverName,
      limits,
      log,
      turn: (work) => this.#reception.turn(work),
      operation: this.#operation(limits),
      identify: identifyBy(sessions.gate),
      apiKey: config.apiKey,
      allowsOrigin: (origin) => config.allowOrigin.includes(origin),
      newWord: () => randomText(WORD_BYTES),
      keySecret: crypto.getRandomValues(new Uint8Array(KEY_SECRET_BYTES)),
    });
    this.#doors = new Doors({
      config,
      limits,
      log,
      now: () => clock.now(),
      reception: this.#reception,
      dialects,
      gate: sessions.gate,
      answer: app?.fetch ?? nothingThere,
    });
    this.addresses = this.#doors.addresses;
    this.#afterTurn();
  }

  /**
   * Starts a daemon. Throws a LibcUnavailableError, UnsupportedPlatformError, UnfitDirectoryError,
   * LedgerError, LimitsError, TokensFileError, TlsFilesError or an error of the operating system (the
   * directory cannot be made, an address is taken), and then nothing is left behind.
   */
  static start(config: Config, given: DaemonOptions): Daemon {
    using resources = new DisposableStack();
    for (const warning of listeningWarnings(config)) given.log.warn("listen.exposed", { warning });
    const options = { ...given, audit: given.audit ?? auditInLog(given.log) };
    let started: Daemon | undefined;
    const wake = () => started && started.#bell.ring();
    const laid = layFoundation(config, { ...options, wake }, resources);
    const { serverName, limits, plan, ...foundation } = laid;
    const { drainTimeoutMs } = limits;
    const parts = {
      options,
      drainTimeoutMs,
      ...foundation,
      resources: resources.move(),
    };
    try {
      started = new Daemon({ ...config, serverName }, limits, parts);
      started.#logReady(config, plan);
      return started;
    } catch (error) {
      parts.resources.dispose();
      throw error;
    }
  }

  /** Connects a client of this process, in the native protocol; `events` hears what the daemon says. */
  join(events: TransportEvents): Transport {
    return joinInProcess(this.#reception, this.#dialects.native, events);
  }

  /**
   * Leaves service in order: resolves when no session is left, at the latest when the drain time is over. The
   * daemon is stopped then.
   */
  async drain(): Promise<void> {
    if (!this.#drained) {
      this.#drained = Promise.withResolvers<void>();
      const { sessions, drainTimeoutMs, store } = this.#parts;
      this.#log.info("daemon.draining", { sessions: sessions.size, locks: store.lockCount, drainTimeoutMs });
      const timer = setTimeout(this.#drained.resolve, drainTimeoutMs);
      this.#reception.turn(() => sessions.drain(drainTimeoutMs));
      await this.#drained.promise;
      clearTimeout(timer);
    }
    await this.#drained.promise;
    await this.stop();
  }

  /**
   * What can be read anew while it runs, by name. Each throws, or rejects, when it goes on with what it had.
   */
  get reloads(): ReadonlyMap<string, () => void | Promise<void>> {
    const { reloadTokens, sessions } = this.#parts;
    const reloads = new Map<string, () => void | Promise<void>>();
    if (this.#doors.speaksTls) reloads.set("tls", () => this.#doors.renewCredentials());
    if (reloadTokens) {
      reloads.set("tokens", () => {
        reloadTokens();
        this.#reception.turn(() => sessions.endWithdrawn());
      });
    }
    return reloads;
  }

  /** Resolves when the daemon is stopped, for whatever reason. */
  get stopped(): Promise<void> {
    return this.#gone.promise;
  }

  /** Ends every session and frees everything. Resolves when nothing is left. */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const { sessions, store, resources } = this.#parts;
    this.#log.info("daemon.stopping", { sessions: sessions.size, locks: store.lockCount });
    this.#doors.close();
    const empty = this.#reception.close();
    this.#reception.turn(() => sessions.hangUp("all"));
    let patience: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => patience = setTimeout(resolve, FAREWELL_MS));
    await Promise.race([Promise.all([empty, this.#doors.settled(), store.settled?.()]), late]);
    clearTimeout(patience);
    this.#reception.turn(() => this.#reception.cutAll());
    await this.#doors.stop();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await store.close();
    this.#bell.silence();
    resources.dispose();
    this.#log.info("daemon.stopped");
    this.#gone.resolve();
  }

  #operation(limits: Limits): OperationParts {
    const { store, sessions, locks, operations, resources, options: { audit, reloads } } = this.#parts;
    return operate({
      build: { version: SOFTWARE_VERSION, store: this.#parts.storeKind, guarantee: store.guarantee },
      clock: this.#clock,
      limits,
      locks,
      operations,
      sessions,
      connections: this.#reception,
      lags: resources.use(new EventLoopLag(this.#clock)).lags,
      audit: audit.counts,
      reloads: reloads?.counts ?? { done: 0, failed: 0 },
      refusal: () => this.#reception.refusal,
    });
  }

  /** Everything that is due is done in turns of its own; this only sets the one timer for the next. */
  #afterTurn(): void {
    if (this.#drained && this.#parts.sessions.hangUp("idle") === 0) this.#drained.resolve();
    if (this.#stopped) return;
    const { store, sessions } = this.#parts;
    const dueMs = Math.min(store.nextDueMs, sessions.nextDueMs, this.#reception.nextDueMs);
    if (dueMs >= this.#timerDueMs) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    const delayMs = Math.min(Math.max(0, dueMs - this.#clock.now()), TIMER_MS_MAX);
    this.#timer = setTimeout(() => this.#reception.turn(() => this.#tick()), delayMs);
  }

  #tick(): void {
    this.#timerDueMs = Infinity;
    const now = this.#clock.now();
    this.#reception.tick(now);
    this.#parts.store.tick(now);
    this.#parts.sessions.tick(now);
  }

  #administration({ serverName, directory }: NamedConfig, limits: Limits): Administration {
    const { sessions, drainTimeoutMs, storeKind: store } = this.#parts;
    return new Administration({
      sessions,
      clock: this.#clock,
      daemon: {
        version: SOFTWARE_VERSION,
        server: serverName,
        store,
        ...(store === "directory" ? { directory } : {}),
        limits: { ...limits },
      },
      connectionCount: () => this.#reception.size + this.#doors.unansweredCount,
      drain: () => {
        // Not within the turn of whoever asks: a drain is a turn of its own.
        queueMicrotask(() => void this.drain().catch(this.#parts.options.onBroken));
        return sessions.drainsInMs ?? drainTimeoutMs;
      },
    });
  }

  #logReady(
    { directory, etcd, etcdPrefix }: Config,
    plan: { connectionsMax: number; lockFilesMax: number },
  ): void {
    this.#log.info("daemon.ready", {
      tcp: shownAddress(this.addresses.tcp),
      http: shownAddress(this.addresses.http),
      ...(etcd ? { etcd, etcdPrefix } : { directory }),
      guarantee: this.guarantee,
      version: SOFTWARE_VERSION,
      pid: Deno.pid,
      ...plan,
    });
  }
}

function shownAddress(address: Deno.NetAddr | null): string | null {
  if (!address) return null;
  const { hostname, port } = address;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** The answer of a daemon without an application. */
function nothingThere(): Response {
  return new Response(null, { status: 404 });
}
