/**
 * The suite that every runtime passes, over every transport: the cases, and how they are run. Nothing here or
 * in the cases needs more than the web's own functions and the client.
 *
 * @module
 */
import { within } from "./check.ts";
import { LIFE_CASES } from "./life_cases.ts";
import { LOCK_CASES } from "./lock_cases.ts";
import { LOOKING_CASES } from "./looking_cases.ts";
import { SESSION_CASES } from "./session_cases.ts";
import { type Cases, type Open, type Setting, Stage, WireStage } from "./stage.ts";
import { STALL_CASES } from "./stall_cases.ts";
import { WEB_LOCK_CASES } from "./web_lock_cases.ts";
import { WIRE_CASES } from "./wire_cases.ts";

const CASES: Cases = { ...SESSION_CASES, ...LOCK_CASES, ...LIFE_CASES, ...LOOKING_CASES, ...WEB_LOCK_CASES };

/** The names of the cases for clients that have no wire. */
export const WIRELESS_NAMES: readonly string[] = Object.keys(CASES);

/** The names of all cases. */
export const CASE_NAMES: readonly string[] = Object.keys({
  ...CASES,
  ...WIRE_CASES,
  ...STALL_CASES,
});

/** How a case ended. */
export interface Outcome {
  readonly name: string;
  /** What was wrong; null when nothing was. */
  readonly error: string | null;
}

/**
 * Plays all cases on lock names that begin with `run`. A browser opens no WebSocket to a host while another
 * one is being opened there (RFC 6455, section 4.1), so that there the cases about wires have to go one after
 * the other.
 */
export async function runSuite(
  setting: Setting,
  run: string,
  order: "at once" | "one by one",
): Promise<readonly Outcome[]> {
  const newStage = () => new WireStage(setting, nextPrefix(run));
  const [together, alone] = order === "at once"
    ? [{ ...CASES, ...WIRE_CASES }, STALL_CASES]
    : [CASES, { ...WIRE_CASES, ...STALL_CASES }];
  const outcomes = await playAtOnce(together, newStage);
  for (const [name, play] of Object.entries(alone)) outcomes.push(await outcomeOf(name, play, newStage()));
  return outcomes;
}

/** Plays the cases that have nothing to do with wires. */
export async function runWireless(open: Open, run: string): Promise<readonly Outcome[]> {
  return await playAtOnce(CASES, () => new Stage(open, nextPrefix(run)));
}

let lastPrefix = 0;

function nextPrefix(run: string): string {
  return `${run}/${++lastPrefix}`;
}

/** They have names, clients, wires and servers of their own. */
function playAtOnce<S extends Stage>(cases: Cases<S>, newStage: () => S): Promise<Outcome[]> {
  return Promise.all(Object.entries(cases).map(([name, play]) => outcomeOf(name, play, newStage())));
}

async function outcomeOf<S extends Stage>(
  name: string,
  play: (stage: S) => Promise<void>,
  opened: S,
): Promise<Outcome> {
  try {
    await using stage = opened;
    await within(name, play(stage));
    return { name, error: null };
  } catch (error) {
    return { name, error: textOf(error) };
  }
}

/** An error with its place and its causes. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncause: ${textOf(error.cause)}`;
  // Some runtimes begin the stack with the message, others do not.
  const stack = error.stack ?? "";
  return `${stack.includes(error.message) ? stack : `${error}\n${stack}`}${cause}`;
}
