/**
 * What happens to the connection of `distrilock lock` while its command runs, for people, and for whoever has
 * to end the command in time.
 *
 * @module
 */
import type { Client } from "../client.ts";
import type { StatusEvent } from "../status.ts";
import { durationText } from "./duration.ts";

/** What is made of the news. */
export interface NewsListener {
  /** Tells people. */
  readonly tell: (text: string) => void;
  /** The locks of this client end in so many milliseconds, whatever it does. */
  readonly endsIn: (ms: number) => void;
}

/** Follows what happens to a client until that is closed. Never rejects. */
export async function followNews(client: Client, listener: NewsListener): Promise<void> {
  for await (const event of client.status()) hear(event, client, listener);
}

function hear(event: StatusEvent, { guarantee }: Client, { tell, endsIn }: NewsListener): void {
  switch (event.type) {
    case "disconnected":
      if (event.resumable) tell(`lost the connection to ${event.server}, trying to come back`);
      break;
    case "connected":
      if (event.resumed) tell(`came back to ${event.server}, with the lock`);
      break;
    case "draining": {
      const inTime = durationText(Math.ceil(event.closesInMs / 1_000) * 1_000);
      tell(`${event.server} leaves service, within ${inTime}`);
      // In a cluster another daemon goes on with the session; a directory's locks end with their daemon.
      if (guarantee !== "quorum") endsIn(event.closesInMs);
      break;
    }
    case "retrying":
    case "release-failed":
    case "closed":
      break;
  }
}
