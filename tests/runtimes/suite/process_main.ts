/**
 * Runs the suite in a process: Node, Bun or Deno. It is told the setting in JSON, and prints the outcomes in
 * JSON. It never ends itself: a client that was closed must not keep a process alive.
 *
 * @module
 */
import { createRequire } from "node:module";
import process from "node:process";
import { type Outcome, runSuite, textOf } from "./suite.ts";

const unhandled: Outcome[] = [];
process.on("unhandledRejection", (reason) => {
  unhandled.push({ name: "no rejection is unhandled", error: textOf(reason) });
});

const { run, module, ...setting } = JSON.parse(process.argv[2] ?? "{}");
const webSocket = module === undefined ? undefined : createRequire(import.meta.url)(module).WebSocket;
const outcomes = await runSuite({ ...setting, webSocket }, run, "at once");
console.log(JSON.stringify([...outcomes, ...unhandled]));
