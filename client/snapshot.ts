/**
 * What is held and what waits, as two lists.
 *
 * @module
 */
import type { NameState, Party } from "./protocol/messages.ts";

/** One lock, or one request that waits: a party with the name that it is about. */
export interface NamedParty extends Party {
  readonly name: string;
}

/** All of them. */
export interface Snapshot {
  /** Locks, by name. */
  readonly held: readonly NamedParty[];
  /** Requests that wait, by name and in the order of their queues. */
  readonly pending: readonly NamedParty[];
}

/** Who can be asked: a client. */
interface Source {
  list(options: { readonly prefix: string }): AsyncIterable<NameState>;
  who(name: string): Promise<NameState>;
}

/**
 * Asks for all names with the prefix; names with more parties than a list tells are asked for one by one (500
 * of each kind at most).
 */
export async function snapshot(source: Source, prefix: string): Promise<Snapshot> {
  const held: NamedParty[] = [];
  const pending: NamedParty[] = [];
  for await (const listed of source.list({ prefix })) {
    const isWhole = listed.heldCount === listed.held.length && listed.waitingCount === listed.waiting.length;
    const { name, held: holders, waiting } = isWhole ? listed : await source.who(listed.name);
    held.push(...holders.map((party) => ({ ...party, name })));
    pending.push(...waiting.map((party) => ({ ...party, name })));
  }
  return { held, pending };
}
