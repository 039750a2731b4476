/**
 * What systemd is told: that the daemon is ready, that it is leaving, and, while its event loop turns, that
 * it lives. It goes through the C library that the daemon has open anyway, so no program is started and no
 * permission is needed but to read the two variables.
 *
 * Sources: sd_notify(3), sd_watchdog_enabled(3), systemd.service(5).
 *
 * @module
 */
import { type DatagramCalls, unixAddress } from "../ffi/datagram.ts";
import { errnoName } from "../ffi/errno.ts";
import type { Log } from "./base/log.ts";

/** What systemd is found with. */
export interface SystemdNoticesOptions {
  readonly calls: DatagramCalls;
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly log: Log;
}

/** Whoever started the daemon and wants to hear of it; says nothing when there is nobody. */
export class SystemdNotices implements Disposable {
  readonly #options: SystemdNoticesOptions;
  readonly #address: Uint8Array<ArrayBuffer> | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;

  constructor(options: SystemdNoticesOptions) {
    this.#options = options;
    const name = options.env("NOTIFY_SOCKET");
    this.#address = name === undefined ? undefined : unixAddress(name);
  }

  /**
   * The daemon serves. From now on the watchdog, if there is one, is told twice in its time that the event
   * loop turns.
   */
  ready(): void {
    this.#tell("READY=1");
    const micros = Number(this.#options.env("WATCHDOG_USEC") ?? NaN);
    if (this.#address && micros > 0) {
      this.#watchdog = setInterval(() => this.#tell("WATCHDOG=1"), micros / 2_000);
    }
  }

  /** The daemon leaves service. The watchdog is told on, since a drain takes its time. */
  stopping(): void {
    this.#tell("STOPPING=1");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watchdog);
  }

  #tell(message: string): void {
    if (!this.#address) return;
    const { calls, log } = this.#options;
    const answer = calls.sendDatagram(this.#address, new TextEncoder().encode(message));
    if (answer < 0) log.warn("systemd.failed", { message, fault: errnoName(-answer) });
  }
}
