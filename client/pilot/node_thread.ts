/**
 * Starts a thread of Node: in a file of its own, so that nothing of Node is asked for where it is not.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { PilotOrder, PilotReport } from "./messages.ts";
import type { PilotThread } from "./thread.ts";

/** Starts the thread. */
export function startNodeThread(url: URL): PilotThread {
  const worker = new Worker(url);
  return {
    post: (order: PilotOrder) => worker.postMessage(order),
    listen: (onMessage: (report: PilotReport) => void) => void worker.on("message", onMessage),
    fail: (onError) => void worker.on("error", onError),
    end: () => void worker.terminate(),
  };
}
