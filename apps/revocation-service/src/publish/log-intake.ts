import { type Clock, type Head, type LogIdentity, type Schedule, sequence, type Sequence } from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { type Database } from '../journal/database.js';
import { currentEpoch, noteTaken } from '../journal/epochs.js';
import { takeRecords, type Taken } from '../journal/intake.js';
import { lastWithoutGap, nextKnown } from '../journal/records.js';
import { type ServiceLog } from '../log/service-log.js';

/**
 * Records per read and transaction. A full one holds some hundred revocations, so a chunk bounds both memory (4 MiB) and
 * how long the event loop stands still; others get their turn between two chunks.
 */
const CHUNK_RECORDS = 64;
/** Pause after a read that failed: a copy of the log lags, or the broker is away. Milliseconds. */
const RETRY_MS = 500;
/** A hint from the live feed may lie: the signature covers the record, not its sequence. Further ahead than this it waits for a head. */
const HINT_AHEAD_MAX = 16_384;

export interface LogIntakeOptions {
  readonly database: Database;
  readonly publisher: Pick<Publisher, 'read'>;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly log: ServiceLog;
  /** The journal learnt of records that it did not publish. `isNews`: it had everything before, so they are new in the log. */
  readonly taken: (taken: Taken, isNews: boolean) => void;
  /** The log of this name was found to have records up to there, whoever wrote them. */
  readonly stored: (log: string, at: Sequence) => void;
}

/**
 * Takes what other instances publish, or what a lost journal had published, from the log into the journal, in order and
 * without gaps: so any instance can list, lift and answer for all, and write everything anew when the log is lost.
 * It reads by itself instead of following the live feed: how far it came stands in the journal, a burst waits in the log and not
 * in memory, and nothing has to be read twice after a restart.
 */
export class LogIntake {
  #log: LogIdentity | undefined;
  /** Everything up to here is in the journal. */
  #taken: Sequence = sequence(0);
  /** The log has, or is said to have, records up to here. */
  #target: Sequence = sequence(0);
  #proven: Sequence = sequence(0);
  #hadAll = false;
  #running: Promise<void> | undefined;
  #disarm: () => void = () => undefined;
  #isClosed = false;
  readonly #waiting = new Set<() => void>();
  readonly #counts = { records: 0, revocations: 0, lifts: 0, overruled: 0 };

  constructor(private readonly options: LogIntakeOptions) {}

  /** Counted since the process began. */
  get counts(): Readonly<Record<'records' | 'revocations' | 'lifts' | 'overruled', number>> {
    return this.#counts;
  }

  /** Up to where the journal has every record of the current log; own records that are confirmed count. */
  watermark(): Sequence {
    if (this.#log !== undefined) this.#taken = lastWithoutGap(this.options.database, this.#log.epoch, this.#taken);
    return this.#taken;
  }

  /** Records of the log that the journal does not have yet, as far as known. */
  behind(): number {
    return Math.max(0, this.#proven - this.watermark());
  }

  /** The leader's word about the log that the journal belongs to. */
  follow(head: Head): void {
    if (this.#log?.name !== head.log.name || this.#log.created !== head.log.created) this.#begin(head.log);
    // What has aged out can hit nothing any more.
    if (head.first - 1 > this.#taken) this.#taken = sequence(head.first - 1);
    if (head.last > this.#proven) this.#proven = head.last;
    if (head.last > this.#target) this.#target = head.last;
    this.#run();
  }

  /** Something says that the log reaches so far. */
  hint(epoch: string, at: Sequence): void {
    if (epoch !== this.#log?.epoch || at <= this.#target || at > this.#taken + HINT_AHEAD_MAX) return;
    this.#target = at;
    this.#run();
  }

  /** Everything that the log is known to have now; resolves with false after `timeoutMs`. */
  async caughtUp(timeoutMs: number): Promise<boolean> {
    return this.#taken >= this.#target || this.reached(this.#target, timeoutMs);
  }

  /** Resolves with true once the journal has everything up to `to`, with false after `timeoutMs`. */
  async reached(to: Sequence, timeoutMs: number): Promise<boolean> {
    if (this.watermark() >= to) return true;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        if (this.#taken < to && !this.#isClosed && !expired) return;
        this.#waiting.delete(done);
        cancel();
        resolve();
      };
      let expired = false;
      const cancel = this.options.schedule(timeoutMs, () => {
        expired = true;
        done();
      });
      this.#waiting.add(done);
      this.#run();
    });
    return this.watermark() >= to;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#disarm();
    this.#tell();
    await this.#running;
  }

  #begin(log: LogIdentity): void {
    const journal = currentEpoch(this.options.database);
    this.#log = log;
    this.#taken = journal?.epoch === log.epoch ? journal.taken : sequence(0);
    this.#target = sequence(0);
    this.#proven = sequence(0);
    this.#hadAll = false;
  }

  #run(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    this.#disarm();
    this.#running = this.#readAll().then((isDone) => {
      this.#running = undefined;
      if (this.#target <= this.#taken || this.#isClosed) return;
      // What was hinted at while the last read ended; or what could not be read.
      if (isDone) this.#run();
      else this.#disarm = this.options.schedule(RETRY_MS, () => this.#run());
    });
  }

  /** False when it could not read on. */
  async #readAll(): Promise<boolean> {
    for (;;) {
      const log = this.#log;
      if (log === undefined || this.#isClosed || this.watermark() >= this.#target) return this.#ended();
      try {
        await this.#readChunk(log);
      } catch (error) {
        // A hint that no head confirms is forgotten; what is really there will be heard of again.
        this.#target = this.#proven;
        if (this.#target > this.#taken) this.options.log.warn('logNotRead', { error });
        return false;
      }
    }
  }

  #ended(): boolean {
    this.#hadAll ||= this.#proven > 0;
    this.#tell();
    return true;
  }

  async #readChunk(log: LogIdentity): Promise<void> {
    const { database, publisher, clock } = this.options;
    const from = sequence(this.#taken + 1);
    const ownFrom = nextKnown(database, log.epoch, this.#taken);
    const to = sequence(Math.min(this.#target, from + CHUNK_RECORDS - 1, (ownFrom ?? Infinity) - 1));
    const records = await publisher.read(log, from, to);
    if (this.#isClosed || this.#log !== log) return;
    const taken = database.transaction(() => {
      const result = takeRecords(database, records, log.epoch, clock.wall());
      noteTaken(database, log.epoch, to);
      return result;
    });
    this.#taken = to;
    this.options.stored(log.name, to);
    this.#count(taken);
    if (taken.recordIds.length > 0) this.options.taken(taken, this.#hadAll);
    this.#tell();
  }

  #count({ recordIds, revocations, lifts, overruled }: Taken): void {
    this.#counts.records += recordIds.length;
    this.#counts.revocations += revocations;
    this.#counts.lifts += lifts;
    this.#counts.overruled += overruled;
  }

  #tell(): void {
    for (const done of [...this.#waiting]) done();
  }
}
