import { randomBytes } from 'node:crypto';
import { type Clock, type Schedule } from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { type EpochKeeper } from '../publish/epoch-keeper.js';

/** One tick a second, from whichever instance comes first. Milliseconds. */
export const TICK_MS = 1_000;
/** An instance that heard a tick this lately keeps quiet: a little less than the interval, so that ticks do not thin out. */
const QUIET_MS = 900;

export interface TickerOptions {
  readonly publisher: Publisher;
  readonly keeper: EpochKeeper;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly fleetBoundMs: number;
}

/** The service's sign of life: it lets nodes notice a gap or a dead feed, and tells them the largest bound allowed. */
export class Ticker {
  #heardAt = Number.NEGATIVE_INFINITY;
  #sent = 0;
  #disarm: () => void = () => undefined;

  constructor(private readonly options: TickerOptions) {}

  /** Ticks sent by this process. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether this instance is the one that ticks: at most one does while they hear each other. */
  get leads(): boolean {
    return this.options.keeper.state().kind === 'open' && this.#hasHeardNobody();
  }

  start(): void {
    this.options.publisher.onTick(() => {
      this.#heardAt = this.options.clock.monotonic();
    });
    // Nodes that wait for a first sign need not wait a second for it.
    this.options.keeper.onState(({ kind }) => {
      if (kind === 'open') this.#turn();
    });
    this.#turn();
  }

  close(): void {
    this.#disarm();
  }

  #turn(): void {
    const { keeper, schedule } = this.options;
    const state = keeper.state();
    if (state.kind === 'open' && this.#hasHeardNobody()) this.#tick(state.epoch);
    this.#disarm();
    this.#disarm = schedule(TICK_MS, () => this.#turn());
  }

  #hasHeardNobody(): boolean {
    return this.options.clock.monotonic() - this.#heardAt >= QUIET_MS;
  }

  #tick(epoch: string): void {
    const { publisher, keeper, clock, fleetBoundMs } = this.options;
    const id = randomBytes(16).toString('hex');
    publisher.tick({ id, epoch, head: keeper.head(), time: clock.wall(), fleetBoundMs });
    this.#sent++;
  }
}
