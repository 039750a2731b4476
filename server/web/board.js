/**
 * The names that the page knows of, with who holds them and who waits: loaded from lists, kept up to date by
 * events. Pure.
 *
 * Lists tell the first four of each only, with how many there are. So an entry may be *short*: then an event
 * cannot always be carried out on it, and the name is put among those that are to be asked for again
 * ({@link Board.takeDoubtful}).
 *
 * @module
 */
/** @import { NameState, Party } from "../../client/protocol/parties.ts" */
/** @import { EventName } from "../../client/protocol/watch_messages.ts" */

/**
 * @typedef {Party & { lifeMs?: number }} SeenParty A party, with how long its lock lived when it was granted
 *   or last renewed, as far as was seen.
 */
/**
 * @typedef {object} Entry One name.
 * @property {string} name
 * @property {SeenParty[]} held
 * @property {SeenParty[]} waiting
 * @property {number} heldCount
 * @property {number} waitingCount
 */
/**
 * @typedef {object} BoardEvent
 * @property {EventName} event
 * @property {string} name
 * @property {Party} party
 * @property {string} [reason]
 */
/** @typedef {{ readonly prefix: string, readonly after: string, readonly limit: number }} NameQuery */
/** @typedef {{ readonly names: readonly NameState[], readonly next: string | null }} NamePage */
/** @typedef {{ readonly name: string, readonly party: SeenParty }} Wait */

/** What is known of names. */
export class Board {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  /** @type {Set<string>} */
  #contended = new Set();
  /** @type {Set<string>} */
  #doubtful = new Set();
  /** @type {string[] | undefined} */
  #sorted;
  /** How many locks there are, and how many waits; several of one name count each. */
  heldCount = 0;
  waitingCount = 0;

  /** How many names there are. */
  get size() {
    return this.#entries.size;
  }

  /** The names, sorted by code unit, as the daemon sorts them. @returns {readonly string[]} */
  get names() {
    return this.#sorted ??= [...this.#entries.keys()].sort();
  }

  /**
   * @param {string} name
   * @returns {Readonly<Entry> | undefined}
   */
  get(name) {
    return this.#entries.get(name);
  }

  /** Forgets everything. */
  clear() {
    this.#entries.clear();
    this.#contended.clear();
    this.#doubtful.clear();
    this.#sorted = undefined;
    this.heldCount = 0;
    this.waitingCount = 0;
  }

  /**
   * Takes over what the daemon says of a name, seen at `now` by its clock. A name that nobody holds or waits
   * for is forgotten.
   *
   * @param {NameState} state
   * @param {number} now
   */
  put({ name, held, waiting, heldCount, waitingCount }, now) {
    const entry = this.#entry(name);
    this.#count(entry, -1);
    entry.held = held.map((party) => withLife(party, entry.held.find(sameAs(party)), now));
    entry.waiting = [...waiting];
    entry.heldCount = heldCount;
    entry.waitingCount = waitingCount;
    this.#count(entry, 1);
    this.#doubtful.delete(name);
    this.#settle(entry);
  }

  /**
   * Takes over a page of the list, seen at `now`; names between its ends that are not in it are gone.
   *
   * @param {NamePage} page
   * @param {NameQuery} query
   * @param {number} now
   */
  putPage({ names, next }, { prefix, after }, now) {
    const there = new Set(names.map(({ name }) => name));
    const isCovered = (/** @type {string} */ name) =>
      name.startsWith(prefix) && name > after && (next === null || name <= next);
    for (const name of this.names) if (isCovered(name) && !there.has(name)) this.drop(name);
    for (const state of names) this.put(state, now);
  }

  /**
   * Forgets a name.
   *
   * @param {string} name
   */
  drop(name) {
    this.put({ name, held: [], waiting: [], heldCount: 0, waitingCount: 0 }, 0);
  }

  /**
   * Carries out an event. Doing so twice is as good as once.
   *
   * @param {BoardEvent} event
   * @param {number} now by the daemon's clock
   */
  apply({ event, name, party }, now) {
    const entry = this.#entry(name);
    if (isShort(entry)) this.#doubtful.add(name);
    this.#count(entry, -1);
    const old = entry.held.find(sameAs(party));
    if (event === "waiting" && party.convertingTo === undefined) add(entry, "waiting", party);
    else if (event === "granted" || event === "converted" || event === "waiting") {
      remove(entry, "waiting", party);
      add(entry, "held", withLife(party, old, now));
    } else if (event === "gave-up") giveUp(entry, party, now);
    else {
      remove(entry, "waiting", party);
      remove(entry, "held", party);
    }
    this.#count(entry, 1);
    this.#settle(entry);
  }

  /** Takes one of the names that have to be asked for again; undefined when there is none. */
  takeDoubtful() {
    const [name] = this.#doubtful;
    if (name !== undefined) this.#doubtful.delete(name);
    return name;
  }

  /**
   * Makes sure that a name is asked for again.
   *
   * @param {string} name
   */
  doubt(name) {
    if (this.#entries.has(name)) this.#doubtful.add(name);
  }

  /**
   * Those who wait longest, `most` of them at most, and how many wait in all.
   *
   * @param {number} most
   * @param {string} prefix of the names that count
   * @returns {{ readonly waits: readonly Wait[], readonly count: number }}
   */
  oldestWaits(most, prefix = "") {
    /** @type {Wait[]} */
    const waits = [];
    let count = 0;
    for (const name of this.#contended) {
      if (!name.startsWith(prefix)) continue;
      const entry = this.#entry(name);
      count += entry.waitingCount;
      for (const party of entry.waiting) waits.push({ name, party });
    }
    waits.sort((a, b) => a.party.since - b.party.since);
    return { waits: waits.slice(0, most), count };
  }

  /**
   * When a request of that name began to wait; undefined when it is not known to wait.
   *
   * @param {string} name
   * @param {Party} party
   */
  waitingSince(name, party) {
    return this.#entries.get(name)?.waiting.find(sameAs(party))?.since;
  }

  /** @param {string} name */
  #entry(name) {
    const known = this.#entries.get(name);
    if (known) return known;
    /** @type {Entry} */
    const entry = { name, held: [], waiting: [], heldCount: 0, waitingCount: 0 };
    this.#entries.set(name, entry);
    this.#sorted = undefined;
    return entry;
  }

  /**
   * @param {Entry} entry
   * @param {1 | -1} sign
   */
  #count({ heldCount, waitingCount }, sign) {
    this.heldCount += sign * heldCount;
    this.waitingCount += sign * waitingCount;
  }

  /** @param {Entry} entry */
  #settle({ name, heldCount, waitingCount }) {
    if (waitingCount > 0) this.#contended.add(name);
    else this.#contended.delete(name);
    if (heldCount > 0 || waitingCount > 0) return;
    this.#entries.delete(name);
    this.#doubtful.delete(name);
    this.#sorted = undefined;
  }
}

/** @param {Pick<Party, "session" | "request">} party */
function sameAs({ session, request }) {
  return (/** @type {Party} */ other) => other.session === session && other.request === request;
}

/** @param {Entry} entry */
function isShort({ held, heldCount, waiting, waitingCount }) {
  return heldCount > held.length || waitingCount > waiting.length;
}

/**
 * @param {Entry} entry
 * @param {"held" | "waiting"} place
 * @param {SeenParty} party
 */
function add(entry, place, party) {
  const index = entry[place].findIndex(sameAs(party));
  if (index !== -1) {
    entry[place][index] = party;
    return;
  }
  entry[place].push(party);
  entry[`${place}Count`]++;
}

/**
 * @param {Entry} entry
 * @param {"held" | "waiting"} place
 * @param {Party} party
 */
function remove(entry, place, party) {
  const index = entry[place].findIndex(sameAs(party));
  if (index === -1) return;
  entry[place].splice(index, 1);
  entry[`${place}Count`]--;
}

/**
 * A wait ended without a grant; that of a conversion leaves the lock as it was.
 *
 * @param {Entry} entry
 * @param {Party} party
 * @param {number} now
 */
function giveUp(entry, party, now) {
  const holder = entry.held.find(sameAs(party));
  if (holder) add(entry, "held", withLife(without(party), holder, now));
  remove(entry, "waiting", party);
}

/**
 * @param {Party} party
 * @returns {Party}
 */
function without({ convertingTo: _wanted, ...party }) {
  return party;
}

/**
 * How long the lock lives from its grant, or, when it was renewed, from then on. Who was not there at the
 * renewal sees it at the next look, a little later.
 *
 * @param {Party} party
 * @param {SeenParty | undefined} old
 * @param {number} now
 * @returns {SeenParty}
 */
function withLife(party, old, now) {
  const { expires, since } = party;
  if (expires === undefined) return party;
  if (old?.expires === undefined || old.lifeMs === undefined) return { ...party, lifeMs: expires - since };
  return { ...party, lifeMs: expires === old.expires ? old.lifeMs : Math.max(1, expires - now) };
}
