import { type Clock, type Schedule } from '@revocast/core';

/** How often a node speaks when nothing happens: three missed ones make it silent. Milliseconds. */
export const HEARTBEAT_MS = 1_000;
/** Least gap between two heartbeats: under a storm of revocations one acknowledges all that came meanwhile. Milliseconds. */
export const HEARTBEAT_GAP_MS_MIN = 50;

/** Decides when a heartbeat is due: each second, and right after an apply. */
export class HeartbeatPulse {
  #lastAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.POSITIVE_INFINITY;
  #disarm: () => void = () => undefined;
  #stopped = false;

  constructor(
    private readonly beat: () => void,
    private readonly clock: Clock,
    private readonly schedule: Schedule,
  ) {}

  start(): void {
    this.#run();
  }

  /** Asks for a heartbeat as soon as the least gap allows: at once, unless one has just gone out. */
  soon(): void {
    this.#arm(this.#lastAt + HEARTBEAT_GAP_MS_MIN);
  }

  /** A heartbeat before this returns, whenever the last one was. */
  now(): void {
    if (this.#stopped) return;
    this.#disarm();
    this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#disarm();
  }

  #run(): void {
    this.#lastAt = this.clock.monotonic();
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.beat();
    this.#arm(this.#lastAt + HEARTBEAT_MS);
  }

  #arm(at: number): void {
    if (this.#stopped || at >= this.#dueAt) return;
    this.#disarm();
    this.#dueAt = at;
    this.#disarm = this.schedule(Math.max(0, at - this.clock.monotonic()), () => this.#run());
  }
}
