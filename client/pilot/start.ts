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

/** Starts a pilot; its program is the library's own unless `program` says where another one is. */
export async function startPilot(clock: Clock, program: string | URL | undefined): Promise<StartedPilot> {
  const thread = await startPilotThread(program);
  const connections = new PilotedConnections(thread, clock);
  thread.fail((error) => connections.fail(error));
  return {
    dial: (address, signal) => Promise.resolve(connections.opener(address, signal)),
    end: () => thread.end(),
  };
}
