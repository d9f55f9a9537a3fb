import { type Feed, type FeedListener, type Heartbeat, type Schedule, type Tick } from '@revocast/core';
import { type InMemoryFeed } from '../in-memory-feed.js';
import { type ProcessTime } from './process-time.js';

/** The feed as one process has it: what comes for a halted process waits, and how much is read at once is noted. */
export class MeteredFeed implements Feed {
  readonly promisesTicks = true;
  readonly #feed: InMemoryFeed;
  readonly #process: ProcessTime;
  readonly #report: (heartbeat: Heartbeat) => void;
  #inFlight = 0;
  inFlightMax = 0;
  recordsMax = 0;
  /** As the process knows it. */
  connected = false;
  /** When this connection was made, and when the first tick was heard over it. True time. */
  connectedAt = 0;
  tickedAt: number | undefined;
  /** Each tick that told more of its epoch than those before it. */
  readonly #told: { readonly at: number; readonly epoch: string; readonly head: number }[] = [];

  constructor(feed: InMemoryFeed, process: ProcessTime, report: (heartbeat: Heartbeat) => void) {
    this.#feed = feed;
    this.#process = process;
    this.#report = report;
  }

  open(...[listener]: Parameters<Feed['open']>): void {
    const { run } = this.#process;
    this.#feed.open({
      connected: () => run(() => this.#tell(true, listener)),
      disconnected: () => run(() => this.#tell(false, listener)),
      record: (record) => run(() => listener.record(record)),
      tick: (tick) =>
        run(() => {
          this.#hear(tick);
          listener.tick(tick);
        }),
    });
  }

  #tell(connected: boolean, listener: FeedListener): void {
    this.connected = connected;
    this.connectedAt = this.#process.trueMs();
    this.tickedAt = undefined;
    if (connected) listener.connected();
    else listener.disconnected();
  }

  #hear({ epoch, head }: Tick): void {
    const at = this.#process.trueMs();
    this.tickedAt ??= at;
    if (head > this.toldBefore(Infinity, epoch)) this.#told.push({ at, epoch, head });
  }

  /** How far the log of `epoch` goes at least, by what was heard before `at`. */
  toldBefore(at: number, epoch: string): number {
    return this.#told.findLast((told) => told.epoch === epoch && told.at < at)?.head ?? 0;
  }

  subscribed(): Promise<void> {
    return this.#process.answered(this.#feed.subscribed());
  }

  snapshot(...[log]: Parameters<Feed['snapshot']>): ReturnType<Feed['snapshot']> {
    return this.#process.answered(this.#feed.snapshot(log));
  }

  snapshotPart(...asked: Parameters<Feed['snapshotPart']>): ReturnType<Feed['snapshotPart']> {
    return this.#process.answered(this.#feed.snapshotPart(...asked));
  }

  locate(): ReturnType<Feed['locate']> {
    return this.#process.answered(this.#feed.locate());
  }

  head(...[log]: Parameters<Feed['head']>): ReturnType<Feed['head']> {
    return this.#process.answered(this.#feed.head(log));
  }

  async read(...[log, from, to]: Parameters<Feed['read']>): ReturnType<Feed['read']> {
    this.#inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.#inFlight);
    this.recordsMax = Math.max(this.recordsMax, to - from + 1);
    try {
      return await this.#process.answered(this.#feed.read(log, from, to));
    } finally {
      this.#inFlight -= 1;
    }
  }

  report(...[heartbeat]: Parameters<Feed['report']>): void {
    this.#report(heartbeat);
  }

  close(): Promise<void> {
    return this.#feed.close();
  }
}

/** Counts the timers that one follower has waiting. */
export class TimerMeter {
  pending = 0;

  constructor(private readonly of: Schedule) {}

  readonly schedule: Schedule = (delayMs, task) => {
    this.pending += 1;
    let waiting = true;
    const settle = (): void => {
      if (waiting) this.pending -= 1;
      waiting = false;
    };
    const cancel = this.of(delayMs, () => {
      settle();
      task();
    });
    return () => {
      settle();
      cancel();
    };
  };
}
