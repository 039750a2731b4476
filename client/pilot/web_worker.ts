/**
 * The program of a pilot as a web worker: in browsers, Deno and Bun.
 *
 * @module
 */
import { dialer } from "../address.ts";
import { RUNTIME_CLOCK } from "../clock.ts";
import type { PilotOrder, PilotReport } from "./messages.ts";
import { servePilot } from "./pilot.ts";

/** What a worker's global object offers. */
interface WorkerScope {
  postMessage(message: PilotReport): void;
  addEventListener(type: "message", listener: (event: { readonly data: PilotOrder }) => void): void;
}

const scope = globalThis as unknown as WorkerScope;

servePilot({
  port: {
    post: (report) => scope.postMessage(report),
    listen: (onMessage) => scope.addEventListener("message", ({ data }) => onMessage(data)),
  },
  dialWith: dialer,
  clock: RUNTIME_CLOCK,
});
