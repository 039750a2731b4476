// The rules of docs/dialects.md section 1, over real sockets against a real daemon.
import { match } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { input, overTcp } from "../support/hostile_input.ts";
import { randomFrom } from "../support/random.ts";
import { LinePeer, testScenarios } from "./scenario.ts";

testScenarios("text_lines.json");

Deno.test("[T-11] IS tells the fence of a lock that another daemon of the directory gave, once that is known", async () => {
  using directory = temporaryDirectory();
  await using one = startDaemon(directory.path);
  await using two = startDaemon(directory.path);
  using holder = new LinePeer(await Deno.connect({ port: one.tcpPort }));
  using other = new LinePeer(await Deno.connect({ port: two.tcpPort }));
  await holder.say(holder.encode("TRY a 60000 n"), "whole");
  const [, , fence] = (await holder.hear() ?? "").split(" ");
  await eventually("the other daemon knows the fence", async () => {
    await other.say(other.encode("IS a n"), "whole");
    const line = await other.hear() ?? "";
    match(line, /^LOCK n \d+$/);
    return line === `LOCK n ${fence}`;
  });
});

/** Lines that would do something. None of them is about `mine`, but an IS. */
const LINES = [
  "TRY other/lock-1 60000 n1",
  "ON other/lock-1 60000 n2",
  "REFRESH other/lock-1 1 60000 n3",
  "OFF other/lock-1 n4",
  "IS mine n5",
  "STATS n6",
];

input("[T-3] mutations of text lines are answered, or end the connection in one line", async (daemon) => {
  const random = randomFrom(20_260_801);
  const pieces = [
    "",
    " ",
    "  ",
    "\t",
    "\r",
    "\n",
    "-1",
    "9007199254740992",
    "..",
    "/",
    "\u0000",
    "ü",
    "{",
    "ON",
    "mine",
  ];
  const mutate = (line: string) => {
    const at = random(line.length);
    return line.slice(0, at) + pieces[random(pieces.length)] + line.slice(at + random(4));
  };
  for (let round = 0; round < 200; round++) {
    const lines = Array.from({ length: 5 }, () => {
      const line = LINES[random(LINES.length)]!;
      return random(2) ? line : mutate(line);
    });
    const answers = await overTcp(daemon, [new TextEncoder().encode(`STATS n0\n${lines.join("\n")}\n`)]);
    match(answers, /^STATS n0 version /);
    match(
      answers,
      /^((GIVE|NO|LOCK|STATS|STATSEND) [^\n]*\n|ERR \S+ DEADLOCK [^\n]*\n)*(ERR \S+ BAD_REQUEST [^\n]*\n)?$/,
    );
  }
});
