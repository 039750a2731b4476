/**
 * Drives a server with pairs of acquire and release over many connections, and says what they cost.
 *
 * @module
 */

/** One kind of load. */
export interface Load {
  readonly title: string;
  readonly connections: number;
  /** Pairs that each connection has in flight. */
  readonly depth: number;
  /** All for one name, waiting for their turn; or each for its own. */
  readonly contended: boolean;
}

/** What is driven. */
export interface Target {
  readonly pid: number;
  /** `tcp://HOST:PORT` or `ws://…`. */
  readonly place: string;
  readonly transport: "tcp" | "websocket";
  readonly seconds: number;
  /** The server answers anything with anything. */
  readonly echo: boolean;
}

/** What came out. */
export interface LoadResult {
  readonly pairsPerSecond: number;
  /** CPU time of the server process, from /proc. */
  readonly cpuMsPerThousand: number;
  /** From sending an acquire to reading its grant. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Pairs of the connection that got the most, and the fewest. */
  readonly most: number;
  readonly fewest: number;
}

const WARM_UP_MS = 500;
/**
 * Kernel clock ticks a second, as /proc counts CPU time (proc_pid_stat(5)); 100 on every Linux that Deno runs
 * on.
 */
const TICKS_PER_SECOND = 100;

/** Runs a load for some seconds. */
export async function runLoad(load: Load, target: Target): Promise<LoadResult> {
  const drivers = await Promise.all(
    Array.from(
      { length: load.connections },
      (_, index) => connect(target, (send) => new Driver(load, index, send)),
    ),
  );
  for (const { driver } of drivers) driver.start();
  await sleep(WARM_UP_MS);
  for (const { driver } of drivers) driver.reset();
  const [cpu, start] = [cpuMs(target.pid), performance.now()];
  await sleep(target.seconds * 1000);
  const [usedMs, elapsedMs] = [cpuMs(target.pid) - cpu, performance.now() - start];
  const counts = drivers.map(({ driver }) => driver.pairs);
  const latencies = drivers.flatMap(({ driver }) => driver.latencies).sort((a, b) => a - b);
  for (const { close } of drivers) close();
  const pairs = counts.reduce((sum, count) => sum + count, 0);
  return {
    pairsPerSecond: pairs / elapsedMs * 1000,
    cpuMsPerThousand: usedMs / pairs * 1000,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? NaN,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? NaN,
    most: Math.max(...counts),
    fewest: Math.min(...counts),
  };
}

/** One connection's pairs. Ids of acquires are odd and rise, so an answer tells by its id what it is to. */
class Driver {
  pairs = 0;
  latencies: number[] = [];
  readonly #load: Load;
  readonly #index: number;
  readonly #send: (text: string) => void;
  readonly #sentMs = new Map<number, number>();
  readonly #names = new Map<number, string>();
  #lastId = 1;

  constructor(load: Load, index: number, send: (text: string) => void) {
    this.#load = load;
    this.#index = index;
    this.#send = send;
  }

  start(): void {
    this.#send('{"id":1,"op":"hello","version":1}');
  }

  reset(): void {
    this.pairs = 0;
    this.latencies = [];
  }

  /** Takes the answers of one read, and sends what follows from them in one piece. */
  take(lines: readonly string[], echo: boolean): void {
    const out: string[] = [];
    for (const line of lines) {
      this.#takeOne(echo ? this.#lastId : Number(/^\{"id":(\d+)/.exec(line)?.[1]), line, out);
    }
    if (out.length > 0) this.#send(out.join("\n"));
  }

  #takeOne(id: number, line: string, out: string[]): void {
    if (!line.includes('"ok":true')) throw new Error(line);
    if (this.#lastId === 1) {
      for (let slot = 0; slot < this.#load.depth; slot++) {
        out.push(this.#acquire(this.#load.contended ? "hot" : `c${this.#index}s${slot}`));
      }
      return;
    }
    const sent = this.#sentMs.get(id);
    if (sent === undefined) {
      this.pairs++;
      const name = this.#names.get(id - 1) as string;
      this.#names.delete(id - 1);
      out.push(this.#acquire(name));
      return;
    }
    this.latencies.push(performance.now() - sent);
    this.#sentMs.delete(id);
    out.push(`{"id":${id + 1},"op":"release","lock":${id}}`);
    if (this.#lastId === id) this.#lastId++;
  }

  #acquire(name: string): string {
    const id = this.#lastId + (this.#lastId % 2 === 0 ? 1 : 2);
    this.#lastId = id;
    this.#sentMs.set(id, performance.now());
    this.#names.set(id, name);
    return `{"id":${id},"op":"acquire","name":"${name}"}`;
  }
}

async function connect(target: Target, makeDriver: (send: (text: string) => void) => Driver) {
  return target.transport === "tcp"
    ? await connectTcp(target, makeDriver)
    : await connectWebSocket(target, makeDriver);
}

async function connectTcp({ place, echo }: Target, makeDriver: (send: (text: string) => void) => Driver) {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(place).port) });
  socket.setNoDelay(true);
  const encoder = new TextEncoder();
  const driver = makeDriver((text) => void socket.write(encoder.encode(text + "\n")).catch(() => {}));
  void (async () => {
    let rest = "";
    const [buffer, decoder] = [new Uint8Array(65_536), new TextDecoder()];
    try {
      for (let count = await socket.read(buffer); count !== null; count = await socket.read(buffer)) {
        const lines = (rest + decoder.decode(buffer.subarray(0, count))).split("\n");
        rest = lines.pop() ?? "";
        driver.take(lines, echo);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
  })();
  return { driver, close: () => socket.close() };
}

async function connectWebSocket(
  { place, echo }: Target,
  makeDriver: (send: (text: string) => void) => Driver,
) {
  const socket = new WebSocket(place);
  await new Promise((resolve) => socket.onopen = resolve);
  const driver = makeDriver((text) => text.split("\n").forEach((frame) => socket.send(frame)));
  socket.onmessage = ({ data }) => driver.take([data], echo);
  return { driver, close: () => socket.close() };
}

function cpuMs(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND * 1000;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
