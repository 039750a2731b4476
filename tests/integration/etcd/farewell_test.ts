import { deepEqual } from "node:assert/strict";

const PROGRAM = new URL("../../support/farewell_program.ts", import.meta.url).pathname;
/** The runtime survives what this is about in two of three cases. */
const TIMES = 12;

Deno.test("Http2Sessions outlives the farewell of a member on an idle connection", async () => {
  const runs = await Promise.all(Array.from({ length: TIMES }, async () => {
    const args = ["run", "-A", "--no-check", "--quiet", PROGRAM];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      stdout: "null",
      stderr: "piped",
    })
      .output();
    return { code, errors: new TextDecoder().decode(stderr) };
  }));
  deepEqual(runs, Array(TIMES).fill({ code: 0, errors: "" }));
});
