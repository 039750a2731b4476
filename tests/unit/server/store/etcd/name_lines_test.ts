import { deepEqual } from "node:assert/strict";
import type { Mode } from "../../../../../client/protocol/modes.ts";
import { NameLines, Standing } from "../../../../../server/store/etcd/name_lines.ts";

/** Standings by letters, and which of them may go, in the order in which they may. */
class Lines {
  readonly lines = new NameLines();
  readonly gone: string[] = [];
  readonly #standings = new Map<string, Standing>();

  async enter(letter: string, names: string, mode: Mode): Promise<void> {
    const standing = new Standing(names.split(","), mode);
    this.#standings.set(letter, standing);
    const turn = this.lines.enter(standing);
    if (turn) void turn.then(() => this.gone.push(letter));
    else this.gone.push(letter);
    await Promise.resolve();
  }

  async leave(letter: string): Promise<void> {
    this.lines.leave(this.#standings.get(letter) as Standing);
    await Promise.resolve();
  }
}

Deno.test("[I-16] NameLines lets go at once what conflicts with nothing before it, and the rest in order", async () => {
  const lines = new Lines();
  await lines.enter("a", "x", "PR");
  await lines.enter("b", "x", "PR");
  await lines.enter("c", "x", "EX");
  await lines.enter("d", "x", "PR");
  await lines.enter("e", "y", "EX");
  deepEqual(lines.gone, ["a", "b", "e"]);
  await lines.leave("a");
  deepEqual(lines.gone, ["a", "b", "e"]);
  await lines.leave("b");
  deepEqual(lines.gone, ["a", "b", "e", "c"]);
  await lines.leave("c");
  deepEqual(lines.gone, ["a", "b", "e", "c", "d"]);
});

Deno.test("NameLines lets one of several names go when nothing is before it at any of them", async () => {
  const lines = new Lines();
  await lines.enter("a", "x", "EX");
  await lines.enter("b", "y", "EX");
  await lines.enter("c", "x,y", "EX");
  await lines.enter("d", "y", "CR");
  await lines.leave("a");
  deepEqual(lines.gone, ["a", "b"]);
  await lines.leave("b");
  deepEqual(lines.gone, ["a", "b", "c"]);
  await lines.leave("c");
  deepEqual(lines.gone, ["a", "b", "c", "d"]);
});
