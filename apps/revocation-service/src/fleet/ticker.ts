import { randomBytes } from 'node:crypto';
import { type Clock, type Heartbeat, type Schedule } from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { type EpochKeeper } from '../publish/epoch-keeper.js';

/** One tick a second, from whichever instance comes first. Milliseconds. */
export const TICK_MS = 1_000;
/** An instance that heard a tick this lately keeps quiet: a little less than the interval, so that ticks do not thin out. */
const QUIET_MS = 900;
/** Of nodes that wait for a first tick. One that was current before can wait a second, and many that are stale are no reason to tick more. */
const STARTING: readonly Heartbeat['state'][] = ['connecting', 'catchingUp'];
/** They get it at once, or this long after the last one. Milliseconds. */
const NEWCOMER_MS = 100;

export interface TickerOptions {
  readonly publisher: Pick<Publisher, 'tick' | 'onTick' | 'onHeartbeat'>;
  readonly keeper: Pick<EpochKeeper, 'state' | 'onState' | 'tickedEpoch' | 'head'>;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly fleetBoundMs: number;
}

/**
 * The service's sign of life: it lets nodes notice a gap or a dead feed, tells them the largest bound allowed, and how far the
 * log goes at least. A node waits for one over each new connection.
 */
export class Ticker {
  #heardAt = Number.NEGATIVE_INFINITY;
  /** Another instance told less of the log than we know. */
  #knowsMore = false;
  #sentAt = Number.NEGATIVE_INFINITY;
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
    const { publisher, keeper, clock } = this.options;
    publisher.onTick(({ epoch, head }) => {
      this.#heardAt = clock.monotonic();
      this.#knowsMore ||= epoch === keeper.tickedEpoch() && head < keeper.head();
    });
    // Nodes that wait for a first sign need not wait a second for it.
    keeper.onState(() => this.#turn());
    publisher.onHeartbeat(({ state }) => {
      if (STARTING.includes(state)) this.#turnIn(Math.max(0, this.#sentAt + NEWCOMER_MS - clock.monotonic()));
    });
    this.#turn();
  }

  close(): void {
    this.#disarm();
  }

  #turn(): void {
    const { keeper, schedule } = this.options;
    const epoch = keeper.tickedEpoch();
    if (epoch !== undefined && (this.#hasHeardNobody() || this.#knowsMore)) this.#tick(epoch);
    this.#disarm();
    this.#disarm = schedule(TICK_MS, () => this.#turn());
  }

  /** A node that reports right after a tick may not have been listening yet. */
  #turnIn(delayMs: number): void {
    if (delayMs === 0) {
      this.#turn();
      return;
    }
    this.#disarm();
    this.#disarm = this.options.schedule(delayMs, () => this.#turn());
  }

  #hasHeardNobody(): boolean {
    return this.options.clock.monotonic() - this.#heardAt >= QUIET_MS;
  }

  #tick(epoch: string): void {
    const { publisher, keeper, clock, fleetBoundMs } = this.options;
    const id = randomBytes(16).toString('hex');
    this.#knowsMore = false;
    this.#sentAt = clock.monotonic();
    publisher.tick({ id, epoch, head: keeper.head(), time: clock.wall(), fleetBoundMs });
    this.#sent++;
  }
}
