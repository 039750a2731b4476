/**
 * A program of somebody who uses the client, with all of its types. It is compiled, never run.
 *
 * @module
 */
import {
  type AcquireOptions,
  type Administrator,
  type BreakOptions,
  type Client,
  type ClientProfile,
  type ClosedEvent,
  connect,
  type ConnectedEvent,
  ConnectionError,
  type ConnectOptions,
  type ConvertOptions,
  type CycleParty,
  type DaemonStatus,
  type DisconnectedEvent,
  type DrainingEvent,
  type ErrorCode,
  type EventName,
  type ExplainedHolder,
  type ExplainedName,
  type ExplainedWaiter,
  type Guarantee,
  type Labels,
  type ListOptions,
  type Lock,
  LockError,
  type LockListeners,
  LockLostError,
  LockTimeoutError,
  type LossReason,
  type MissedEvents,
  type Mode,
  type ModeName,
  type NamedParty,
  type NameEvent,
  type NameReport,
  type NameState,
  type Party,
  type PartyRef,
  type ReleaseFailedEvent,
  type Requester,
  type RetryingEvent,
  type SessionState,
  type Snapshot,
  type StatusEvent,
  type StatusStream,
  STEAL_MS,
  type TryOptions,
  type ValueBlock,
  type Watch,
  type WatchedEvent,
  type WatchOptions,
  type WebLock,
  type WebLockInfo,
  type WebLockMode,
  type WebLockOptions,
  WebLocks,
  type WebLockSnapshot,
  type WebLocksOptions,
  type WebSocketLike,
  type WebSocketMaker,
} from "@distrilock/client";
import { WebLocks as SameWebLocks } from "@distrilock/client/web-locks";

/** Each type once, so that none of them is an `any` that nobody notices. */
export interface Everything {
  readonly asking: AcquireOptions & TryOptions & ConvertOptions & BreakOptions & ListOptions & WatchOptions;
  readonly connecting: ConnectOptions & LockListeners & ClientProfile;
  readonly things: readonly [Administrator, Client, Lock, Requester, Watch, WebSocketMaker, WebSocketLike];
  readonly parties: readonly [CycleParty, ExplainedHolder, ExplainedWaiter, Party, PartyRef, SessionState];
  readonly names: readonly [ExplainedName, NameReport, NameState, ValueBlock, Labels, DaemonStatus];
  readonly events: readonly [MissedEvents, NameEvent, WatchedEvent, Snapshot, NamedParty];
  readonly status: readonly [
    ConnectedEvent,
    DisconnectedEvent,
    RetryingEvent,
    DrainingEvent,
    ReleaseFailedEvent,
    ClosedEvent,
  ];
  readonly webLocks: readonly [
    WebLock,
    WebLockInfo,
    WebLockMode,
    WebLockOptions,
    WebLockSnapshot,
    WebLocksOptions,
  ];
  readonly statusStream: readonly [StatusEvent, StatusStream];
  readonly words: ErrorCode | EventName | Guarantee | LossReason | Mode | ModeName;
}

/** What a program does all day. */
export async function work(signal: AbortSignal): Promise<number> {
  await using client: Client = await connect(new URL("ws://127.0.0.1:13124"), { name: "consumer", signal });
  const token = await client.request("invoice/42", { mode: "exclusive", wait: 30_000 }, (lock) => lock.token);
  await using lock = await client.acquire(["a", "b"], {
    labels: { job: "7" },
    onYield: (_lock, by) => by.reason,
  });
  await lock.convert("PR", { wait: 5_000, signal });
  await using maybe = await client.owner("job-7").tryAcquire("c", { ttl: 10_000, renew: false });
  if (maybe !== null) maybe.assertHeld();
  for await (const event of client.watch("invoice/", { signal })) {
    if (event.event !== "resync") return event.party.since;
  }
  for await (const event of client.status()) {
    if (event.type === "connected" && event.resumed) break;
  }
  for await (const { name, held } of client.list({ prefix: "a" })) if (held.length > 0) return name.length;
  return token;
}

/** What a program of the web does. */
export async function workOnTheWeb(client: Client): Promise<number> {
  const locks = new WebLocks(client, { stealMs: STEAL_MS });
  await new SameWebLocks(client).request("invoice/42", { ifAvailable: true }, (lock) => lock?.token ?? 0);
  return await locks.request("invoice/42", (lock) => lock.token);
}

/** What went wrong. */
export function explain(error: unknown): ErrorCode | LossReason | undefined {
  if (error instanceof LockLostError) return error.reason;
  if (error instanceof LockTimeoutError || error instanceof ConnectionError) return error.code;
  if (error instanceof LockError) return error.blockedBy.length > 0 ? error.code : undefined;
  return undefined;
}
