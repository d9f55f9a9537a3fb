import { type FeedRecord, RevocationError, type Schedule, type Sequence } from '@revocast/core';
import { type EncodedRecord, type PublishAck } from '@revocast/jetstream';

/** Publishes under way at once. Their order in the log does not matter: records commute. */
const IN_FLIGHT_MAX = 64;
/** Records that wait in memory for a broker that is away: beyond it new commands are refused. */
const RECORDS_MAX = 10_000;
const BYTES_MAX = 64 * 1024 * 1024;
/** Pause after an attempt whose outcome is unknown; doubled up to the longest. Milliseconds. */
const PAUSE_MS_FIRST = 100;
const PAUSE_MS_MAX = 5_000;

export interface OutboxOptions {
  readonly publish: (record: EncodedRecord) => Promise<Publication>;
  readonly schedule: Schedule;
  /** Called before the promises of `send` resolve: the journal learns the outcomes first, many in one transaction. */
  readonly acked: (outcomes: readonly Outcome[]) => void;
  /** The broker refused, or another log owns the subjects: somebody should look at the log. */
  readonly doubted: (error: RevocationError) => void;
}

export interface Publication {
  readonly ack: PublishAck;
  /** What the log has under this id, where the broker had a record of it already: our own, or that of another instance. */
  readonly stored: FeedRecord | undefined;
}

export interface Outcome extends Publication {
  readonly recordId: string;
}

interface Item {
  readonly record: EncodedRecord;
  readonly resolve: (at: Sequence) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
}

/**
 * Publishes records until the broker confirms each, always with the same bytes: nobody knows the outcome of an attempt
 * that was not answered, and the broker recognises a repeated one by its id. It is open only while the log is known to be ours.
 */
export class Outbox {
  #waiting: Item[] = [];
  /** Everything not confirmed, by record id. */
  readonly #items = new Map<string, Item>();
  readonly #outcomes: Outcome[] = [];
  #bytes = 0;
  #inFlight = 0;
  #isClosed = false;
  #epoch: string | undefined;
  #disarm: (() => void) | undefined;

  constructor(private readonly options: OutboxOptions) {}

  /** Records not yet confirmed. */
  get size(): number {
    return this.#items.size;
  }

  isFull(): boolean {
    return this.#items.size >= RECORDS_MAX || this.#bytes >= BYTES_MAX;
  }

  /** Resolves with its sequence once the broker has confirmed the record; rejects with ERR_EPOCH_CHANGED when its epoch is given up. */
  send(record: EncodedRecord): Promise<Sequence> {
    return new Promise((resolve, reject) => {
      const item: Item = { record, resolve, reject, attempts: 0 };
      this.#items.set(record.id, item);
      this.#bytes += record.payload.byteLength;
      this.#waiting.push(item);
      this.#pump();
    });
  }

  /** The log of this epoch was seen and is ours: its records may go out. */
  open(epoch: string): void {
    this.#epoch = epoch;
    this.#giveUp((item) => item.record.epoch !== epoch);
    this.#pump();
  }

  /** Nothing goes out until the log has been looked at again. */
  hold(): void {
    this.#epoch = undefined;
  }

  /** Gives up all records: their epoch is over, and their entries travel in new ones. */
  drop(): void {
    this.#giveUp(() => true);
  }

  close(): void {
    this.hold();
    this.#isClosed = true;
    this.#disarm?.();
  }

  #giveUp(isOver: (item: Item) => boolean): void {
    for (const item of [...this.#items.values()].filter(isOver)) {
      this.#remove(item);
      item.reject(new RevocationError('ERR_EPOCH_CHANGED', 'The epoch of the record is over.'));
    }
    this.#waiting = this.#waiting.filter((item) => this.#items.has(item.record.id));
  }

  #pump(): void {
    while (this.#epoch !== undefined && this.#inFlight < IN_FLIGHT_MAX) {
      const item = this.#waiting.shift();
      if (item === undefined) return;
      void this.#attempt(item);
    }
  }

  async #attempt(item: Item): Promise<void> {
    this.#inFlight++;
    item.attempts++;
    try {
      this.#note({ recordId: item.record.id, ...(await this.options.publish(item.record)) });
    } catch (error) {
      this.#repeat(item, error);
    } finally {
      this.#inFlight--;
      this.#pump();
    }
  }

  #note(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    if (this.#outcomes.length === 1) setImmediate(() => this.#settle());
  }

  /** An outcome that the journal could not take is no outcome: the record goes out once more, and the broker knows it. */
  #settle(): void {
    if (this.#isClosed) return;
    // Of a record that was given up meanwhile nothing is to be noted: its entries travel in another one.
    const outcomes = this.#outcomes.splice(0).filter(({ recordId }) => this.#items.has(recordId));
    const items = outcomes.flatMap(({ recordId, ack }) => {
      const item = this.#items.get(recordId);
      return item === undefined ? [] : [{ item, at: ack.sequence }];
    });
    try {
      this.options.acked(outcomes);
    } catch (error) {
      for (const { item } of items) this.#repeat(item, error);
      return;
    }
    for (const { item, at } of items) {
      this.#remove(item);
      item.resolve(at);
    }
  }

  #remove(item: Item): void {
    this.#items.delete(item.record.id);
    this.#bytes -= item.record.payload.byteLength;
  }

  #repeat(item: Item, error: unknown): void {
    if (!this.#items.has(item.record.id) || this.#isClosed) return;
    this.#waiting.unshift(item);
    this.hold();
    const pause = Math.min(PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** Math.min(item.attempts - 1, 10));
    const doubt =
      error instanceof RevocationError
        ? error
        : new RevocationError('ERR_INVARIANT', 'A publish failed', { cause: error });
    this.#disarm?.();
    this.#disarm = this.options.schedule(pause, () => this.options.doubted(doubt));
  }
}
