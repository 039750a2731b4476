/**
 * The transactions of the store. Each is guarded such that a copy that arrives late, or twice, does nothing
 * wrong: what makes a key is guarded by the session's epoch, which is raised before anything is asked again,
 * and what deletes one by the revision at which it was made. Pure.
 *
 * @module
 */
import type { Mode } from "../../../client/protocol/modes.ts";
import {
  type BlockValue,
  type ConversionValue,
  grantedValue,
  type NoteValue,
  type RequestValue,
} from "./entry_values.ts";
import type { Layout } from "./layout.ts";
import {
  absent,
  type Comparison,
  get,
  type Operation,
  present,
  put,
  remove,
  since,
  type Transaction,
  unchanged,
} from "./transaction.ts";

/** Whose request it is. */
export interface Guard {
  readonly session: string;
  readonly epoch: number;
  readonly lease: number;
}

/** What is asked for. */
export interface Wish extends Guard {
  /** Sorted. */
  readonly names: readonly string[];
  readonly mode: Mode;
  readonly id: string;
}

/** One lock that is held. */
export interface Hold extends Guard {
  readonly name: string;
  readonly mode: Mode;
  readonly id: string;
  readonly created: number;
}

/** A request that waits, and can be granted as far as its daemon or ours can see. */
export interface Heir {
  readonly lease: number;
  readonly value: RequestValue;
  readonly id: string;
  readonly mode: Mode;
  readonly names: readonly string[];
  /** The revision at which it began to wait. */
  readonly created: number;
  /**
   * Of a lock that waits to be converted: the mode and revision that it is held in, and the key under which
   * it waits.
   */
  readonly converts?: { readonly from: Mode; readonly created: number; readonly key: string };
}

/** Builds transactions for one layout. */
export class Plans {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /**
   * Takes the names if nobody is in the way and nobody waits for them; else, unless it is a try, queues.
   * Asked again (`isRepeated`), it finds what an earlier copy did: a lock or a wait of its own is told, and a
   * wait that is in nobody's way becomes the lock.
   */
  acquire(wish: Wish, { granted, waiting, isTry, isRepeated }: {
    readonly granted: string;
    readonly waiting: string;
    readonly isTry: boolean;
    readonly isRepeated: boolean;
  }): Transaction {
    const { names, mode, lease, session } = wish;
    const holds = this.#keys("h", wish);
    const waits = this.#keys("w", wish);
    const guard = this.#guard(wish);
    const free = names.flatMap((name) => [
      ...this.#layout.free("h", name, mode),
      ...this.#layout.free("c", name, mode),
      ...this.#layout.free("w", name, mode),
    ]);
    const queue: Transaction = {
      when: [guard, absent(holds[0] as string), absent(waits[0] as string)],
      then: waits.map((key) => put(key, waiting, lease)),
      otherwise: [],
    };
    return {
      when: [guard, ...free],
      then: [
        ...(isRepeated ? waits.map(remove) : []),
        ...holds.map((key) => put(key, granted, lease)),
        ...names.map((name) => get(this.#layout.value(name))),
        get(holds[0] as string),
      ],
      otherwise: [
        get(this.#layout.session(session)),
        get(holds[0] as string),
        get(waits[0] as string),
        ...(isTry ? [] : [{ do: "try", txn: queue } as const]),
      ],
    };
  }

  /** Ends a wait; or says that it has become a lock, or is none any more. */
  withdraw(wish: Wish, created: number): Transaction {
    const waits = this.#keys("w", wish);
    return {
      when: [this.#guard(wish), since(waits[0] as string, created)],
      then: waits.map(remove),
      otherwise: [get(this.#layout.session(wish.session)), get(this.#keys("h", wish)[0] as string)],
    };
  }

  /**
   * Lets a lock go, and hands what it leaves to the heirs, if they are still there and nobody else is in
   * their way.
   */
  release(holds: readonly Hold[], { heirs, block, wallMs }: {
    readonly heirs: readonly Heir[];
    readonly block: { readonly name: string; readonly value: BlockValue } | undefined;
    readonly wallMs: number;
  }): Transaction {
    const own = holds.map((hold) => this.#holdKey(hold));
    const first = holds[0] as Hold;
    const leave: Operation[] = [
      ...own.map(remove),
      ...(block ? [put(this.#layout.value(block.name), JSON.stringify(block.value))] : []),
    ];
    const mine = [this.#guard(first), since(own[0] as string, first.created)];
    const otherwise = [get(this.#layout.session(first.session)), get(own[0] as string)];
    if (heirs.length === 0) return { when: mine, then: leave, otherwise };
    return {
      when: [...mine, ...heirs.flatMap((heir) => this.#inherits(heir, own))],
      then: [...leave, ...heirs.flatMap((heir) => this.#inherit(heir, wallMs))],
      otherwise: [...otherwise, { do: "try", txn: { when: mine, then: leave, otherwise: [] } }],
    };
  }

  /** Gives a waiting request what nobody is in the way of any more. */
  promote(heir: Heir, guard: Guard, wallMs: number): Transaction {
    return {
      when: [this.#guard(guard), ...this.#inherits(heir, [])],
      then: this.#inherit(heir, wallMs),
      otherwise: [get(this.#layout.session(guard.session))],
    };
  }

  /** Gives a lock another mode; or queues the conversion under `key`, if one is given. */
  convert(hold: Hold, { mode, value, isWeaker, block, queue }: {
    readonly mode: Mode;
    /** Of the lock in its new mode. */
    readonly value: string;
    /** It keeps out no more than before. */
    readonly isWeaker: boolean;
    readonly block: { readonly name: string; readonly value: BlockValue } | undefined;
    readonly queue: { readonly key: string; readonly value: ConversionValue } | undefined;
  }): Transaction {
    const own = this.#holdKey(hold);
    const next = this.#layout.request("h", hold.name, mode, hold.id);
    const mine = [this.#guard(hold), since(own, hold.created)];
    const free = isWeaker
      ? []
      : [...this.#layout.free("h", hold.name, mode, [own]), ...this.#layout.free("c", hold.name, mode)];
    const wait: Operation[] = queue
      ? [{
        do: "try",
        txn: { when: mine, then: [put(queue.key, JSON.stringify(queue.value), hold.lease)], otherwise: [] },
      }]
      : [];
    return {
      when: [...mine, ...free],
      then: [
        remove(own),
        put(next, value, hold.lease),
        ...(block ? [put(this.#layout.value(block.name), JSON.stringify(block.value))] : []),
      ],
      otherwise: [get(this.#layout.session(hold.session)), get(own), get(next), ...wait],
    };
  }

  /** Ends a conversion that waits; or finds the lock in the mode that it waited for. */
  withdrawConversion(hold: Hold, { key, mode }: { readonly key: string; readonly mode: Mode }): Transaction {
    return {
      when: [this.#guard(hold), present(key)],
      then: [remove(key)],
      otherwise: [
        get(this.#layout.session(hold.session)),
        get(this.#layout.request("h", hold.name, mode, hold.id)),
      ],
    };
  }

  /** Writes another value below a lock, which stays the same; and maybe the value block of its name. */
  rewrite(
    holds: readonly Hold[],
    value: string | undefined,
    block?: { name: string; value: BlockValue },
  ): Transaction {
    const first = holds[0] as Hold;
    return {
      when: [this.#guard(first), ...holds.map((hold) => since(this.#holdKey(hold), hold.created))],
      then: [
        ...(value === undefined ? [] : holds.map((hold) => put(this.#holdKey(hold), value, hold.lease))),
        ...(block ? [put(this.#layout.value(block.name), JSON.stringify(block.value))] : []),
      ],
      otherwise: [get(this.#layout.session(first.session)), get(this.#holdKey(first))],
    };
  }

  /** Ends a lock that its holder did not release, and says why. */
  end(holds: readonly Omit<Hold, "epoch" | "session">[], note: NoteValue): Transaction {
    const keys = holds.map((hold) => this.#holdKey(hold));
    const { lease, id } = holds[0] as Hold;
    return {
      when: holds.map((hold, index) => since(keys[index] as string, hold.created)),
      then: [...keys.map(remove), put(this.#layout.note(id), JSON.stringify(note), lease)],
      otherwise: [],
    };
  }

  #guard({ session, epoch }: Guard): Comparison {
    return unchanged(this.#layout.session(session), epoch);
  }

  #holdKey({ name, mode, id }: Pick<Hold, "name" | "mode" | "id">): string {
    return this.#layout.request("h", name, mode, id);
  }

  #keys(section: "h" | "w", { names, mode, id }: Pick<Wish, "names" | "mode" | "id">): string[] {
    return names.map((name) => this.#layout.request(section, name, mode, id));
  }

  /** That a waiter is there still, and that nobody but `leaving` keys is in its way. */
  #inherits(heir: Heir, leaving: readonly string[]): Comparison[] {
    const { names, mode, id, created, converts } = heir;
    if (!converts) {
      const [wait] = this.#keys("w", heir);
      return [
        since(wait as string, created),
        ...names.flatMap((name) => this.#layout.free("h", name, mode, leaving)),
      ];
    }
    const [name = ""] = names;
    const own = this.#layout.request("h", name, converts.from, id);
    return [
      since(converts.key, created),
      since(own, converts.created),
      ...this.#layout.free("h", name, mode, [...leaving, own]),
    ];
  }

  #inherit(heir: Heir, wallMs: number): Operation[] {
    const { lease, names, mode, id, converts, value } = heir;
    if (converts) {
      const [name = ""] = names;
      const own = this.#layout.request("h", name, converts.from, id);
      const { token: _old, ...kept } = value;
      const next = this.#layout.request("h", name, mode, id);
      return [remove(converts.key), remove(own), put(next, JSON.stringify(kept), lease)];
    }
    const granted = JSON.stringify(grantedValue(value, wallMs));
    return [
      ...this.#keys("w", heir).map(remove),
      ...this.#keys("h", heir).map((key) => put(key, granted, lease)),
    ];
  }
}
