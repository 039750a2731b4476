/**
 * The program of a pilot as a thread of Node.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { dialer } from "../address.ts";
import { RUNTIME_CLOCK } from "../clock.ts";
import { servePilot } from "./pilot.ts";

const port = parentPort!;

servePilot({
  port: {
    post: (report) => port.postMessage(report),
    listen: (onMessage) => void port.on("message", onMessage),
  },
  dialWith: dialer,
  clock: RUNTIME_CLOCK,
});
