/**
 * Offers the suite and the client to whoever drives a browser, as functions of the page.
 *
 * @module
 */
import { connect } from "@distrilock/client";
import { type Outcome, runSuite, textOf } from "./suite.ts";
import type { Setting } from "./stage.ts";

const unhandled: Outcome[] = [];
globalThis.addEventListener("unhandledrejection", ({ reason }) => {
  unhandled.push({ name: "no rejection is unhandled", error: textOf(reason) });
});

Object.assign(globalThis, {
  connect,
  runSuite: async (
    setting: Setting,
    run: string,
  ) => [...await runSuite(setting, run, "one by one"), ...unhandled],
});
