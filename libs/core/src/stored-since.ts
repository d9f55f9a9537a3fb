import { type MonotonicMs, type Sequence } from './units.js';

interface Known {
  readonly sequence: Sequence;
  readonly at: MonotonicMs;
}

/** Moments remembered per epoch; of more, every second one is dropped, which only ever makes an answer later. */
const MOMENTS_MAX = 4_096;
/** The epoch of now and the one before it, whose records may still be asked about. */
const EPOCHS_MAX = 2;

/**
 * Since when this process knows a record to be stored, by its own monotonic clock. A PubAck that another process heard,
 * or this one before it was started again, is dated by a clock that may have been anywhere; the moment at which we first
 * hear of it is later than the PubAck for sure. A log is filled in order, so what is known of one record holds for all before it.
 */
export class StoredSince {
  /** Ascending in both. */
  readonly #epochs = new Map<string, Known[]>();

  /** The record is stored. */
  note(epoch: string, sequence: Sequence, at: MonotonicMs): void {
    const known = this.#momentsOf(epoch);
    if (sequence <= (known.at(-1)?.sequence ?? 0)) return;
    known.push({ sequence, at });
    if (known.length > MOMENTS_MAX)
      this.#epochs.set(
        epoch,
        known.filter((_, place) => place % 2 === 0 || place === known.length - 1),
      );
  }

  /** Undefined where nothing is known of it. */
  at(epoch: string, sequence: Sequence): MonotonicMs | undefined {
    const known = this.#epochs.get(epoch) ?? [];
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((known[middle]?.sequence ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return known[low]?.at;
  }

  #momentsOf(epoch: string): Known[] {
    const known = this.#epochs.get(epoch) ?? [];
    this.#epochs.set(epoch, known);
    for (const oldest of this.#epochs.keys()) {
      if (this.#epochs.size <= EPOCHS_MAX) break;
      this.#epochs.delete(oldest);
    }
    return known;
  }
}
