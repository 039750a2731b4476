/**
 * Plays the stories of `docs/guarantees.md` against real daemons, and prints what happened:
 *
 *     deno run -A examples/stories.ts
 *
 * Exits with 1 when a story ended otherwise than the page says.
 *
 * @module
 */
import { STORIES } from "./stories/stories.ts";
import { Stage } from "./stories/stage.ts";

let failed = 0;
for (const { title, play } of STORIES) {
  console.log(`\n${title}`);
  await using stage = new Stage();
  try {
    await play(stage);
    console.log("  as promised");
  } catch (error) {
    failed++;
    console.log(`  NOT as promised: ${error instanceof Error ? error.message : error}`);
  }
}
console.log(`\n${STORIES.length - failed} stories as promised, ${failed} not`);
Deno.exit(failed === 0 ? 0 : 1);
