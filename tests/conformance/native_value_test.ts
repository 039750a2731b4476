// Value blocks, verify, and holders at other daemons, over both transports, against real daemons.
import { deepEqual, equal, match } from "node:assert/strict";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { connectRaw } from "../support/raw_peer.ts";
import { rule } from "../support/stage.ts";

rule(
  "[P-59] a value that its writer released is valid for every later grant, at other daemons too",
  async (stage) => {
    const [writer, reader] = [await stage.connect(), await stage.connect()];
    equal((await writer.ask({ id: 2, op: "acquire", name: "a", mode: "PW" })).value, undefined);
    equal((await writer.ask({ id: 3, op: "set", lock: 2, value: "page 7 – done" })).ok, true);
    await writer.ask({ id: 4, op: "release", lock: 2 });
    const value = { text: "page 7 – done", valid: true };
    deepEqual((await reader.ask({ id: 2, op: "acquire", name: "a", mode: "CR" })).value, value);
    await reader.ask({ id: 3, op: "release", lock: 2 });
    await using other = startDaemon(stage.directory);
    await using peer = await connectRaw(other, stage.transport);
    const grant = await peer.ask({ id: 2, op: "acquire", names: ["b", "a"], mode: "PR" });
    deepEqual([grant.value, grant.all[1]?.value], [value, undefined]);
  },
);

rule("[P-59] a value whose writer died is invalid until somebody sets it again", async ({ connect }) => {
  const [writer, reader] = [await connect(), await connect()];
  await writer.ask({ id: 2, op: "acquire", name: "a" });
  await writer.ask({ id: 3, op: "set", lock: 2, value: "half" });
  const grant = reader.ask({ id: 2, op: "acquire", name: "a" });
  writer.end();
  deepEqual((await grant).value, { text: "half", valid: false });
  await reader.ask({ id: 3, op: "release", lock: 2 });
  deepEqual((await reader.ask({ id: 4, op: "acquire", name: "a" })).value, { text: "half", valid: false });
  await reader.ask({ id: 5, op: "set", lock: 4, value: "whole" });
  await reader.ask({ id: 6, op: "release", lock: 4 });
  deepEqual((await reader.ask({ id: 7, op: "acquire", name: "a" })).value, { text: "whole", valid: true });
});

rule(
  "[P-59] only a lock of one name in PW or EX may set a value, of at most 1,024 bytes",
  async ({ connect }) => {
    const peer = await connect();
    await peer.ask({ id: 2, op: "acquire", name: "a", mode: "PR" });
    await peer.ask({ id: 3, op: "acquire", names: ["b", "c"] });
    await peer.ask({ id: 4, op: "acquire", name: "d" });
    const codes = [];
    for (const [id, lock, value] of [[5, 2, "x"], [6, 3, "x"], [7, 4, "é".repeat(513)], [8, 99, "x"]]) {
      codes.push((await peer.ask({ id: id as number, op: "set", lock, value })).error.code);
    }
    deepEqual(codes, ["BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST", "NOT_HELD"]);
    equal((await peer.ask({ id: 9, op: "set", lock: 4, value: "é".repeat(512) })).ok, true);
  },
);

rule(
  "[P-58] verify asks the kernel, and a lock whose file was replaced is lost, not taken again",
  async ({ connect, directory }) => {
    const peer = await connect();
    const { token } = await peer.ask({ id: 2, op: "acquire", name: "a" });
    deepEqual(await peer.ask({ id: 3, op: "verify", lock: 2 }), { id: 3, ok: true, lock: 2, token });
    Deno.renameSync(`${directory}/a.lck`, `${directory}/elsewhere`);
    equal((await peer.ask({ id: 4, op: "verify", lock: 2 })).error.code, "NOT_HELD");
    deepEqual(await peer.hear(), { push: "lost", lock: 2, name: "a", token, reason: "store" });
    equal((await peer.ask({ id: 5, op: "verify", lock: 2 })).error.code, "NOT_HELD");
    equal((await peer.ask({ id: 6, op: "who", name: "a" })).heldCount, 0);
  },
);

rule("[P-58] verify holds in every mode, also beside others and after a conversion", async ({ connect }) => {
  const peer = await connect();
  for (const [index, mode] of ["NL", "CR", "CW", "PR", "PW", "EX"].entries()) {
    const id = 10 * (index + 1);
    await peer.ask({ id, op: "acquire", name: `m/${mode}`, mode });
    await peer.ask({ id: id + 1, op: "acquire", name: `m/${mode}`, mode: mode === "EX" ? "NL" : "CR" });
    equal((await peer.ask({ id: id + 2, op: "verify", lock: id })).ok, true, mode);
  }
  await peer.ask({ id: 100, op: "convert", lock: 60, mode: "PR" });
  equal((await peer.ask({ id: 101, op: "verify", lock: 60 })).ok, true);
});

rule("[P-40] who and BUSY name the holder at another daemon, once that has said so", async (stage) => {
  const peer = await stage.connect();
  await using other = startDaemon(stage.directory);
  await using holder = await connectRaw(other, stage.transport, { name: "elsewhere" });
  const { token } = await holder.ask({ id: 2, op: "acquire", name: "a", reason: "rebill" });
  let id = 1;
  const { outside, outsideHolder } = await eventually("the note", async () => {
    const answer = await peer.ask({ id: ++id, op: "who", name: "a" });
    return answer.outsideHolder ? answer : undefined;
  });
  const { client, reason, token: told, daemon } = outsideHolder;
  deepEqual([outside, client, reason, told], [
    "EX",
    { host: "127.0.0.1", name: "elsewhere" },
    "rebill",
    token,
  ]);
  match(daemon, /\[\d+\]$/);
  const { error } = await peer.ask({ id: ++id, op: "acquire", name: "a", wait: 0 });
  match(error.message, /held in EX by elsewhere/);
  equal(error.blockedBy[0].token, token);
  await holder.ask({ id: 3, op: "release", lock: 2 });
  equal((await peer.ask({ id: ++id, op: "who", name: "a" })).outsideHolder, undefined);
});

rule(
  "[P-40] nobody is blamed who let go: a daemon does not believe its own note, nor one that the kernel contradicts",
  async (stage) => {
    const peer = await stage.connect();
    await using other = startDaemon(stage.directory);
    await using holder = await connectRaw(other, stage.transport, { name: "holder" });
    await peer.ask({ id: 2, op: "acquire", name: "a", reason: "gone" });
    await eventually("the note", async () => {
      return (await holder.ask({ id: 2, op: "who", name: "a" })).outsideHolder;
    });
    await peer.ask({ id: 3, op: "release", lock: 2 });
    await holder.ask({ id: 3, op: "acquire", name: "a", mode: "PR", reason: "here" });
    await peer.ask({ id: 4, op: "acquire", name: "a", mode: "PR", reason: "gone" });
    await eventually("the note of the second lock", async () => {
      return (await holder.ask({ id: 4, op: "who", name: "a" })).outsideHolder;
    });
    await peer.ask({ id: 5, op: "release", lock: 4 });
    const { error } = await peer.ask({ id: 6, op: "acquire", name: "a", wait: 0 });
    equal(error.code, "BUSY");
    equal(JSON.stringify(error).includes("gone"), false, error.message);
  },
);
