/**
 * What the command line knows of the daemon's own commands: for its list of commands, and for completion.
 *
 * @module
 */
import type { CommandSpec, OptionSpec } from "../client/cli/command.ts";
import { configOptions } from "./config.ts";

const PATHS: ReadonlySet<string> = new Set(["PATH"]);

/** `serve`, `doctor` and `token`, which `main.ts` runs. */
export function daemonCommands(): readonly CommandSpec[] {
  const options = configOptions().map(optionOf);
  return [
    {
      name: "serve",
      operands: "",
      summary: "run the daemon (also without a command)",
      about:
        "Serves locks. Each option is also an environment variable (DISTRILOCK_HTTP_ADDRESS for --http-address) and a key of the JSON file given by --config (httpAddress).",
      options,
      examples: [["distrilock serve --directory /srv/locks", "the locks of one directory"]],
    },
    {
      name: "doctor",
      operands: "",
      summary: "tell whether a directory is fit for locks",
      about:
        "Looks whether a daemon can keep locks in a directory, as a daemon does before it serves. Exit code 1 when locks may not exclude, else 0.",
      options: [{
        name: "output",
        short: "o",
        value: "FORM",
        choices: ["table", "json"],
        help: "table or json (table)",
      }, ...options],
      examples: [["distrilock doctor --directory /srv/locks", "before locks depend on it"]],
    },
    {
      name: "token",
      operands: "new|hash|check …",
      summary: "make a token and its line for a tokens file",
      about:
        "Makes the token that a client proves itself with, and the line of --tokens-file that lets it in. distrilock token --help tells the rules.",
      options: [],
      examples: [[
        "distrilock token new billing 'read,acquire:invoice/*' >>tokens",
        "for the clients of one program",
      ]],
    },
  ];
}

function optionOf({ name, value, help }: { name: string; value: string; help: string }): OptionSpec {
  if (value === "") return { name, help };
  return PATHS.has(value) ? { name, value, help, isPath: true } : { name, value, help };
}
