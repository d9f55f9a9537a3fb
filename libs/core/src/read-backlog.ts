import { type SequenceRange } from './log-progress.js';
import { type FeedRecord } from './record.js';

interface Answered {
  readonly range: SequenceRange;
  readonly records: readonly FeedRecord[];
  done: number;
}

/**
 * Records that the log answered and that wait for their turn. A range stays in here until its last record is taken, and
 * counts as being read until then: so what waits is bounded by the reads in flight.
 */
export class ReadBacklog {
  #answers: Answered[] = [];

  get isEmpty(): boolean {
    return this.#answers.length === 0;
  }

  get ranges(): readonly SequenceRange[] {
    return this.#answers.map(({ range }) => range);
  }

  add(range: SequenceRange, records: readonly FeedRecord[]): void {
    if (records.length > 0) this.#answers.push({ range, records, done: 0 });
  }

  clear(): void {
    this.#answers = [];
  }

  /** The next records in order of arrival, until together they weigh `weightMax`. */
  *take(weightMax: number): Generator<FeedRecord, void> {
    let weight = 0;
    for (let next = this.#answers[0]; next !== undefined && weight < weightMax; next = this.#answers[0]) {
      const record = next.records[next.done];
      next.done += 1;
      if (next.done >= next.records.length) this.#answers.shift();
      if (record === undefined) continue;
      weight += weightOf(record);
      yield record;
    }
  }
}

const weightOf = (record: FeedRecord): number =>
  record.kind === 'record' && record.body.kind === 'revoked' ? record.body.revocations.length : 1;
