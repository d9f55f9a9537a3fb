import { type Clock, epochMs, type Schedule } from '@revocast/core';
import { type Database } from '../journal/database.js';
import { currentEpoch } from '../journal/epochs.js';
import { liftsCarriedBefore } from '../journal/lifts.js';
import { liveCarriedBefore } from '../journal/revocations.js';
import { type ServiceLog } from '../log/service-log.js';
import { type EpochKeeper } from './epoch-keeper.js';
import { type EpochOpening } from './epoch-opening.js';
import { type Writer } from './writer.js';

/** How often old entries are looked for. Milliseconds. */
const LOOK_MS = 10 * 60_000;
/** The first time: after a service was away for long, little time is left. Milliseconds. */
const LOOK_FIRST_MS = 60_000;
const ROUND_ENTRIES_MAX = 2_000;

export interface RepublisherOptions {
  readonly database: Database;
  readonly writer: Writer;
  readonly opening: EpochOpening;
  readonly keeper: EpochKeeper;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly log: ServiceLog;
  /** How long the log keeps a record. Seconds. */
  readonly logAgeSecondsMax: number;
}

/**
 * Publishes again, with the same revocation ids, what is still in force and whose record has half of its life in the log
 * behind it: a node that starts later would otherwise never hear of a suspension older than the log.
 */
export class Republisher {
  #disarm: () => void = () => undefined;

  constructor(private readonly options: RepublisherOptions) {}

  start(): void {
    this.#arm(LOOK_FIRST_MS);
  }

  close(): void {
    this.#disarm();
  }

  /** Returns how many entries and framing records were published again. */
  async republishOld(): Promise<number> {
    const { database, writer, keeper, clock, logAgeSecondsMax } = this.options;
    const madeBefore = epochMs(clock.wall() - (logAgeSecondsMax * 1000) / 2);
    const epoch = currentEpoch(database);
    if (epoch === undefined || keeper.state().kind !== 'open') return 0;
    let published = await this.options.opening.renew(epoch, madeBefore);
    for (;;) {
      const state = keeper.state();
      if (state.kind !== 'open') return published;
      const query = { madeBefore, now: clock.wall(), limit: ROUND_ENTRIES_MAX };
      const entries = { revocations: liveCarriedBefore(database, query), lifts: liftsCarriedBefore(database, query) };
      const count = entries.revocations.length + entries.lifts.length;
      if (count === 0) return published;
      await writer.publish(entries, state.epoch);
      published += count;
    }
  }

  async #turn(): Promise<void> {
    try {
      const entries = await this.republishOld();
      if (entries > 0) this.options.log.info('publishedAgain', { entries });
    } catch (error) {
      this.options.log.warn('notPublishedAgain', { error });
    }
    this.#arm(LOOK_MS);
  }

  /** Several instances must not look in the same moment: the first to do so publishes, and the others take it from the log. */
  #arm(ms: number): void {
    this.#disarm = this.options.schedule(ms * (0.5 + Math.random()), () => void this.#turn());
  }
}
