/**
 * What a daemon is given beside its configuration.
 *
 * @module
 */
import type { Audit } from "./audit.ts";
import type { FoundationOptions } from "./foundation.ts";
import type { HttpParts } from "./http/app.ts";
import type { Reloads } from "./reloads.ts";
import type { Answerer } from "./transport/http.ts";

/** What a daemon is given beside its configuration. */
export interface DaemonOptions extends Omit<FoundationOptions, "audit" | "wake"> {
  /** Default: the log. */
  readonly audit?: Audit;
  /** What SIGHUP does. */
  readonly reloads?: Reloads;
  /**
   * Called when the daemon broke a rule of its own. The process should end at once: the kernel then frees
   * every lock.
   */
  readonly onBroken: (error: unknown) => void;
  /**
   * Makes what answers on the HTTP port; without it there are WebSockets alone. Given, not imported, so that
   * a program with a lock table of its own loads no web framework.
   */
  readonly createApp?: (parts: HttpParts) => { readonly fetch: Answerer };
}
