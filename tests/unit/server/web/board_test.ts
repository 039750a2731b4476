import { deepEqual, equal } from "node:assert/strict";
import type { NameState, Party } from "../../../../client/protocol/parties.ts";
import type { EventName } from "../../../../client/protocol/watch_messages.ts";
import { Board } from "../../../../server/web/board.js";

const NOW = 1_000_000;

function party(request: number, more: Partial<Party> = {}): Party {
  return { session: "s", request, mode: "EX", since: NOW, ...more };
}

function state(name: string, held: readonly Party[], waiting: readonly Party[] = []): NameState {
  return { name, held, waiting, heldCount: held.length, waitingCount: waiting.length };
}

function boardWith(...states: readonly NameState[]): Board {
  const board = new Board();
  for (const each of states) board.put(each, NOW);
  return board;
}

function happen(board: Board, event: EventName, name: string, who: Party): void {
  board.apply({ event, name, party: who }, NOW);
}

Deno.test("Board.apply: a wait becomes a grant, and a release ends the name", () => {
  const board = new Board();
  happen(board, "granted", "a", party(1));
  happen(board, "waiting", "a", party(2));
  deepEqual([board.heldCount, board.waitingCount, board.size], [1, 1, 1]);
  happen(board, "released", "a", party(1));
  happen(board, "granted", "a", party(2));
  deepEqual(board.get("a")?.held.map(({ request }) => request), [2]);
  equal(board.waitingCount, 0);
  happen(board, "lost", "a", party(2));
  deepEqual([board.heldCount, board.size, board.names], [0, 0, []]);
});

Deno.test("Board.apply: twice is as good as once, whatever it is", () => {
  for (const event of ["waiting", "granted", "converted", "released", "lost", "broken", "gave-up"] as const) {
    const boards = [1, 2].map((times) => {
      const board = boardWith(state("a", [party(1)], [party(2)]));
      for (let time = 0; time < times; time++) happen(board, event, "a", party(2));
      return [board.get("a"), board.heldCount, board.waitingCount];
    });
    deepEqual(boards[0], boards[1], event);
  }
});

Deno.test("Board.apply: events that a list already had, carried out after it, change nothing that lasts", () => {
  // The list was made after all three, and came before them.
  const board = boardWith(state("a", [party(2)]));
  happen(board, "waiting", "a", party(2));
  happen(board, "released", "a", party(1));
  happen(board, "granted", "a", party(2));
  deepEqual(board.get("a")?.held.map(({ request }) => request), [2]);
  deepEqual(board.get("a")?.waiting, []);
});

Deno.test("Board.apply: a conversion that waits, and one that is given up, leave the lock held", () => {
  const board = boardWith(state("a", [party(1, { mode: "PR" })]));
  happen(board, "waiting", "a", party(1, { mode: "PR", convertingTo: "EX" }));
  equal(board.get("a")?.held[0]?.convertingTo, "EX");
  equal(board.waitingCount, 0);
  happen(board, "gave-up", "a", party(1, { mode: "PR", convertingTo: "EX" }));
  equal(board.get("a")?.held[0]?.convertingTo, undefined);
  happen(board, "converted", "a", party(1, { mode: "EX" }));
  equal(board.get("a")?.held[0]?.mode, "EX");
  equal(board.heldCount, 1);
});

Deno.test("Board.takeDoubtful: names of which a list told not all are asked for again, once", () => {
  const board = new Board();
  board.put({ ...state("a", [party(1)]), heldCount: 300 }, NOW);
  equal(board.takeDoubtful(), undefined);
  happen(board, "released", "a", party(200));
  equal(board.takeDoubtful(), "a");
  equal(board.takeDoubtful(), undefined);
  board.doubt("a");
  equal(board.takeDoubtful(), "a");
  board.doubt("gone");
  equal(board.takeDoubtful(), undefined);
  happen(board, "released", "a", party(201));
  board.put(state("a", [party(1)]), NOW);
  equal(board.takeDoubtful(), undefined);
});

Deno.test("Board.oldestWaits: those of all names, the oldest first, below a prefix", () => {
  const board = boardWith(
    state("x/a", [party(1)], [party(2, { since: 30 }), party(3, { since: 10 })]),
    state("y/b", [party(4)], [party(5, { since: 20 })]),
    state("z", [party(6)]),
  );
  const requests = (most: number, prefix?: string) => {
    const { waits, count } = board.oldestWaits(most, prefix);
    return [waits.map((wait) => wait.party.request), count];
  };
  deepEqual(requests(10), [[3, 5, 2], 3]);
  deepEqual(requests(1), [[3], 3]);
  deepEqual(requests(10, "x/"), [[3, 2], 2]);
});

Deno.test("Board.put: the life of a lock is that of its grant until a renewal is seen", () => {
  const board = boardWith(state("a", [party(1, { since: NOW - 5_000, expires: NOW + 25_000 })]));
  const life = () => board.get("a")?.held[0]?.lifeMs;
  equal(life(), 30_000);
  board.put(state("a", [party(1, { since: NOW - 5_000, expires: NOW + 25_000 })]), NOW + 10_000);
  equal(life(), 30_000);
  board.put(state("a", [party(1, { since: NOW - 5_000, expires: NOW + 60_000 })]), NOW + 20_000);
  equal(life(), 40_000);
});

Deno.test("Board.names: sorted by code unit, as the daemon sorts", () => {
  deepEqual(boardWith(...["b", "a/c", "B", "a"].map((name) => state(name, [party(1)]))).names, [
    "B",
    "a",
    "a/c",
    "b",
  ]);
});
