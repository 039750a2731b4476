import { equal } from "node:assert/strict";
import { fencedSet } from "../../../examples/fencing/redis.ts";
import { temporaryDirectory } from "../../support/daemon.ts";
import { FENCING_CASES } from "../../support/fencing/fencing_cases.ts";
import { needing } from "../../support/fencing/program.ts";
import { REDIS_SERVER, startRedis } from "../../support/fencing/redis_server.ts";

for (const { title, run } of FENCING_CASES) {
  Deno.test({
    ...needing(REDIS_SERVER, `[I-3] fencedSet in Redis: ${title}`, "redis-server"),
    async fn() {
      using directory = temporaryDirectory();
      await using server = await startRedis(directory.path);
      await run(async () => {
        const client = await server.connect();
        return {
          write: (value, token) => fencedSet(client, "report", { value, token }),
          read: async () => await client.hGet("report", "value") ?? undefined,
        };
      });
    },
  });
}

Deno.test({
  ...needing(REDIS_SERVER, "[I-3] fencedSet keeps the token as it was given", "redis-server"),
  async fn() {
    using directory = temporaryDirectory();
    await using server = await startRedis(directory.path);
    const client = await server.connect();
    await fencedSet(client, "report", { value: "x", token: Number.MAX_SAFE_INTEGER });
    equal(await client.hGet("report", "token"), "9007199254740991");
  },
});
