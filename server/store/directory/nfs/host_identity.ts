/**
 * Who a host is. An NFSv4 server takes two hosts with one name for one host that was restarted, and then each
 * destroys the locks of the other, without a word to either (Linux
 * `Documentation/filesystems/nfs/client-identifier.rst`). No mount option shows it, so daemons compare
 * themselves in the roster.
 *
 * @module
 */

/** By what the server knows a host, and by what daemons tell two hosts apart that it takes for one. */
export interface HostIdentity {
  readonly hostname: string;
  /** What an administrator set, that makes the host differ from others of its name; empty when nobody did. */
  readonly identifier: string;
  /** A new one with each start of the kernel. */
  readonly bootId: string;
  /** The address of the host, as its kernel told the server. */
  readonly address: string;
}

/** What a daemon writes of itself into the roster. */
export interface RosterText extends HostIdentity {
  /** For people, e.g. `app3[4711]`. */
  readonly daemon: string;
  /** When it was started, and when it wrote this: milliseconds since 1970. */
  readonly since: number;
  readonly written: number;
}

/** Whether a server takes two hosts for one, which they are not. */
export function areTwins(one: HostIdentity, other: HostIdentity): boolean {
  const sameName = one.hostname === other.hostname && one.identifier === other.identifier;
  return sameName && (one.bootId !== other.bootId || one.address !== other.address);
}

/** What a daemon wrote; undefined when it is nothing of the kind. */
export function parseRosterText(text: string): RosterText | undefined {
  try {
    const found = JSON.parse(text) as RosterText;
    const texts = [found.daemon, found.hostname, found.identifier, found.bootId, found.address];
    const numbers = [found.since, found.written];
    const isWhole = texts.every((one) => typeof one === "string") && numbers.every(Number.isFinite);
    return isWhole ? found : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
