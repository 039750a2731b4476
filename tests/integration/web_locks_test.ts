// The Web Locks API: the same cases against the runtime's own navigator.locks, where they must hold too, and
// against a daemon.
import { connect, WebLocks } from "../../client/mod.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { within } from "../support/eventually.ts";
import { ARGUMENT_CASES } from "../support/web_locks/argument_cases.ts";
import { ENDING_CASES } from "../support/web_locks/ending_cases.ts";
import { HOLDING_CASES } from "../support/web_locks/holding_cases.ts";
import type { Locks } from "../support/web_locks/lock_case.ts";
import { CLIENTS_CASES, QUERY_CASES } from "../support/web_locks/query_cases.ts";

const { locks: own } = navigator as unknown as { readonly locks?: Locks };

for (
  const { title, run, runtimeInstead } of [
    ...ARGUMENT_CASES,
    ...HOLDING_CASES,
    ...ENDING_CASES,
    ...QUERY_CASES,
  ]
) {
  const missing = own === undefined ? "not there in this version" : runtimeInstead;
  const skipped = missing === undefined ? "" : ` (skipped: ${missing})`;
  Deno.test(`navigator.locks of the runtime: ${title}${skipped}`, { ignore: skipped !== "" }, async () => {
    await within("the case ends", run(own!, crypto.randomUUID()));
  });

  for (const transport of ["url", "webSocketUrl"] as const) {
    Deno.test(`WebLocks over ${transport === "url" ? "TCP" : "WebSocket"}: ${title}`, async () => {
      using directory = temporaryDirectory();
      await using daemon = startDaemon(directory.path);
      await using client = await connect(daemon[transport]);
      await within("the case ends", run(new WebLocks(client) as unknown as Locks, "case"));
    });
  }
}

for (const { title, run } of CLIENTS_CASES) {
  Deno.test(`WebLocks of several clients: ${title}`, async () => {
    using directory = temporaryDirectory();
    await using daemon = startDaemon(directory.path);
    await using one = await connect(daemon.url);
    await using two = await connect(daemon.webSocketUrl);
    await using three = await connect(daemon.url);
    const [a, b, c] = [one, two, three].map((client) => new WebLocks(client) as unknown as Locks);
    await within("the case ends", run([a!, b!, c!], "case"));
  });
}
