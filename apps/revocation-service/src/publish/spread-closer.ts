import { type Clock, type Schedule } from '@revocast/core';
import { type Database } from '../journal/database.js';
import { spreadsDue } from '../journal/revocations.js';
import { type ServiceLog } from '../log/service-log.js';
import { type EpochKeeper } from './epoch-keeper.js';
import { type Writer } from './writer.js';

/** How late the end of a spread may be published. Milliseconds. */
const LOOK_MS = 1_000;

export interface SpreadCloserOptions {
  readonly database: Database;
  readonly writer: Pick<Writer, 'publishPlain'>;
  readonly keeper: Pick<EpochKeeper, 'state'>;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly log: Pick<ServiceLog, 'info' | 'warn'>;
}

/**
 * Ends the waves of revocations whose time is over, whichever instance accepted them and however often the service was
 * started since: what is due stands in the journal. Only the record of this end proves that everybody is refused.
 */
export class SpreadCloser {
  #disarm: () => void = () => undefined;

  constructor(private readonly options: SpreadCloserOptions) {}

  start(): void {
    this.#disarm = this.options.schedule(LOOK_MS, () => {
      this.closeDue();
      this.start();
    });
  }

  close(): void {
    this.#disarm();
  }

  /** Without a log nothing ends; once there is one again it is the first look that finds what is due. */
  closeDue(): void {
    const { database, writer, keeper, clock, log } = this.options;
    const state = keeper.state();
    if (state.kind !== 'open') return;
    for (const entry of spreadsDue(database, clock.wall())) {
      log.info('spreadEnded', { id: entry.id });
      // A record that is dropped with its epoch is written anew with the next one, without the condition.
      writer.publishPlain(entry, state.epoch).catch((error: unknown) => log.warn('spreadEndUnconfirmed', { error }));
    }
  }
}
