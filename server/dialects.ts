/**
 * The ways of speaking with a daemon, each made with what it needs to know.
 *
 * @module
 */
import { SOFTWARE_VERSION } from "../client/protocol/version.ts";
import type { Limits } from "./base/limits.ts";
import type { Dialects } from "./dialect/conversation.ts";
import { LegacyConversation } from "./dialect/legacy_json.ts";
import { NativeConversation, type NativeOptions } from "./dialect/native.ts";
import { TextConversation } from "./dialect/text_lines.ts";
import type { Administration } from "./session/administration.ts";
import type { Sessions } from "./session/sessions.ts";

/** What is spoken about. */
export interface DialectParts {
  readonly sessions: Sessions;
  readonly administration: Administration;
}

/** The dialects of a daemon, over its sessions. */
export function speakDialects(
  serverName: string,
  limits: Limits,
  { sessions, administration }: DialectParts,
): Dialects {
  const { frameBytesMax, locksPerSessionMax, waitersPerSessionMax, textSilenceMs, heartbeatMs } = limits;
  const options: NativeOptions = {
    sessions,
    administration,
    guarantee: sessions.store.guarantee,
    server: { name: serverName, version: SOFTWARE_VERSION },
    limits: { frameBytesMax, locksPerSessionMax, waitersPerSessionMax },
    heartbeatMs,
  };
  return {
    native: (wire) => new NativeConversation(options, wire),
    text: (wire) => new TextConversation({ sessions, textSilenceMs }, wire),
    legacy: (wire, access) => new LegacyConversation({ sessions, access }, wire),
  };
}
