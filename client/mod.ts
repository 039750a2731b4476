/**
 * The client of distrilock, a distributed lock manager: for Deno, Node 20 and later, and Bun over TCP, and
 * for browsers over WebSocket.
 *
 * ```ts ignore
 * import { connect } from "@distrilock/client";
 *
 * const client = await connect("distrilock://127.0.0.1:13123", { name: "billing-1" });
 * const lock = await client.acquire("invoice/42", { mode: "PR", wait: 5_000 });
 * await lock.release();
 * await client.close();
 * ```
 *
 * @module
 */
export { connect, type ConnectOptions } from "./connect.ts";
export type { WebSocketLike, WebSocketMaker } from "./transport/websocket.ts";
export type { Administrator } from "./administrator.ts";
export type { BreakOptions, Client, ListOptions, NameReport } from "./client.ts";
export type { AcquireOptions, Requester, TryOptions } from "./requester.ts";
export type { ConvertOptions, Lock, LockListeners } from "./lock.ts";
export type { NamedParty, Snapshot } from "./snapshot.ts";
export type {
  ClosedEvent,
  ConnectedEvent,
  DisconnectedEvent,
  DrainingEvent,
  ReleaseFailedEvent,
  RetryingEvent,
  StatusEvent,
  StatusStream,
} from "./status.ts";
export type { MissedEvents, NameEvent, Watch, WatchedEvent, WatchOptions } from "./watch.ts";
export { ConnectionError, LockError, LockLostError, LockTimeoutError } from "./errors.ts";
export type { ErrorCode } from "./protocol/codes.ts";
export type {
  ClientProfile,
  CycleParty,
  DaemonStatus,
  EventName,
  ExplainedHolder,
  ExplainedName,
  ExplainedWaiter,
  Guarantee,
  Labels,
  LossReason,
  NameState,
  Party,
  PartyRef,
  SessionState,
  ValueBlock,
} from "./protocol/messages.ts";
export type { Mode, ModeName } from "./protocol/modes.ts";
export {
  STEAL_MS,
  WebLock,
  type WebLockInfo,
  WebLocks,
  type WebLockSnapshot,
  type WebLocksOptions,
} from "./web_locks.ts";
export type { WebLockMode, WebLockOptions } from "./web_lock_options.ts";
