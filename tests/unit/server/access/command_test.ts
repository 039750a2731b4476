import { equal, match, throws } from "node:assert/strict";
import { runToken } from "../../../../server/access/command.ts";
import { tokenDigest } from "../../../../server/access/token_text.ts";
import { ConfigError } from "../../../../server/config_error.ts";

const TOKEN = "a token of somebody else".replaceAll(" ", "-");

function run(argv: string[], { file = "", input = "" } = {}) {
  return runToken(argv, { readText: () => file, readStandardInput: () => input });
}

Deno.test("runToken new makes a line that check takes, and tells the token aside only", () => {
  const { text, aside } = run(["new", "billing", "read,acquire:invoice/*", "expires:2099-01-01"]);
  const [token = ""] = aside.split("\n");
  equal(
    text,
    `billing sha256:${tokenDigest(token).toString("hex")} read,acquire:invoice/* expires:2099-01-01\n`,
  );
  equal(run(["check", "f"], { file: text }).text, "billing: token, until 2099-01-01T00:00:00.000Z\n");
  equal(run(["check", "f"], { file: "x anonymous read:*" }).text, "x: anonymous\n");
});

Deno.test("runToken hash reads a token from standard input, and shows it nowhere", () => {
  const { text, aside } = run(["hash", "billing", "read:*"], { input: `${TOKEN}\n` });
  equal(text, `billing sha256:${tokenDigest(TOKEN).toString("hex")} read:*\n`);
  equal(aside, "");
});

Deno.test("runToken refuses weak tokens, bad lines, bad files and unknown words", () => {
  const cases: [string[], { file?: string; input?: string }, RegExp][] = [
    [["hash", "a", "read:*"], { input: "hunter2" }, /Cannot use the token: .*guessed$/],
    [["hash", "a", "read:*"], { input: `${TOKEN} ${TOKEN}` }, /printable ASCII/],
    [["new", "a"], {}, /no rule/],
    [["new"], {}, /subject/],
    [["new", "a", "read:a b"], {}, /no rule/],
    [["check"], {}, /want the tokens file/],
    [["check", "f"], { file: "x" }, /"f": line 1/],
    [["sing"], {}, /"sing"/],
    [[], {}, /token nothing: want new, hash or check/],
  ];
  for (const [argv, sources, message] of cases) {
    throws(() => run(argv, sources), (error) => {
      equal(error instanceof ConfigError, true);
      match((error as Error).message, message);
      equal((error as Error).message.includes("hunter2"), false);
      return true;
    });
  }
  match(run(["--help"]).text, /^Usage: distrilock token/);
});
