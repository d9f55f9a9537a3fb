import { createBloomFilter } from './bloom-filter.js';
import { type TextFilter } from './text-filter.js';
import { compareEntries, countsPerKind, type Entry, entryOf, hits, isSameEntry } from './index-entry.js';
import { type CutoffClaim } from '../src/issuer-settings.js';
import { KEY_KINDS, type KeyKind, keyOf, tokenKey } from '../src/key.js';
import { RECLAIM_AFTER_SECONDS, type RevocationIndex } from '../src/revocation-index.js';
import { type Lift, type Revocation } from '../src/revocation.js';
import { Timeline } from './timeline.js';
import { type TokenFacts } from '../src/token.js';
import { type EpochMs } from '../src/units.js';
import { type Hit } from '../src/verdict.js';

interface Tombstone {
  readonly id: string;
  readonly endsAt: number;
}

/** What of an index can be asked of this one. */
export type AnsweringIndex = Omit<RevocationIndex, 'image' | 'readImage' | 'size'> & {
  readonly liveEntries: (now: EpochMs) => number;
};

/**
 * The first index: plain maps behind a Bloom filter of texts, 740 bytes an entry. It shares no code with the one that ships
 * and answers fast enough for millions of steps, which makes it the oracle of the soak.
 */
export class PlainIndex implements AnsweringIndex {
  /** Present entries by key, each list in the order of `compareEntries`. */
  readonly #byKey = new Map<string, Entry[]>();
  /** Several per id only if two records were given one id: both count, since only a miss hurts. */
  readonly #byId = new Map<string, readonly Entry[]>();
  readonly #tombstones = new Map<string, number>();
  /** Present, running entries per kind of key: a kind without any costs a check nothing. */
  readonly #live = countsPerKind();
  readonly #entryEnds = new Timeline<Entry>({
    ended: (entry) => this.#change(entry, { running: false }),
    resumed: (entry) => this.#change(entry, { running: true }),
  });
  readonly #tombstoneEnds = new Timeline<Tombstone>({ ended: () => undefined, resumed: () => undefined });

  readonly filter: TextFilter;

  constructor(hashKey: Uint8Array) {
    this.filter = createBloomFilter({ hashKey });
  }

  apply(revocation: Revocation): void {
    if (this.#tombstones.has(revocation.id)) return;
    const entry = entryOf(revocation);
    const known = this.#byId.get(entry.id) ?? [];
    if (known.some((other) => isSameEntry(other, entry))) return;
    this.#byId.set(entry.id, [...known, entry]);
    this.#insert(entry);
  }

  lift({ id, retainUntil }: Lift): void {
    const known = this.#tombstones.get(id);
    if (known === undefined || known < retainUntil) {
      this.#tombstones.set(id, retainUntil);
      this.#tombstoneEnds.add({ id, endsAt: retainUntil });
    }
    for (const entry of this.#byId.get(id) ?? []) this.#remove(entry);
  }

  find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    const seconds = now / 1000;
    this.#entryEnds.moveTo(seconds);
    let afterLogin: Hit | undefined;
    for (const kind of KEY_KINDS) {
      if (this.#live[kind] === 0) continue;
      const entry = this.#hitting(kind, token, seconds);
      if (entry === undefined) continue;
      const byAuthTime = entry.effect.kind === 'issuedBefore' && cutoffClaim === 'auth_time';
      const hit: Hit = { scope: entry.scope, revocationId: entry.id, byAuthTime };
      // `byAuthTime` tells the client that logging in again helps: it does so only if nothing else hits.
      if (!byAuthTime) return hit;
      afterLogin ??= hit;
    }
    return afterLogin;
  }

  reclaim(now: EpochMs, newestTick: EpochMs, entriesMax: number): number {
    this.#entryEnds.moveTo(now / 1000);
    this.#tombstoneEnds.moveTo(now / 1000);
    const limit = Math.min(now, newestTick) / 1000 - RECLAIM_AFTER_SECONDS;
    let reclaimed = 0;
    while (reclaimed < entriesMax && (this.#reclaimEntry(limit) || this.#reclaimTombstone(limit))) reclaimed++;
    this.#rebuildFilter();
    return reclaimed;
  }

  liveEntries(now: EpochMs): number {
    this.#entryEnds.moveTo(now / 1000);
    return KEY_KINDS.reduce((sum, kind) => sum + this.#live[kind], 0);
  }

  #hitting(kind: KeyKind, token: TokenFacts, seconds: number): Entry | undefined {
    const key = tokenKey(kind, token);
    if (key === undefined) return undefined;
    const text = keyOf(token.issuer, key);
    if (!this.filter.mightContain(text)) return undefined;
    // The first running entry reaches farthest: what it does not hit, none after it does.
    const farthest = this.#byKey.get(text)?.find((entry) => seconds < entry.endsAt);
    return farthest !== undefined && hits(farthest.effect, token) ? farthest : undefined;
  }

  #insert(entry: Entry): void {
    const entries = this.#byKey.get(entry.key);
    if (entries === undefined) {
      this.#byKey.set(entry.key, [entry]);
      this.filter.add(entry.key);
    } else {
      entries.splice(placeOf(entry, entries), 0, entry);
    }
    this.#count(entry, 1);
    if (entry.endsAt !== Infinity) this.#entryEnds.add(entry);
  }

  #remove(entry: Entry): void {
    this.#change(entry, { present: false });
    without(this.#byId, entry.id, entry);
    const entries = this.#byKey.get(entry.key) ?? [];
    entries.splice(entries.indexOf(entry), 1);
    if (entries.length === 0) this.#byKey.delete(entry.key);
  }

  /** Every change of what is counted goes through here, so that the counts cannot drift from the entries. */
  #change(entry: Entry, change: Partial<Pick<Entry, 'present' | 'running'>>): void {
    this.#count(entry, -1);
    Object.assign(entry, change);
    this.#count(entry, 1);
  }

  #count(entry: Entry, by: 1 | -1): void {
    if (!entry.present || !entry.running) return;
    this.#live[entry.kind] += by;
  }

  #reclaimEntry(limit: number): boolean {
    const entry = this.#entryEnds.takeEnded(limit);
    if (entry?.present === true) this.#remove(entry);
    return entry !== undefined;
  }

  #reclaimTombstone(limit: number): boolean {
    const tombstone = this.#tombstoneEnds.takeEnded(limit);
    // A later lift of the same id may have prolonged it since.
    if (tombstone !== undefined && this.#tombstones.get(tombstone.id) === tombstone.endsAt) {
      this.#tombstones.delete(tombstone.id);
    }
    return tombstone !== undefined;
  }

  /** Once most of its keys are gone the filter is made anew: it cannot forget one by one. */
  #rebuildFilter(): void {
    if (this.filter.added > FILTER_KEYS_MIN && this.filter.added > 2 * this.#byKey.size) {
      this.filter.rebuild(this.#byKey.keys());
    }
  }
}

/** Below this many keys a filter is not worth making anew. */
const FILTER_KEYS_MIN = 1024;

/** Where `entry` belongs, by halving: a key that is revoked each second must not cost the square of its entries. */
const placeOf = (entry: Entry, entries: readonly Entry[]): number => {
  let [from, to] = [0, entries.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = entries[middle];
    if (other !== undefined && compareEntries(other, entry) <= 0) from = middle + 1;
    else to = middle;
  }
  return from;
};

const without = (map: Map<string, readonly Entry[]>, id: string, entry: Entry): void => {
  const rest = (map.get(id) ?? []).filter((other) => other !== entry);
  if (rest.length === 0) map.delete(id);
  else map.set(id, rest);
};
