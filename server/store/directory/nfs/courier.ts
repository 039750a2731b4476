/**
 * Carries operations to workers and answers back. A *lane* is one worker: what is sent on it is done in
 * order, and a call that hangs holds up that lane only.
 *
 * @module
 */
import type { CallNote, Errand, Reply, WorkerReply } from "./operations.ts";

/** What a worker is told first. */
export interface WorkerSetup {
  readonly directory: string;
  /** Which of the workers it is. */
  readonly lane: number;
  /** Path of the C library. */
  readonly libc: string;
  readonly limits: { readonly lockFilesMax: number; readonly idleFilesMax: number };
}

const WORKER = new URL("./claim_worker.ts", import.meta.url);

/** Throws a `Deno.errors.NotCapable` when this program may not start workers, which are read like files. */
export function checkWorkersAllowed(): void {
  if (Deno.build.standalone) return;
  if (Deno.permissions.querySync({ name: "read", path: WORKER.pathname }).state === "granted") return;
  const program = new URL("../../../../", import.meta.url).pathname;
  throw new Deno.errors.NotCapable(
    `Cannot serve a directory on NFS: no permission to read the program for its workers, start with --allow-read=…,${program}`,
  );
}

/** Carries operations. */
export interface Courier {
  /** How many lanes there are for claims; one more, with that number, is for beats. */
  readonly lanes: number;
  /** Hears of every answer, in the order of a lane. */
  onReply: (lane: number, reply: Reply) => void;
  send(lane: number, errand: Errand): void;
  /** Ends at once; what was sent and not answered is lost. */
  end(): void;
}

/** How workers are started. */
export interface WorkerCourierOptions {
  readonly lanes: number;
  /** Hears of a worker that broke a rule of its own, and does no more. */
  readonly onBroken: (error: unknown) => void;
  /** Hears of each call on a file, with the answer that it was made for. */
  readonly onCall: (note: CallNote) => void;
}

/**
 * Carries them to workers. They are started at once, since that takes longer than a client would like to
 * wait.
 */
export class WorkerCourier implements Courier {
  onReply: (lane: number, reply: Reply) => void = () => {};
  readonly lanes: number;
  readonly #setup: Omit<WorkerSetup, "lane">;
  readonly #options: WorkerCourierOptions;
  readonly #workers: Worker[];

  constructor(setup: Omit<WorkerSetup, "lane">, options: WorkerCourierOptions) {
    const { lanes } = options;
    this.#setup = setup;
    this.lanes = lanes;
    this.#options = options;
    this.#workers = Array.from({ length: lanes + 1 }, (_, lane) => this.#start(lane));
  }

  send(lane: number, errand: Errand): void {
    this.#workers[lane]?.postMessage(errand);
  }

  end(): void {
    for (const worker of this.#workers.splice(0)) worker.terminate();
  }

  #start(lane: number): Worker {
    const worker = new Worker(WORKER.href, { type: "module" });
    const { onBroken, onCall } = this.#options;
    worker.onmessage = ({ data: { calls, ...reply } }: MessageEvent<WorkerReply>) => {
      for (const note of calls) onCall(note);
      this.onReply(lane, reply);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      onBroken(new Error(`worker ${lane} of the store has ended: ${event.message}`));
    };
    worker.postMessage({ ...this.#setup, lane } satisfies WorkerSetup);
    return worker;
  }
}
