/**
 * What came of a request, as the body of an answer over HTTP (`docs/rest.md`).
 *
 * @module
 */
import type { Guarantee, HeldLock, NameState, ValueBlock } from "../../client/protocol/messages.ts";
import type { Effect } from "../store/store.ts";

/** One kind of effect. */
export type EffectOf<T extends Effect["type"]> = Extract<Effect, { readonly type: T }>;

/** What an HTTP lock has beside what every lock has. */
export interface LockHandle {
  /** Names the lock in paths; public, authorises nothing. */
  readonly lock: string;
  readonly session: string;
  /** Proves that the lock is one's own. */
  readonly key: string;
}

/** The body that tells of a grant. */
export function grantBody(
  { mode, fenced: [{ name, token, value }], fenced: all, expires }: EffectOf<"granted">,
  handle: LockHandle & {
    readonly ttl: number;
    /** How many ms it is surely the client's. */
    readonly expiresIn: number;
    readonly guarantee: Guarantee;
  },
): object {
  const { lock, session, key, ttl, expiresIn, guarantee } = handle;
  return {
    lock,
    session,
    key,
    name,
    mode,
    token,
    guarantee,
    ttl,
    ...(expires === undefined ? {} : { expires }),
    expiresIn,
    ...(value === undefined ? {} : { value }),
    ...(all.length > 1 ? { all } : {}),
  };
}

/** The body that tells of a lock to its holder. */
export function heldBody(
  { name, mode, token, expires, all }: HeldLock,
  { lock, session, value }: Pick<LockHandle, "lock" | "session"> & { readonly value: ValueBlock | undefined },
): object {
  return {
    lock,
    session,
    name,
    mode,
    token,
    ...(expires === undefined ? {} : { expires }),
    ...(value === undefined ? {} : { value }),
    ...(all === undefined ? {} : { all }),
  };
}

/** The body that tells of one name. */
export function nameBody({ state, outside, outsideHolder }: EffectOf<"described">): object {
  return {
    ...state,
    free: outside === null && !isHeld(state),
    outside,
    ...(outsideHolder ? { outsideHolder } : {}),
  };
}

function isHeld({ held, heldCount }: NameState): boolean {
  // Beyond those that are told there may be others; then somebody holds it in any case.
  return heldCount > held.length || held.some(({ mode }) => mode !== "NL");
}
