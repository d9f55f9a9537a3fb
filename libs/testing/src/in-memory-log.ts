import { type FeedRecord, type LogIdentity, RevocationError, type Sequence, sequence } from '@revocast/core';

type WithoutSequence<Placed> = Placed extends unknown ? Omit<Placed, 'sequence'> : never;
/** A record before the log gave it a sequence. */
export type UnplacedRecord = WithoutSequence<FeedRecord>;

/** A log in memory, with the misfortunes that a real one can meet. */
export class InMemoryLog {
  readonly identity: LogIdentity;
  #records = new Map<number, FeedRecord>();
  #first = 1;
  #last = 0;

  constructor(identity: LogIdentity) {
    this.identity = identity;
  }

  get first(): Sequence {
    return sequence(this.#first);
  }

  get last(): Sequence {
    return sequence(this.#last);
  }

  at(place: Sequence): FeedRecord | undefined {
    return this.#records.get(place);
  }

  append(record: UnplacedRecord): FeedRecord {
    this.#last += 1;
    const placed = { ...record, sequence: sequence(this.#last) };
    this.#records.set(this.#last, placed);
    return placed;
  }

  /** What is below `first` is left out: it has aged out. What is above `last` is refused. */
  read(from: Sequence, to: Sequence): readonly FeedRecord[] {
    if (to > this.#last) throw new RevocationError('ERR_LOG_UNAVAILABLE', `Nothing at ${to} yet.`);
    const records: FeedRecord[] = [];
    for (let at = Math.max(from, this.#first); at <= to; at += 1) {
      const record = this.#records.get(at);
      if (record === undefined) throw new RevocationError('ERR_LOG_UNAVAILABLE', `Nothing at ${at}.`);
      records.push(record);
    }
    return records;
  }

  /** Everything before `first` has lived longer than the log keeps it. */
  ageOut(first: number): void {
    for (let at = this.#first; at < first; at += 1) this.#records.delete(at);
    this.#first = first;
  }

  /** A power loss: acknowledged records are gone, and their sequences will be given out again. */
  rollBackTo(last: number): void {
    for (let at = last + 1; at <= this.#last; at += 1) this.#records.delete(at);
    this.#last = last;
    this.#first = Math.min(this.#first, last + 1);
  }

  records(): readonly FeedRecord[] {
    return [...this.#records.values()];
  }
}
