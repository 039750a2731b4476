// Many waits, many locks: nobody is forgotten, and all are served in their order.
import { deepEqual, equal, ok } from "node:assert/strict";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { openDescriptors } from "../support/descriptors.ts";
import { eventually, within } from "../support/eventually.ts";
import { connectRaw, type RawPeer, TRANSPORTS } from "../support/raw_peer.ts";

const NAME = "crowd";
const PEERS = 20;
const WAITS_EACH = 500;
/** Waits that one peer sends in one go, before the next peer's turn. */
const WAITS_AT_ONCE = 125;
/** Peers that are cut in the middle, one of each transport. */
const CUT: readonly number[] = [4, 5];
const PATIENCE_MS = 40_000;

interface Wait {
  readonly peer: number;
  readonly id: number;
}

function range(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

const stays = ({ peer }: { readonly peer: number }) => !CUT.includes(peer);

/** Says many requests in one frame after another, without waiting for answers. */
async function sayAll(peer: RawPeer, requests: readonly object[]): Promise<void> {
  for (const request of requests) await peer.say(request);
}

/** Resolves when the daemon has carried out all that this peer said; uses up an id. */
async function barrier(peer: RawPeer, id: number): Promise<void> {
  equal((await peer.ask({ id, op: "list", prefix: "nothing" })).ok, true);
}

/** Queues the waits of all peers, in an order that is known. */
async function queue(peers: readonly RawPeer[]): Promise<Wait[]> {
  const waits: Wait[] = [];
  let first = 2;
  for (; first < WAITS_EACH + 2; first += WAITS_AT_ONCE) {
    for (const [peer, raw] of peers.entries()) {
      const ids = range(WAITS_AT_ONCE, first);
      await sayAll(raw, ids.map((id) => ({ id, op: "acquire", name: NAME })));
      await barrier(raw, 1_000_000 + first);
      waits.push(...ids.map((id) => ({ peer, id })));
    }
  }
  return waits;
}

/** Cancels some waits; all of them must have been waiting, and are told so. */
async function cancel(peers: readonly RawPeer[], waits: readonly Wait[]): Promise<void> {
  for (const { peer, id } of waits) await peers[peer]?.say({ id: 2_000_000 + id, op: "cancel", request: id });
  for (const [peer, raw] of peers.entries()) {
    const ids = waits.filter((wait) => wait.peer === peer).map(({ id }) => id);
    const heard = await Promise.all(range(2 * ids.length).map(() => raw.hear()));
    const ended = heard.filter(({ error }) => error?.code === "CANCELLED").map(({ id }) => id);
    deepEqual(ended, ids);
    deepEqual(heard.filter(({ was }) => was === "waiting").map(({ request }) => request), ids);
  }
}

Deno.test("[I-16] [P-23] ten thousand waits are granted first in, first out, cancels and cuts notwithstanding", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using stack = new AsyncDisposableStack();
  const peers = await Promise.all(
    range(PEERS).map(async (index) => {
      return stack.use(await connectRaw(daemon, TRANSPORTS[index % 2] ?? "tcp"));
    }),
  );
  const holder = stack.use(await connectRaw(daemon, "tcp"));
  await holder.ask({ id: 2, op: "acquire", name: NAME });
  const waits = await queue(peers);
  equal((await holder.ask({ id: 3, op: "who", name: NAME })).waitingCount, PEERS * WAITS_EACH);
  const withdrawn = waits.filter((_, index) => index % 3 === 0);
  await cancel(peers, withdrawn);

  const cutAt = Math.floor((waits.length - withdrawn.length) / 3);
  const granted: Wait[] = [];
  let token = 0;
  const serving = peers.map(async (raw, peer) => {
    for (let grant = await raw.hear(); grant; grant = await raw.hear()) {
      if (grant.token === undefined) continue;
      ok(grant.token > token, "tokens of exclusive grants rise");
      token = grant.token;
      granted.push({ peer, id: grant.id });
      if (granted.length === cutAt) CUT.forEach((cut) => peers[cut]?.end());
      if (granted.length < cutAt || stays({ peer })) {
        await raw.say({ id: 3_000_000 + grant.id, op: "release", lock: grant.id });
      }
    }
  });
  const last = holder.ask({ id: 4, op: "acquire", name: NAME });
  await holder.ask({ id: 5, op: "release", lock: 2 });
  equal((await within("the last grant", last, PATIENCE_MS)).ok, true);

  const gone = new Set(withdrawn);
  const expected = waits.filter((wait) => !gone.has(wait));
  deepEqual(granted.filter(stays), expected.filter(stays));
  deepEqual(granted.slice(0, cutAt), expected.slice(0, cutAt));
  deepEqual((await holder.ask({ id: 6, op: "who", name: NAME })).waitingCount, 0);
  for (const peer of peers) peer.end();
  await Promise.all(serving);
});

Deno.test("[P-13] five thousand locks of one connection are free at once when it vanishes", async () => {
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path);
  await using other = await startDaemonProcess(directory.path);
  await using owner = await connectRaw(daemon, "tcp");
  await using heir = await connectRaw(daemon, "tcp");
  await using stranger = await connectRaw(other, "tcp");
  const ids = range(5_000, 2);
  const acquires = ids.map((id) => ({ id, op: "acquire", name: `many/${id}` }));
  const grantsOf = async (peer: RawPeer) => {
    for (const id of ids) equal((await peer.hear())?.lock, id);
  };
  await sayAll(owner, acquires);
  await within("the grants", grantsOf(owner), PATIENCE_MS);
  await sayAll(heir, acquires);
  await barrier(heir, 10_000);
  const before = openDescriptors(daemon.pid);
  owner.end();
  await within("the grants to the heir", grantsOf(heir), PATIENCE_MS);
  heir.end();
  await eventually("the daemon has neither connection", () => openDescriptors(daemon.pid) <= before - 2);
  // A lock that was left in the kernel would be refused here.
  await sayAll(stranger, acquires.map((request) => ({ ...request, wait: 0 })));
  await within("the grants of the other daemon", grantsOf(stranger), PATIENCE_MS);
});
