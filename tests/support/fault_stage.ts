/**
 * Three etcd members, three daemons and two clients as processes, each on a network of its own where that can
 * be had, with players on them, and two faults at once.
 *
 * Whom a fault hits is decided when it begins, among those that are well: the leader is whoever leads then,
 * the majority are two members, the leader among them. So a second fault may leave the cluster without a
 * majority, or all members harmed.
 *
 * @module
 */
import { type Client, connect, type Lock, LockError } from "../../client/mod.ts";
import { EtcdMember, freePorts, untilReady } from "./etcd_cluster.ts";
import { eventually, within } from "./eventually.ts";
import { DaemonMachine, harm, heal, type Machine, MemberMachine, VictimMachine } from "./fault_machines.ts";
import type { Fault, PairMeasure } from "./faults.ts";
import type { Hold } from "./history.ts";
import { NetSpaces, NO_SPACES } from "./net_spaces.ts";
import type { Random } from "./random.ts";
import { pause, StormPlayers } from "./storm_players.ts";

const PLAYERS = 6;
const RELAYS = 2;
const KEEPERS = 3;
/** How long clients that live outlive a connection, in milliseconds: longer than any fault here. */
const GRACE_MS = 15_000;
/** The same of victims, who wait for it to be over. */
const VICTIM_GRACE_MS = 3_000;
const FLAGS = [
  ...["--etcd-lease", "3000ms", "--etcd-call", "1s"],
  ...["--heartbeat", "500ms", "--drain-timeout", "5s"],
];
/**
 * From the first fault to the second, from there to the end of the first, and from there to that of the
 * second, in milliseconds.
 */
const [ALONE_MS, TOGETHER_MS, REST_MS] = [600, 1_400, 600];
/** For what has to happen in the end. */
const PATIENCE_MS = 60_000;

/** One client that is harmed, and the one that waits for its lock. */
interface Succession {
  readonly machine: VictimMachine;
  readonly hold: Hold;
  readonly next: Promise<Lock>;
}

/** All of it. */
export class FaultStage implements AsyncDisposable {
  readonly players: StormPlayers;
  readonly #members: readonly MemberMachine[];
  readonly #daemons: readonly DaemonMachine[];
  readonly #victims: readonly VictimMachine[];
  readonly #stack = new AsyncDisposableStack();
  readonly #harmed = new Set<Machine>();
  readonly #watching = new AbortController();
  #successions: readonly Succession[] = [];
  #kept: readonly Lock[] = [];
  #heirs: readonly Client[] = [];
  #playing: Promise<unknown> = Promise.resolve();

  private constructor(directory: string, random: Random) {
    this.players = new StormPlayers(random);
    const spaces = this.#stack.use(new NetSpaces(8)).all;
    const members = spaces.slice(0, 3);
    const ports = NO_SPACES === undefined ? [2379, 2380, 2379, 2380, 2379, 2380] : freePorts(6);
    const cluster = members.map(({ host }, index) => `m${index}=http://${host}:${ports[2 * index + 1]}`).join(
      ",",
    );
    this.#members = members.map((space, index) => {
      const client = `http://${space.host}:${ports[2 * index]}`;
      const peer = `http://${space.host}:${ports[2 * index + 1]}`;
      const plan = { name: `m${index}`, directory, client, peer, cluster, through: space.through };
      return new MemberMachine(new EtcdMember(plan), space);
    });
    const etcd = this.#members.map(({ member }) => member.url).join(",");
    const hosts = members.map(({ host }) => host);
    const daemonPorts = freePorts(3);
    this.#daemons = spaces.slice(3, 6).map((space, index) => {
      const port = daemonPorts[index] ?? 0;
      return new DaemonMachine(space, { directory, port, hosts, flags: ["--etcd", etcd, ...FLAGS] });
    });
    this.#victims = spaces.slice(6).map((space, index) => {
      const servers = this.#servers(0);
      return new VictimMachine(space, `victim/${index}`, { servers, graceMs: VICTIM_GRACE_MS });
    });
  }

  /** Starts all of it. */
  static async open(directory: string, random: Random): Promise<FaultStage> {
    const stage = new FaultStage(directory, random);
    try {
      await stage.#start();
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Two faults, the second of which begins during the first, and ends after it. */
  async play(one: Fault, other: Fault): Promise<PairMeasure> {
    const { players, players: { history } } = this;
    const clients = [one, other].filter(({ who }) => who === "client").length;
    this.#successions = await Promise.all(
      this.#victims.slice(0, clients).map((machine, index) => this.#succession(machine, this.#heirs[index]!)),
    );
    const fromMs = performance.now();
    const before = history.holds.length;
    const nextMs = await players.trouble(async () => {
      const first = this.#inflict(one, ALONE_MS + TOGETHER_MS);
      await pause(ALONE_MS);
      const second = this.#inflict(other, TOGETHER_MS + REST_MS);
      const times = await within("the faults are over", Promise.all([first, second]), PATIENCE_MS);
      await this.#settle();
      return times.filter((ms) => ms !== undefined);
    });
    const holds = history.holds.slice(before);
    const lost = holds.filter(({ lost, lives }) => lost && lives.length === 0).length;
    return {
      locks: holds.length,
      gapMs: players.gapMs(fromMs, performance.now()),
      lost: lost + this.#kept.filter(({ signal }) => signal.aborted).length,
      nextMs: nextMs.length === 0 ? undefined : Math.max(...nextMs),
    };
  }

  /** The end of all clients; what was seen and should not have been. */
  async end(): Promise<string[]> {
    this.players.isOver = true;
    await this.#telling(within("the players end", this.#playing, PATIENCE_MS));
    this.#watching.abort();
    for (const lock of this.#kept) await lock.release();
    await using client = await connect(this.#servers(0), { name: "last" });
    await eventually("nothing is left", async () => (await Array.fromAsync(client.list())).length === 0);
    return this.players.faults();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.players.isOver = true;
    this.#watching.abort();
    for (const victim of this.#victims) await victim[Symbol.asyncDispose]();
    for (const daemon of this.#daemons) await daemon[Symbol.asyncDispose]();
    await Promise.all(this.#members.map((member) => member.kill()));
    await this.#stack[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    for (const member of this.#members) member.start();
    await untilReady(this.#members.map(({ member }) => member.url).join(","));
    await Promise.all(this.#daemons.map((daemon) => daemon.start()));
    const open = async (name: string, index: number) => {
      return this.#stack.use(
        await connect(this.#servers(index), { name: `${name}-${index}`, grace: GRACE_MS }),
      );
    };
    const { players } = this;
    const observer = await open("observer", 2);
    const seeing = players.observe(observer, this.#watching.signal);
    const playing = [];
    for (let index = 0; index < PLAYERS; index++) playing.push(players.play(await open("player", index)));
    for (let index = 0; index < RELAYS; index++) {
      const [one, other] = [await open("runner", index), await open("runner", index + 1)];
      playing.push(players.relay(one, other, `relay/${index}`));
    }
    this.#playing = Promise.all(playing);
    // Whoever waits for them hears of it.
    this.#playing.catch(() => {});
    seeing.catch(() => {});
    const kept: Lock[] = [];
    for (let index = 0; index < KEEPERS; index++) {
      kept.push(await (await open("keeper", index)).acquire(`kept/${index}`));
    }
    this.#kept = kept;
    this.#heirs = [await open("heir", 0), await open("heir", 1)];
    await this.#settle();
  }

  #servers(first: number): string[] {
    return [0, 1, 2].map((index) => this.#daemons[(first + index) % 3]!.url);
  }

  /**
   * Does what the fault says to whom it says, for so long; answers when the next one had the lock of a
   * client.
   */
  async #inflict({ how, who }: Fault, ms: number): Promise<number | undefined> {
    const machines = await this.#targets(who);
    for (const machine of machines) this.#harmed.add(machine);
    const fromMs = performance.now();
    await harm(machines, how);
    let nextMs: number | undefined;
    const succession = this.#successions.find(({ machine }) => machines.includes(machine));
    if (succession) nextMs = await this.#inherit(succession, { how, who }, fromMs);
    else {
      await pause(ms);
      await heal(machines, how);
    }
    for (const machine of machines) this.#harmed.delete(machine);
    return nextMs;
  }

  async #targets(who: Fault["who"]): Promise<Machine[]> {
    const well = <T extends Machine>(all: readonly T[]) => all.filter((one) => !this.#harmed.has(one));
    if (who === "daemon") return well(this.#daemons).slice(0, 1);
    if (who === "client") return well(this.#victims).slice(0, 1);
    const members = well(this.#members);
    const leader = members.length < 2 ? members[0] : await eventually("somebody leads", async () => {
      for (const each of members) if (await each.member.leads()) return each;
      return undefined;
    });
    const followers = members.filter((member) => member !== leader);
    if (who === "leader") return [leader!];
    if (who === "follower") return [followers[0] ?? leader!];
    return [leader!, ...followers.slice(0, 1)];
  }

  /**
   * A client is harmed until somebody else has its lock. It may believe in it until then: as long as it says,
   * or, when it cannot say anything, for all of its grace.
   */
  async #inherit(succession: Succession, { how }: Fault, fromMs: number): Promise<number> {
    const { machine, hold, next } = succession;
    const { victim } = machine;
    // On a machine that stood still it may have lost it before.
    hold.lives[0]!.endedMs = hold.toMs = Math.min(fromMs + VICTIM_GRACE_MS, victim.lostMs ?? Infinity);
    hold.lost = true;
    const lock = await within("the lock of a client is given on", next, PATIENCE_MS);
    const heard: Hold = {
      ...{ name: lock.name, mode: lock.mode, token: lock.token, lives: [] },
      ...{ fromMs: performance.now(), toMs: Infinity, lost: false },
    };
    this.players.history.holds.push(heard);
    if (how !== "kill -9") {
      await heal([machine], how);
      const lostMs = await eventually("the client knows of its loss", () => victim.lostMs, PATIENCE_MS);
      // One that could run has said itself until when it believed.
      if (how === "cut") hold.lives[0]!.endedMs = hold.toMs = lostMs;
    }
    heard.toMs = performance.now();
    await persist(() => lock.release());
    await machine[Symbol.asyncDispose]();
    return heard.fromMs - fromMs;
  }

  /** A client takes its lock, and its heir waits for it. */
  async #succession(machine: VictimMachine, heir: Client): Promise<Succession> {
    await machine.start();
    const hold: Hold = {
      ...{ name: machine.name, mode: "EX" as const, token: machine.victim.token },
      lives: [{ what: machine.name, endedMs: Infinity }],
      ...{ fromMs: performance.now(), toMs: Infinity, lost: false },
    };
    this.players.history.holds.push(hold);
    const next = persist(() => heir.acquire(machine.name));
    next.catch(() => {});
    return { machine, hold, next };
  }

  /** Tells what is known, for whoever looks for a fault, when something did not come about. */
  async #telling<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      console.error(this.players.faults().join("\n"));
      for (const { url } of this.#daemons) {
        await using client = await connect(url, { reconnect: false });
        for await (const { name, held, waiting } of client.list()) {
          const wishes = held.map(({ reason }) => this.players.queues.wishes.find(({ id }) => id === reason));
          console.error(url, name, held, waiting, wishes);
        }
      }
      throw error;
    }
  }

  /** All daemons serve. */
  async #settle(): Promise<void> {
    const serve = (daemon: DaemonMachine, index: number) => persist(() => daemon.serve(`probe/${index}`));
    await within("all daemons serve", Promise.all(this.#daemons.map(serve)), PATIENCE_MS);
    const asked = this.players.queues.wishes.filter(({ answeredMs }) => answeredMs === Infinity);
    const areAnswered = () => asked.every(({ answeredMs }) => answeredMs < Infinity);
    await this.#telling(eventually("all clients are answered", areAnswered, PATIENCE_MS));
  }
}

/** Asks until it is given: others may refuse it while something is broken. */
async function persist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof LockError)) throw error;
      await pause(50);
    }
  }
}
