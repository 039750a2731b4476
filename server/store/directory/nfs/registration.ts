/**
 * A daemon's entry in the roster, and what it makes of those of others: a host that the server takes for this
 * one, and is another, must not be served beside.
 *
 * @module
 */
import { areTwins, type HostIdentity, parseRosterText, type RosterText } from "./host_identity.ts";

/** What an entry is made with. */
export interface RegistrationOptions {
  readonly daemon: string;
  readonly host: HostIdentity;
  /** The wall clock, in milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Hears of a daemon that was here before this one, on a host that the server takes for this one. */
  readonly onTwin: (twin: RosterText) => void;
}

/** The entry of one daemon. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #since: number;
  /** What others had written when it was looked at last. */
  #seen: ReadonlySet<string> | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#since = options.wallMs();
  }

  /** What it writes now. */
  text(): string {
    const { daemon, host, wallMs } = this.#options;
    const text: RosterText = { daemon, ...host, since: this.#since, written: wallMs() };
    return JSON.stringify(text);
  }

  /**
   * Looks through what others have written. Of two twins the later one has to go, so that one of them stays;
   * one that does not write any more is dead.
   */
  onTexts(texts: readonly string[]): void {
    const { host, daemon, onTwin } = this.#options;
    const before = this.#seen;
    this.#seen = new Set(texts);
    for (const text of texts) {
      const peer = parseRosterText(text);
      if (!peer || !areTwins(host, peer)) continue;
      const isEarlier = peer.since < this.#since || (peer.since === this.#since && peer.daemon < daemon);
      if (isEarlier && before && !before.has(text)) onTwin(peer);
    }
  }
}
