// The cases that guarded resources have to pass: resources that do it wrong fail them.
import { rejects } from "node:assert/strict";
import { StaleTokenError } from "../../../examples/fencing/stale_token_error.ts";
import { FENCING_CASES, type FencingCase, type OpenGuarded } from "../../support/fencing/fencing_cases.ts";

const [inOrder, together, onlooker] = FENCING_CASES as readonly [FencingCase, FencingCase, FencingCase];
const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A value in memory. `admits` looks at the token; `isAtomic` says whether look and write are one. */
function guarded(admits: (token: number, seen: number) => boolean, isAtomic: boolean): OpenGuarded {
  let [value, seen] = [undefined as string | undefined, 0];
  return () =>
    Promise.resolve({
      async write(text, token) {
        if (!admits(token, seen)) throw new StaleTokenError("x", token);
        if (!isAtomic) { for (let turn = 0; turn < token % 7; turn++) await pause(); }
        [value, seen] = [text, token];
      },
      read: () => Promise.resolve(value),
    });
}

Deno.test("the fencing cases pass a resource that does it right", async () => {
  for (const { run } of FENCING_CASES) await run(guarded((token, seen) => token >= seen, true));
});

Deno.test("the fencing cases find a resource that lets old tokens in, or equal ones not", async () => {
  await rejects(inOrder.run(guarded(() => true, true)));
  await rejects(inOrder.run(guarded((token, seen) => token > seen, true)));
  await rejects(together.run(guarded(() => true, true)));
});

Deno.test("the fencing cases find a resource that looks first and writes later", async () => {
  const racy = (token: number, seen: number) => token >= seen;
  await inOrder.run(guarded(racy, false));
  await rejects(together.run(guarded(racy, false)));
  await rejects(onlooker.run(guarded(racy, false)));
});
