// Real workers, on a directory that is not there: what they answer, and what is heard of one that breaks.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Libc } from "../../../../../../ffi/libc.ts";
import { WorkerCourier, type WorkerSetup } from "../../../../../../server/store/directory/nfs/courier.ts";
import type { Operation, Reply } from "../../../../../../server/store/directory/nfs/operations.ts";
import { within } from "../../../../../support/eventually.ts";

function setup(more: Partial<WorkerSetup> = {}): WorkerSetup {
  using libc = Libc.open();
  const limits = { lockFilesMax: 10, idleFilesMax: 10 };
  return { directory: "/nowhere/at/all", lane: 0, libc: libc.path, limits, ...more };
}

Deno.test("WorkerCourier has each lane perform what was sent on it, in order", async () => {
  const calls: string[] = [];
  const courier = new WorkerCourier(setup(), {
    lanes: 2,
    onBroken: (error) => reportError(error),
    onCall: ({ operation, outcome }) => calls.push(`${operation} ${outcome}`),
  });
  const heard: string[] = [];
  const all = Promise.withResolvers<void>();
  courier.onReply = (lane: number, { id, answer }: Reply) => {
    heard.push(`${lane} ${id} ${answer.type}`);
    if (heard.length === 5) all.resolve();
  };
  const operations: readonly (readonly [lane: number, Operation])[] = [
    [0, { op: "admit", name: "x", mode: "EX", union: "EX", graceMs: 0, tells: true }],
    [0, { op: "drop", name: "x" }],
    [1, { op: "sign", text: "{}" }],
    [2, { op: "beat", descriptors: [1_000_000] }],
    [0, { op: "close" }],
  ];
  operations.forEach(([lane, operation], id) => courier.send(lane, { id, operation }));
  await within("all answers", all.promise);
  deepEqual(heard.filter((one) => one.startsWith("0")), ["0 0 refused", "0 1 done", "0 4 done"]);
  deepEqual(heard.filter((one) => !one.startsWith("0")).sort(), ["1 2 refused", "2 3 beaten"]);
  ok(calls.includes("open ok"), "a file that is not there is what was to be found out");
  ok(calls.includes("read failed"), `${calls}`);
  courier.end();
});

Deno.test("WorkerCourier tells of a worker that breaks", async () => {
  const broken = Promise.withResolvers<unknown>();
  const courier = new WorkerCourier(setup({ libc: "/nowhere/libc.so.6" }), {
    lanes: 1,
    onBroken: broken.resolve,
    onCall: () => {},
  });
  const error = await within("the word of it", broken.promise);
  match(String(error), /worker \d of the store has ended: .*Cannot open the C library/);
  courier.end();
});

Deno.test("checkWorkersAllowed says which permission is missing", async () => {
  const module = new URL("../../../../../../server/store/directory/nfs/courier.ts", import.meta.url).href;
  const code = `import { checkWorkersAllowed } from ${JSON.stringify(module)}; checkWorkersAllowed();`;
  const run = async (...permissions: string[]) => {
    const file = Deno.makeTempFileSync({ suffix: ".ts" });
    Deno.writeTextFileSync(file, code);
    const args = ["run", "--quiet", "--no-prompt", ...permissions, file];
    const { code: exit, stderr } = await new Deno.Command(Deno.execPath(), { args, stderr: "piped" })
      .output();
    Deno.removeSync(file);
    return { exit, text: new TextDecoder().decode(stderr) };
  };
  equal((await run("--allow-read")).exit, 0);
  match(
    (await run()).text,
    /Cannot serve a directory on NFS: no permission to read the program.*--allow-read=/,
  );
});
