import { type Sequence } from '@revocast/core';

/** What can be confirmed: a revocation or the lift of one, by the revocation's id. */
export interface Entry {
  readonly kind: 'revoked' | 'lifted';
  readonly id: string;
}

/** Where the log has it. */
export interface Stored {
  readonly epoch: string;
  readonly sequence: Sequence;
}

type Settle = (stored: Stored | undefined) => void;

const nameOf = ({ kind, id }: Entry): string => `${kind}:${id}`;

/** Tells those who wait that the broker has stored what they wait for. */
export class Confirmations {
  readonly #waiting = new Map<string, Set<Settle>>();

  confirm(entries: readonly Entry[], stored: Stored): void {
    for (const entry of entries) for (const settle of this.#waiting.get(nameOf(entry)) ?? []) settle(stored);
  }

  /** Ends all waits: the broker is gone, and nobody knows for how long. */
  giveUp(): void {
    for (const waiting of [...this.#waiting.values()]) for (const settle of [...waiting]) settle(undefined);
  }

  /** Resolves with its place once confirmed, with undefined after `timeoutMs` or when all waits are given up. */
  wait(entry: Entry, timeoutMs: number): Promise<Stored | undefined> {
    return new Promise((resolve) => {
      const settle: Settle = (stored) => {
        clearTimeout(timer);
        this.#forget(entry, settle);
        resolve(stored);
      };
      const timer = setTimeout(() => settle(undefined), timeoutMs);
      const waiting = this.#waiting.get(nameOf(entry)) ?? new Set();
      this.#waiting.set(nameOf(entry), waiting.add(settle));
    });
  }

  #forget(entry: Entry, settle: Settle): void {
    const waiting = this.#waiting.get(nameOf(entry));
    waiting?.delete(settle);
    if (waiting?.size === 0) this.#waiting.delete(nameOf(entry));
  }
}
