// The stories that docs/guarantees.md tells, played by the script that users are shown.
import { equal, match } from "node:assert/strict";

const STORIES = new URL("../../examples/stories.ts", import.meta.url).pathname;

Deno.test("[I-3] [I-14] [I-18] the stories of the guarantees page end as it says", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", STORIES],
    stderr: "inherit",
  }).output();
  const text = new TextDecoder().decode(stdout);
  match(text, /stories as promised, 0 not\n$/, text);
  equal(code, 0);
});
