import { IDENTITIES_MAX } from './follower-limits.js';
import { type Sequence } from './units.js';

interface Slot {
  readonly sequence: Sequence;
  readonly identity: string;
}

/** The identities of the last `IDENTITIES_MAX` sequences of one log: what settles whether two records are one. */
export class RecentIdentities {
  readonly #slots = new Map<number, Slot>();
  readonly #sequences = new Map<string, Sequence>();

  /** The log has one record per sequence, so what is said last counts; older sequences give way to newer ones. */
  remember(sequence: Sequence, identity: string): void {
    const slot = sequence % IDENTITIES_MAX;
    const before = this.#slots.get(slot);
    if (before !== undefined && before.sequence > sequence) return;
    if (before !== undefined) this.#forget(before);
    this.#slots.set(slot, { sequence, identity });
    this.#sequences.set(identity, sequence);
  }

  at(sequence: Sequence): string | undefined {
    const slot = this.#slots.get(sequence % IDENTITIES_MAX);
    return slot?.sequence === sequence ? slot.identity : undefined;
  }

  /** Where a record of this identity stands in the log, as far as remembered. */
  sequenceOf(identity: string): Sequence | undefined {
    return this.#sequences.get(identity);
  }

  #forget({ sequence, identity }: Slot): void {
    if (this.#sequences.get(identity) === sequence) this.#sequences.delete(identity);
  }
}
