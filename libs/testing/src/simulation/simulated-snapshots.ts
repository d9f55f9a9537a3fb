import { createFollower, type Follower, isSameLog, type SnapshotContent } from '@revocast/core';
import { anIssuer } from '../builders.js';
import { type InMemoryBroker, type InMemoryFeed } from '../in-memory-feed.js';
import { seededDice } from './dice.js';
import { MeteredFeed } from './meters.js';
import { type ProcessTime } from './process-time.js';

/** Records that make a snapshot worth it in a world whose logs are short. */
export const SNAPSHOT_RECORDS_MIN = 2;

export interface SnapshotWriterOptions {
  readonly broker: InMemoryBroker;
  readonly process: ProcessTime;
  readonly seed: number;
  readonly reachable: boolean;
  readonly fleetBoundMs: number;
}

/** The follower of a service, and the snapshots that it writes of it, as `snapshot-taker.ts` of the service does. */
export class SnapshotWriter {
  readonly #feed: InMemoryFeed;
  readonly #follower: Follower;

  constructor(private readonly options: SnapshotWriterOptions) {
    const { broker, process, seed, reachable, fleetBoundMs } = options;
    this.#feed = broker.createFeed();
    this.#follower = createFollower({
      feed: new MeteredFeed(this.#feed, process, () => undefined),
      ...{ clock: process, schedule: process.schedule, issuers: [anIssuer()], prng: seededDice(seed) },
      stalenessMsMax: fleetBoundMs,
    });
    if (!reachable) this.#feed.disconnect();
    this.#follower.start();
  }

  cut(): void {
    this.#feed.disconnect();
  }

  reconnect(): void {
    this.#feed.reconnect();
  }

  close(): void {
    void this.#feed.close();
  }

  /** Begins to write what it knows now; it is written `ms` later, if it is still true then. */
  write(ms: number): void {
    const content = this.options.process.runs ? this.#follower.snapshot() : undefined;
    if (content === undefined) return;
    this.options.process.schedule(ms, () => {
      if (this.#isStillTrue(content) && this.#feed.isConnected) this.options.broker.writeSnapshot(content);
    });
  }

  /** In a log that lost records or was replaced meanwhile, the follower stands below, or elsewhere. */
  #isStillTrue({ log, watermark }: SnapshotContent): boolean {
    const { log: now, watermark: at, state } = this.#follower.status();
    return now !== undefined && isSameLog(now, log) && at >= watermark && state === 'current';
  }
}
