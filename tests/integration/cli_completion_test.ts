// The completion scripts, in the shells that are there.
import { deepEqual, equal, ok } from "node:assert/strict";
import { runCommand } from "../support/command.ts";
import { temporaryDirectory } from "../support/daemon.ts";

const NOWHERE = "distrilock://127.0.0.1:1";

function isMissing(shell: string): boolean {
  try {
    new Deno.Command(shell, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.warn(`completion of ${shell} is not tested: ${shell} is not installed`);
    return true;
  }
}

async function script(shell: string): Promise<string> {
  const { code, output } = await runCommand(NOWHERE, ["completion", shell]);
  equal(code, 0);
  return output;
}

async function shellOutput(shell: string, args: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await new Deno.Command(shell, { args: [...args], stdin: "null" }).output();
  equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

Deno.test("completion bash completes commands, options, values, paths and the command after --", {
  ignore: isMissing("bash"),
}, async () => {
  using directory = temporaryDirectory();
  Deno.writeTextFileSync(`${directory.path}/token-of-mine`, "");
  const text = await script("bash");
  const complete = async (...words: string[]) => {
    const quoted = ["distrilock", ...words].map((word) => `'${word}'`).join(" ");
    const ask =
      `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _distrilock 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return await shellOutput("bash", ["--norc", "-c", `${text}\n${ask}`]);
  };
  deepEqual(await complete("lo"), ["lock"]);
  deepEqual(await complete("se"), ["serve", "sessions"]);
  deepEqual(await complete("lock", "job", "--k"), ["--kill-after"]);
  deepEqual(await complete("lock", "-m", "P"), ["PR", "PW"]);
  deepEqual(await complete("lock", "job", "--on-lost", "k"), ["kill"]);
  deepEqual(await complete("ls", "-o", "json"), ["json", "jsonl"]);
  deepEqual(await complete("who", "--kill"), []);
  deepEqual(await complete("completion", "z"), ["zsh"]);
  deepEqual(await complete("serve", "--drain"), ["--drain-timeout"]);
  const path = `${directory.path}/token-`;
  deepEqual(await complete("ls", "--token-file", path), [`${path}of-mine`]);
  // What stands after -- is another command's: none of ours.
  deepEqual(await complete("lock", "job", "--", "--k"), []);
});

Deno.test("completion zsh is a script that zsh can read, with every command", {
  ignore: isMissing("zsh"),
}, async () => {
  const text = await script("zsh");
  const lines = await shellOutput("zsh", [
    "-f",
    "-c",
    `autoload -U compinit; compinit -u -D; ${text}\nprint $_comps[distrilock]`,
  ]);
  deepEqual(lines, ["_distrilock"]);
});

Deno.test(
  "completion fish completes commands, options and values",
  { ignore: isMissing("fish") },
  async () => {
    const text = await script("fish");
    const complete = async (line: string) => {
      const lines = await shellOutput("fish", ["--no-config", "-c", `${text}\ncomplete -C '${line}'`]);
      return lines.map((line) => line.split("\t")[0]);
    };
    deepEqual(await complete("distrilock lo"), ["lock"]);
    ok((await complete("distrilock lock --k")).includes("--kill-after"));
    deepEqual(await complete("distrilock ls -o jsonl"), ["jsonl"]);
  },
);

Deno.test("completion knows bash, zsh and fish only", async () => {
  for (const words of [[], ["csh"], ["bash", "zsh"]]) {
    equal((await runCommand(NOWHERE, ["completion", ...words])).code, 64, words.join(" "));
  }
});
