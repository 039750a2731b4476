/**
 * The sources of the configuration, given as values, for the tests of `server/config.ts`.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { type Config, readConfig } from "../../../server/config.ts";

/** Where the configuration of a test comes from. */
export interface Sources {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What `--config` reads; given as such, or as the object that it is the JSON of. */
  readonly file?: unknown;
}

/** Reads the configuration from these sources alone. */
export function read({ argv = [], env = {}, file }: Sources): Config {
  const args = file === undefined ? argv : ["--config", "daemon.json", ...argv];
  return readConfig(args, (name) => env[name], (path) => {
    equal(path, "daemon.json");
    return typeof file === "string" ? file : JSON.stringify(file);
  });
}
