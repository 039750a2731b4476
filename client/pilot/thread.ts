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
 * @throws {TypeError} where the program has to be told.
 * @throws {Error} where there are no workers. A program that cannot be loaded is told by `fail`.
 */
export async function startPilotThread(program: string | URL | undefined): Promise<PilotThread> {
  if (typeof Worker === "undefined") {
    const { startNodeThread } = await import("./node_thread.ts");
    return startNodeThread(new URL(program ?? ownProgram("node_worker"), import.meta.url));
  }
  const worker = new Worker(program ?? ownProgram("web_worker"), { type: "module" });
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

function ownProgram(name: string): URL {
  // A bundle that is no module does not know where it is.
  const here: string | undefined = import.meta.url;
  if (here === undefined) {
    throw new TypeError("Cannot start a worker: the library was bundled, say in worker where its program is");
  }
  // The sources have one ending, what is packed for npm another.
  return new URL(`./${name}.${here.endsWith(".ts") ? "ts" : "js"}`, here);
}
