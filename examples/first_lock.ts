/**
 * Holds a lock while it works, and shows that nobody else can have it meanwhile. Needs a daemon on this
 * machine.
 *
 * @module
 */
import { connect } from "../mod.ts";

await using client = await connect("distrilock://127.0.0.1:13123", { name: "first-lock" });

await client.request("invoice/42", { reason: "rebill", wait: 5_000 }, async (lock) => {
  console.log(`holding ${lock.name} in ${lock.mode} with token ${lock.token}`);
  const second = await client.tryAcquire("invoice/42");
  console.log(`a second try gets ${second}`);
  const { held } = await client.who("invoice/42");
  console.log(`held by ${held[0]?.client?.name}, because: ${held[0]?.reason}`);
});

await using lock = await client.acquire("invoice/42", { mode: "shared" });
console.log(`now shared, with token ${lock.token}`);
