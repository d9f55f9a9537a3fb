import { type Condition, conditionText, letsOff, type Wave } from './condition.js';
import { type Filter } from './filter.js';
import { reaches } from './packed-entry.js';
import { type TokenFacts } from './token.js';

/** An entry that no table can hold. */
export interface SpilledEntry {
  readonly id: string;
  /** As in a table: kind, effect, whether it is endless. */
  readonly mark: number;
  /** Four words of its key. */
  readonly hash: readonly [number, number, number, number];
  /** Seconds; Infinity = until it is lifted. */
  readonly endsAt: number;
  /** Infinity, or the cut-off. */
  readonly reach: number;
  readonly condition?: Condition;
}

/** Measured with ids of 40 characters: the entry, its id, its hash as text, its share of both maps. */
const ENTRY_BYTES = 500;

/**
 * Entries with ids that are not 32 hex digits or with times that are no whole seconds, of which the service makes none; the rest of
 * keys that have more entries than a table takes, which is hardly any; and those with a condition, which are few, for only wide
 * revocations have one. So plain maps do; each check asks them only if there are any, and only when the filter said perhaps.
 */
export class SpilledEntries {
  count = 0;
  /** Of these, the ones with a condition. */
  conditioned = 0;
  readonly #byKey = new Map<string, SpilledEntry[]>();
  readonly #byId = new Map<string, SpilledEntry[]>();

  get bytes(): number {
    return this.count * ENTRY_BYTES;
  }

  /** Whether an entry without a condition is here that hits all that this one does. */
  hasPlain(entry: SpilledEntry): boolean {
    return this.#byId.get(entry.id)?.some((other) => other.condition === undefined && isTwin(other, entry)) === true;
  }

  /** Takes out what says the same as `plain` with a condition: nothing of it is left to hit. */
  takeTwins(plain: SpilledEntry): readonly SpilledEntry[] {
    const twins = (this.#byId.get(plain.id) ?? []).filter(
      (other) => other.condition !== undefined && isTwin(other, plain),
    );
    for (const entry of twins) this.#remove(entry);
    return twins;
  }

  /** Whether this very entry is here already. */
  has(entry: SpilledEntry): boolean {
    return this.#byId.get(entry.id)?.some((other) => isSame(other, entry)) === true;
  }

  add(entry: SpilledEntry): void {
    this.count++;
    if (entry.condition !== undefined) this.conditioned++;
    const list = this.#byKey.get(keyText(entry.hash));
    if (list === undefined) this.#byKey.set(keyText(entry.hash), [entry]);
    else list.splice(placeOf(entry, list), 0, entry);
    const sameId = this.#byId.get(entry.id);
    if (sameId === undefined) this.#byId.set(entry.id, [entry]);
    else sameId.push(entry);
  }

  /** Takes out all entries of this id and answers them. */
  takeId(id: string): readonly SpilledEntry[] {
    const entries = [...(this.#byId.get(id) ?? [])];
    for (const entry of entries) this.#remove(entry);
    return entries;
  }

  /** Takes out entries for which `isGone` says so, at most `max`. */
  takeWhere(isGone: (entry: SpilledEntry) => boolean, max: number): readonly SpilledEntry[] {
    const gone: SpilledEntry[] = [];
    for (const entry of this.all()) {
      if (gone.length >= max) break;
      if (isGone(entry)) gone.push(entry);
    }
    for (const entry of gone) this.#remove(entry);
    return gone;
  }

  /**
   * The entry of the key that reaches farthest, of those that hit the token. They stand in that order: what one does not
   * reach, none after it does; but one that lets the token off says nothing about the next.
   */
  farthest(hash: ArrayLike<number>, seconds: number, token: TokenFacts, wave: Wave): SpilledEntry | undefined {
    for (const entry of this.#byKey.get(keyText(hash)) ?? []) {
      if (seconds >= entry.endsAt) continue;
      if (!reaches(entry.reach, token.cutoffTime)) return undefined;
      const { condition, id } = entry;
      if (condition === undefined || !letsOff(condition, { id, token, seconds, wave })) return entry;
    }
    return undefined;
  }

  hasKey(hash: ArrayLike<number>): boolean {
    return this.#byKey.has(keyText(hash));
  }

  *all(): Iterable<SpilledEntry> {
    for (const entries of this.#byKey.values()) yield* entries;
  }

  copyHashes(filter: Filter): number {
    for (const [entry] of this.#byKey.values()) if (entry !== undefined) filter.add(entry.hash[0], entry.hash[1]);
    return this.#byKey.size;
  }

  #remove(entry: SpilledEntry): void {
    this.count--;
    if (entry.condition !== undefined) this.conditioned--;
    without(this.#byKey, keyText(entry.hash), entry);
    without(this.#byId, entry.id, entry);
  }
}

const keyText = (hash: ArrayLike<number>): string => `${hash[0]},${hash[1]},${hash[2]},${hash[3]}`;

const isSame = (a: SpilledEntry, b: SpilledEntry): boolean =>
  isTwin(a, b) && conditionText(a.condition) === conditionText(b.condition);

/** Whether two entries of one id say the same but for the condition. */
export const isTwin = (a: SpilledEntry, b: SpilledEntry): boolean =>
  a.mark === b.mark && a.endsAt === b.endsAt && a.reach === b.reach && keyText(a.hash) === keyText(b.hash);

/** By reach, the farthest first, then by id: every node names the same revocation. */
const compare = (a: SpilledEntry, b: SpilledEntry): number => {
  if (a.reach !== b.reach) return a.reach > b.reach ? -1 : 1;
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return b.endsAt === a.endsAt ? 0 : b.endsAt - a.endsAt;
};

/** Where `entry` belongs, by halving: a key that is revoked each second must not cost the square of its entries. */
const placeOf = (entry: SpilledEntry, entries: readonly SpilledEntry[]): number => {
  let [from, to] = [0, entries.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = entries[middle];
    if (other !== undefined && compare(other, entry) <= 0) from = middle + 1;
    else to = middle;
  }
  return from;
};

const without = (map: Map<string, SpilledEntry[]>, name: string, entry: SpilledEntry): void => {
  const entries = map.get(name) ?? [];
  entries.splice(entries.indexOf(entry), 1);
  if (entries.length === 0) map.delete(name);
};
