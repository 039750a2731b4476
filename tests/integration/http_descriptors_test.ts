// HTTP on loopback, where the runtime takes connections without a limit: who opens too many gets no further,
// and takes nothing from others.
import { equal } from "node:assert/strict";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { openDescriptors } from "../support/descriptors.ts";
import { eventually, within } from "../support/eventually.ts";
import { connectRaw } from "../support/raw_peer.ts";

const OPEN_FILES = 200;
const FEW_FILES = ["sh", "-c", `ulimit -n ${OPEN_FILES}; exec "$0" "$@"`];

Deno.test("[I-11] HTTP connections that use up all descriptors end neither the daemon nor a lock", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, [], {}, [], FEW_FILES);
  await using holder = await connectRaw(daemon, "tcp");
  await using page = await connectRaw(daemon, "websocket");
  await holder.ask({ id: 2, op: "acquire", name: "held" });
  await page.ask({ id: 2, op: "acquire", name: "on-page" });
  // Between one server and the next nobody listens.
  const opened = await Promise.allSettled(
    Array.from({ length: OPEN_FILES }, () => Deno.connect({ port: daemon.httpPort })),
  );
  await eventually(
    "the last descriptor",
    () => daemon.log.some(({ event }) => event === "http.accept_failed"),
  );
  for (const [peer, name] of [[holder, "held"], [page, "on-page"]] as const) {
    equal((await peer.ask({ id: 3, op: "who", name })).heldCount, 1);
  }
  for (const one of opened) if (one.status === "fulfilled") one.value.close();
  await eventually("room", () => openDescriptors(daemon.pid) < OPEN_FILES / 2);
  const livez = () => fetch(`http://127.0.0.1:${daemon.httpPort}/livez`).then((answer) => answer.text());
  await eventually("an answer", async () => await livez().catch(String) === "ok\n");
  daemon.kill("SIGTERM");
  for (const peer of [holder, page]) await peer.ask({ id: 4, op: "release", lock: 2 });
  equal((await within("the end", daemon.status)).code, 0);
});
