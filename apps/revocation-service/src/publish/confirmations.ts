/** What can be confirmed: a revocation or the lift of one, by the revocation's id. */
export interface Entry {
  readonly kind: 'revoked' | 'lifted';
  readonly id: string;
}

type Settle = (confirmed: boolean) => void;

const nameOf = ({ kind, id }: Entry): string => `${kind}:${id}`;

/** Tells those who wait that the broker has stored what they wait for. */
export class Confirmations {
  readonly #waiting = new Map<string, Set<Settle>>();

  confirm(entries: readonly Entry[]): void {
    for (const entry of entries) for (const settle of this.#waiting.get(nameOf(entry)) ?? []) settle(true);
  }

  /** Ends all waits: the broker is gone, and nobody knows for how long. */
  giveUp(): void {
    for (const waiting of [...this.#waiting.values()]) for (const settle of [...waiting]) settle(false);
  }

  /** Resolves with true once confirmed, with false after `timeoutMs` or when all waits are given up. */
  wait(entry: Entry, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle: Settle = (confirmed) => {
        clearTimeout(timer);
        this.#forget(entry, settle);
        resolve(confirmed);
      };
      const timer = setTimeout(() => settle(false), timeoutMs);
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
