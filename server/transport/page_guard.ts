/**
 * Keeps pages of others from asking by the browser of somebody who can reach the port: a page that is open in
 * a browser on this machine reaches loopback as any program does, but no token of ours is in its hands. Holds
 * for every request of the HTTP port, upgrades to WebSockets above all, which browsers send to any site that
 * a page likes.
 *
 * - A request with an `Origin` is answered when that is an allowed one, or names the very host that was
 *   asked.
 * - Without an `Origin` it is answered unless the browser says that another site's page wants the answer for
 *   itself.
 * - On loopback the host that was asked must be one of ours as long as strangers may do anything: a page
 *   whose own name was pointed at our address (DNS rebinding) is of the same origin then. Who listens beyond
 *   loopback and lets strangers in trusts all who reach it, and programs there call it by names that it does
 *   not know. A numeric address cannot be pointed anywhere, and `localhost` is never looked up (RFC 6761
 *   section 6.3).
 *
 * Sources: RFC 6454 (origins), RFC 6455 section 10.2, Fetch Metadata (W3C) section 2.
 *
 * @module
 */
import { isIPv4, isIPv6 } from "node:net";
import type { Denial } from "../session/access.ts";

/** What pages are judged by. */
export interface PageGuardOptions {
  /** Origins, as browsers write them, whose pages may ask. */
  readonly origins: readonly string[];
  /** The host that the port listens on, as configured. */
  readonly host: string;
  /** Whether only programs of this machine reach it. */
  readonly isLoopback: boolean;
  /** Whether somebody without a token may do anything, now. */
  readonly admitsStrangers: () => boolean;
}

/** Judges the requests of one HTTP port. */
export class PageGuard {
  readonly #options: PageGuardOptions;
  readonly #hosts: ReadonlySet<string>;

  constructor(options: PageGuardOptions) {
    this.#options = options;
    // A proxy in front of the daemon passes on the name that its pages have.
    const names = options.origins.filter((origin) => URL.canParse(origin)).map((origin) =>
      new URL(origin).hostname
    );
    this.#hosts = new Set(["localhost", options.host.toLowerCase(), ...names]);
  }

  /** Whether pages of that origin may ask, and see the answer. */
  allowsOrigin(origin: string): boolean {
    return this.#options.origins.includes(origin);
  }

  /** Why a request is not answered; undefined when it is. */
  refusal({ headers, url }: { readonly headers: Headers; readonly url: string }): Denial | undefined {
    const host = headers.get("host") ?? new URL(url).host;
    const { isLoopback, admitsStrangers } = this.#options;
    if (isLoopback && admitsStrangers() && !this.#isOurs(host)) {
      return denied(
        `a request to ${shown(host)}: want a numeric address, localhost, or the host of an --allow-origin`,
      );
    }
    const origin = headers.get("origin");
    if (origin === null) return this.#foreignFetch(headers);
    if (origin === `http://${host}` || origin === `https://${host}` || this.allowsOrigin(origin)) {
      return undefined;
    }
    return denied(`a page of ${shown(origin)}: its origin is not one of --allow-origin`);
  }

  /**
   * Images and scripts of another site have no origin; a link that somebody followed is no request of that
   * site's page.
   */
  #foreignFetch(headers: Headers): Denial | undefined {
    const isForeign = ["cross-site", "same-site"].includes(headers.get("sec-fetch-site") ?? "none");
    if (!isForeign || headers.get("sec-fetch-mode") === "navigate") return undefined;
    return denied("the page of another site");
  }

  #isOurs(host: string): boolean {
    const name = host.replace(/:\d*$/, "").toLowerCase();
    return isIPv4(name) || isIPv6(name.replace(/^\[|\]$/g, "")) || name.endsWith(".localhost") ||
      this.#hosts.has(name);
  }
}

const SHOWN_CHARACTERS_MAX = 100;

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN_CHARACTERS_MAX));
}

function denied(what: string): Denial {
  return { code: "DENIED", message: `Cannot answer ${what}` };
}
