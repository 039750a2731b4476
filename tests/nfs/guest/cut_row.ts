/**
 * One name of the matrix of cuts: what a session of the host that is cut off has of it, and what one of the
 * other host does with it meanwhile.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import { type Client, connect, type Lock, LockError } from "../../../client/mod.ts";
import type { Hold } from "../../support/history.ts";
import { GuardedResource, type TwoHosts } from "./holds.ts";

/** What the session of the host that is cut off has of the name; `asks`, `leaves`: during the cut. */
export type Here = "holds" | "shares" | "waits" | "asks" | "leaves" | "idle";
/** What one of the other host does; it has the lock before the cut to keep, release, or pass it on. */
export type There = "nothing" | "keeps" | "releases" | "passes on" | "takes" | "takes and releases";

/** All that can meet in a cut. */
export const ROWS: readonly (readonly [Here, There])[] = [
  ["holds", "nothing"],
  ["holds", "takes"],
  ["holds", "takes and releases"],
  ["shares", "keeps"],
  ["shares", "releases"],
  ["waits", "keeps"],
  ["waits", "releases"],
  ["waits", "passes on"],
  ["asks", "nothing"],
  ["asks", "takes"],
  ["asks", "takes and releases"],
  ["leaves", "takes"],
  ["idle", "nothing"],
  ["idle", "keeps"],
  ["idle", "releases"],
  ["idle", "takes"],
  ["idle", "takes and releases"],
];

interface Held {
  readonly lock: Lock;
  readonly hold: Hold;
}

/** What came of asking: the lock, or the code of the refusal. */
async function outcome(asked: Promise<Lock>): Promise<Lock | string> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof LockError) return error.code;
    throw error;
  }
}

/** One name. */
export class Row {
  readonly name: string;
  readonly here: Here;
  readonly #there: There;
  readonly #hosts: TwoHosts;
  readonly #resource = new GuardedResource();
  /** Another client of the host that is cut off, which leaves. */
  #leaver: Client | undefined;
  #ofA: Held | undefined;
  #ofB: Held | undefined;
  #asked: Promise<Lock | string> | undefined;
  #deed: Promise<void> = Promise.resolve();
  /** When the other host took it in the cut. */
  takenMs = Infinity;

  constructor(hosts: TwoHosts, [here, there]: readonly [Here, There]) {
    this.name = `${here}/${there}`.replaceAll(" ", "-");
    this.here = here;
    this.#there = there;
    this.#hosts = hosts;
  }

  /** What there was on the host that is cut off when the cut began, if it held something. */
  get lost(): AbortSignal | undefined {
    return this.#ofA?.lock.signal;
  }

  async before(): Promise<void> {
    const { a, b, one } = this.#hosts;
    const mode = this.here === "shares" ? "PR" : "EX";
    if (this.here === "idle") {
      // It is known there, and its file is open.
      await this.#end(await this.#acquire(a));
    }
    if (["keeps", "releases", "passes on"].includes(this.#there)) this.#ofB = await this.#acquire(b, mode);
    if (this.here === "leaves") this.#leaver = await connect(one.url, { reconnect: false });
    if (["holds", "shares", "leaves"].includes(this.here)) {
      this.#ofA = await this.#acquire(this.#leaver ?? a, mode);
    }
    if (this.here === "waits") this.#asked = outcome(a.acquire(this.name));
  }

  /** What happens in the cut; what the other host waits for may come later. */
  meanwhile(): void {
    const { a } = this.#hosts;
    if (this.here === "asks") this.#asked = outcome(a.acquire(this.name));
    if (this.#leaver && this.#ofA) {
      const { hold } = this.#ofA;
      hold.toMs = Math.min(hold.toMs, performance.now());
      this.#deed = this.#leaver.close();
    }
    this.#deed = Promise.all([this.#deed, this.#onTheOtherHost()]).then(() => {});
    this.#deed.catch(() => {});
  }

  /** The other host has done what it does. */
  done(): Promise<void> {
    return this.#deed;
  }

  /** After a cut that was longer than a belief. */
  async afterLonger(): Promise<void> {
    const { a } = this.#hosts;
    if (this.here === "holds" || this.here === "shares") ok(this.lost?.aborted, `${this.name} is lost`);
    if (this.#asked) equal(await this.#asked, "STORE_UNAVAILABLE", this.name);
    await this.done();
    if (this.#ofB) {
      ok(!this.#ofB.lock.signal.aborted, `${this.name}: the other host loses nothing`);
      equal(await outcome(a.acquire(this.name, { wait: 300 })), "TIMEOUT", `${this.name} is held elsewhere`);
    }
    const old = this.#ofA?.lock.token;
    await this.#endAll();
    await this.#final();
    if (old !== undefined) ok(!this.#resource.write(old), `${this.name}: the old holder's write is refused`);
  }

  /** After a cut that was shorter. */
  async afterShorter(): Promise<void> {
    if (this.#ofA && !this.#leaver) {
      ok(!this.lost?.aborted, `${this.name} is kept`);
      equal(await this.#ofA.lock.verify(), true, this.name);
      await this.#end(this.#ofA);
    }
    await this.done();
    await this.#endAll();
    if (this.#asked) {
      const lock = await this.#asked;
      ok(typeof lock === "object", `${this.name} is granted after the cut: ${lock}`);
      ok(this.#resource.write(lock.token));
      await this.#end({ lock, hold: this.#hosts.beliefs.begin(lock) });
    }
    await this.#final();
  }

  async #onTheOtherHost(): Promise<void> {
    const { b } = this.#hosts;
    if (this.#there === "releases" || this.#there === "passes on") await this.#endAll();
    if (this.#there === "passes on" || this.#there.startsWith("takes")) {
      this.#ofB = await this.#acquire(b);
      this.takenMs = performance.now();
    }
    if (this.#there === "takes and releases") await this.#endAll();
  }

  /** Nobody is in the way any more: the host that was cut off gets it, with a token above all. */
  async #final(): Promise<void> {
    await this.#end(await this.#acquire(this.#hosts.a));
  }

  async #acquire(client: Client, mode: "EX" | "PR" = "EX"): Promise<Held> {
    const held = await this.#hosts.beliefs.acquire(client, this.name, mode);
    ok(this.#resource.write(held.lock.token), `${this.name}: the resource takes the new token`);
    return held;
  }

  async #end({ lock, hold }: Held): Promise<void> {
    await this.#hosts.beliefs.end(lock, hold);
  }

  async #endAll(): Promise<void> {
    if (this.#ofB) await this.#end(this.#ofB);
    this.#ofB = undefined;
  }
}
