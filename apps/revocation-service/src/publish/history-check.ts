import { type Head, type Instant, type LogIdentity, sequence, type Sequence } from '@revocast/core';
import { type PublishAck, type Publisher } from '@revocast/jetstream';
import { type Database } from '../journal/database.js';
import { newestConfirmed, type PlacedRecord } from '../journal/records.js';

/**
 * Records compared in one look: more than that are confirmed between two looks only under load, and a loss takes the newest
 * ones. Each costs the check of a signature, so a look costs a tenth of a second at most.
 */
const COMPARED_MAX = 256;
const READ_RECORDS_MAX = 64;

export interface HistoryCheckOptions {
  readonly database: Database;
  readonly publisher: Pick<Publisher, 'read'>;
}

/**
 * Compares what stands in the log with what the broker confirmed. The head alone does not show a loss that somebody else's
 * records, or our own next ones, have filled up since.
 */
export class HistoryCheck {
  #log: LogIdentity | undefined;
  /** The highest record that was compared and found. */
  #upTo = sequence(0);

  constructor(private readonly options: HistoryCheckOptions) {}

  /**
   * False when another record stands where one of the journal's was confirmed. Looks at what was confirmed since the last
   * time, and at the last one compared: a loss takes everything from some record on, so it shows in one of these.
   */
  async isKept({ log, first, last }: Head): Promise<boolean> {
    const { database, publisher } = this.options;
    if (this.#log?.name !== log.name || this.#log.created !== log.created) this.#upTo = sequence(0);
    this.#log = log;
    const from = sequence(Math.max(first, this.#upTo));
    const expected = newestConfirmed(database, log.epoch, { from, to: last, limit: COMPARED_MAX });
    for (const chunk of chunksOf(expected)) {
      const [lowest, highest] = [chunk[0], chunk.at(-1)];
      if (lowest === undefined || highest === undefined) continue;
      const records = await publisher.read(log, lowest.sequence, highest.sequence);
      const standing = new Map(records.map(({ sequence: at, identity }) => [at, identity]));
      if (chunk.some(({ sequence: at, id }) => (standing.get(at) ?? id) !== id)) return false;
    }
    this.#upTo = expected.at(-1)?.sequence ?? this.#upTo;
    return true;
  }
}

/** Ascending records in pieces that one read covers; what lies between them is read in vain. */
function chunksOf(records: readonly PlacedRecord[]): readonly (readonly PlacedRecord[])[] {
  const chunks: PlacedRecord[][] = [];
  for (const record of records) {
    const chunk = chunks.at(-1);
    const begin = chunk?.[0]?.sequence ?? -Infinity;
    if (chunk !== undefined && record.sequence - begin < READ_RECORDS_MAX) chunk.push(record);
    else chunks.push([record]);
  }
  return chunks;
}

/**
 * Whether this acknowledgement shows that the log lost records: it had stored up to `before` before the record was sent.
 * A log counts up, and says so where it answers a repeated record with the sequence of its first time.
 */
export const showsLoss = (ack: Pick<PublishAck, 'duplicate' | 'sequence'>, before: Sequence): boolean =>
  !ack.duplicate && ack.sequence <= before;

/** The publisher waits for 5 s. Milliseconds. */
const ACK_AGE_MS_MAX = 6_000;

/**
 * Whether an answer lay there while we were stopped or suspended: it says what the log had then. By both clocks, for the
 * monotonic one may stand still meanwhile.
 */
export const waitedForUs = (sentAt: Instant, heardAt: Instant): boolean =>
  Math.max(heardAt.wall - sentAt.wall, heardAt.monotonic - sentAt.monotonic) > ACK_AGE_MS_MAX;
