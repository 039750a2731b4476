/**
 * The thread that a pilot runs in.
 *
 * @module
 */
import type { PilotOrder, PilotReport, Port } from "./messages.ts";

/** A thread with a pilot. */
export interface PilotThread extends Port<PilotReport, PilotOrder> {
  /** Called when the thread could not go on. */
  fail(onError: (error: Error) => void): void;
  /** Ends it. */
  end(): void;
}

/**
 * Starts a pilot; its program is beside this file, or where `program` says.
 *
 * @throws {Error} where there are no workers. A program that cannot be loaded is told by `fail`.
 */
export async function startPilotThread(program: string | URL | undefined): Promise<PilotThread> {
  // The sources have one ending, what is packed for npm another.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  if (typeof Worker === "undefined") {
    const { startNodeThread } = await import("./node_thread.ts");
    return startNodeThread(new URL(program ?? `./node_worker.${ending}`, import.meta.url));
  }
  const worker = new Worker(program ?? new URL(`./web_worker.${ending}`, import.meta.url), {
    type: "module",
  });
  return {
    post: (order) => worker.postMessage(order),
    listen: (onMessage) => worker.addEventListener("message", ({ data }) => onMessage(data as PilotReport)),
    fail(onError) {
      worker.addEventListener("error", (event) => {
        // Told to the client, and to nobody else.
        event.preventDefault();
        onError(new Error(event.message || "the worker could not be started"));
      });
    },
    end: () => worker.terminate(),
  };
}
