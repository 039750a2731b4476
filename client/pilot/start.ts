/**
 * Connections that a pilot holds, from its start to its end.
 *
 * @module
 */
import type { Dial } from "../address.ts";
import type { Clock } from "../clock.ts";
import { PilotedConnections } from "./piloted.ts";
import { startPilotThread } from "./thread.ts";

/** A pilot that was started. */
export interface StartedPilot {
  readonly dial: Dial;
  /** Ends its thread. */
  end(): void;
}

/** How to start a pilot. */
export interface PilotStart {
  /** Where its program is; the library's own unless given. */
  readonly worker: string | URL | undefined;
  /** See `DialOptions`. */
  readonly ca: string | undefined;
  /** What connections fail with when the pilot is gone. */
  readonly failure: (cause: Error) => Error;
}

/** Starts a pilot. */
export async function startPilot(clock: Clock, { worker, ca, failure }: PilotStart): Promise<StartedPilot> {
  const thread = await startPilotThread(worker);
  const connections = new PilotedConnections(thread, { clock, ca });
  thread.fail((error) => connections.fail(failure(error)));
  return {
    dial: (address, signal) => Promise.resolve(connections.opener(address, signal)),
    end: () => thread.end(),
  };
}
