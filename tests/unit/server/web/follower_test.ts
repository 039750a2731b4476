import { deepEqual, equal } from "node:assert/strict";
import type { NameState, Party } from "../../../../client/protocol/parties.ts";
import { eventText, openingText, type Told } from "../../../../server/dialect/rest_event.ts";
import { Api, ApiError } from "../../../../server/web/api.js";
import { Board } from "../../../../server/web/board.js";
import { Follower } from "../../../../server/web/follower.js";
import { Tally } from "../../../../server/web/tally.js";
import { eventually } from "../../../support/eventually.ts";

interface Page {
  readonly names: readonly NameState[];
  readonly next: string | null;
}

/** A daemon that answers when, and what, a test says. */
class ScriptedApi extends Api {
  /** Lists that were asked for and not answered. */
  readonly lists: PromiseWithResolvers<Page>[] = [];
  readonly lastIds: (string | undefined)[] = [];
  refusal: ApiError | undefined;
  #stream: ReadableStreamDefaultController<string> | undefined;
  #seq = 0;

  override names(): Promise<Page> {
    const list = Promise.withResolvers<Page>();
    this.lists.push(list);
    return list.promise;
  }

  override async events(
    { lastId, signal }: { readonly lastId: string | undefined; readonly signal: AbortSignal },
  ): Promise<ReadableStream<string>> {
    this.lastIds.push(lastId);
    await Promise.resolve();
    if (this.refusal) throw this.refusal;
    return new ReadableStream({
      start: (controller) => {
        this.#stream = controller;
        controller.enqueue(openingText({ word: "w", seq: 0 }));
        signal.addEventListener("abort", () => controller.error(signal.reason));
      },
    });
  }

  tell(told: Omit<Extract<Told, { type: "event" }>, "seq" | "type"> | { readonly type: "resync" }): void {
    const seq = ++this.#seq;
    this.#stream?.enqueue(
      eventText("w", "type" in told ? { type: "resync", seq } : { type: "event", ...told, seq }),
    );
  }
}

const NOBODY: Page = { names: [], next: null };

function party(request: number): Party {
  return { session: "s", request, mode: "EX", since: 0 };
}

function held(name: string, request: number): NameState {
  return { name, held: [party(request)], waiting: [], heldCount: 1, waitingCount: 0 };
}

function follow(): { api: ScriptedApi; board: Board; follower: Follower; heard: string[] } & Disposable {
  const api = new ScriptedApi("http://localhost/");
  const board = new Board();
  const heard: string[] = [];
  const follower = new Follower({
    api,
    board,
    tally: new Tally(),
    onChange: () => {},
    onEvent: ({ event, name }) => heard.push(`${event} ${name}`),
  });
  follower.start();
  return { api, board, follower, heard, [Symbol.dispose]: () => follower.stop() };
}

async function nextList(api: ScriptedApi): Promise<PromiseWithResolvers<Page>> {
  return await eventually("a list is asked for", () => api.lists.shift());
}

Deno.test("Follower: an event that overtakes an older list is not undone by it", async () => {
  using stage = follow();
  const { api, board, follower, heard } = stage;
  const list = await nextList(api);
  api.tell({ event: "released", name: "a", party: party(1) });
  api.tell({ event: "granted", name: "b", party: party(2) });
  await eventually("both are heard", () => heard.length === 2);
  // It was made before either.
  list.resolve({ names: [held("a", 1), held("c", 3)], next: null });
  await eventually("it is live", () => follower.phase === "live");
  deepEqual(board.names, ["b", "c"]);
});

Deno.test("Follower: a list goes on where its page ended, and what is in no page is gone after a resync", async () => {
  using stage = follow();
  const { api, board, follower } = stage;
  (await nextList(api)).resolve({ names: [held("a", 1), held("b", 2)], next: "b" });
  (await nextList(api)).resolve({ names: [held("c", 3)], next: null });
  await eventually("it is live", () => follower.phase === "live");
  deepEqual(board.names, ["a", "b", "c"]);
  api.tell({ type: "resync" });
  (await nextList(api)).resolve({ names: [held("c", 3), held("d", 4)], next: null });
  await eventually("the lists are new", () => board.size === 2);
  deepEqual(board.names, ["c", "d"]);
});

Deno.test("Follower: who is refused is not asked again until it begins anew", async () => {
  const api = new ScriptedApi("http://localhost/");
  api.refusal = new ApiError("Cannot tell who asks: want a token", { status: 401, code: "UNAUTHENTICATED" });
  const options = { api, board: new Board(), tally: new Tally(), onChange: () => {}, onEvent: () => {} };
  const follower = new Follower(options);
  follower.start();
  await eventually("it is refused", () => follower.phase === "refused");
  equal(follower.why, "Cannot tell who asks: want a token");
  await follower.look({ prefix: "", after: "", limit: 1 });
  deepEqual([api.lastIds, api.lists], [[undefined], []]);
  api.refusal = undefined;
  follower.restart();
  (await nextList(api)).resolve(NOBODY);
  await eventually("it is live", () => follower.phase === "live");
  follower.stop();
  equal(follower.phase, "paused");
});

Deno.test("Follower: who let go goes on after the last event it heard, with what it knew", async () => {
  using stage = follow();
  const { api, board, follower } = stage;
  (await nextList(api)).resolve({ names: [held("a", 1)], next: null });
  await eventually("it is live", () => follower.phase === "live");
  api.tell({ event: "granted", name: "b", party: party(2) });
  await eventually("it is heard", () => board.size === 2);
  follower.stop();
  follower.start();
  await eventually("it is live again", () => follower.phase === "live");
  deepEqual(api.lastIds, [undefined, "w.1"]);
  deepEqual(board.names, ["a", "b"]);
  deepEqual(api.lists, []);
});
