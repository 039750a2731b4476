/**
 * Stands for `node_thread.ts` in what a bundler makes for browsers: where they have no workers, there is
 * nothing else. The npm package says so in its field `browser`.
 *
 * @module
 */
import type { PilotThread } from "./thread.ts";

/** Starts nothing. */
export function startNodeThread(url: URL): PilotThread {
  throw new Error(`Cannot start ${url}: this browser has no workers`);
}
