import { createBlockedFilter } from './blocked-filter.js';
import { EntryStore } from './entry-store.js';
import { FilterKeeper } from './filter-keeper.js';
import { FALSE_POSITIVE_RATE_DEFAULT, type FilterFactory } from './filter.js';
import { type HashTable } from './hash-table.js';
import { type ImageTarget, readImage } from './image-reader.js';
import { writeImage } from './image-writer.js';
import { createWave, type Wave } from './condition.js';
import { type CutoffClaim } from './issuer-settings.js';
import { RowHit } from './index-hit.js';
import { KeyHash, kindNumber } from './key-hash.js';
import { kindOf } from './key.js';
import {
  CUTOFF_AT,
  END_AT,
  endOf,
  endsAtOf,
  ID_WORDS,
  idText,
  markOf,
  pack,
  reaches,
  reachOf,
  scopeOfKind,
} from './packed-entry.js';
import { type ImageReader, type IndexSize, RECLAIM_AFTER_SECONDS, type RevocationIndex } from './revocation-index.js';
import { type Lift, type Revocation } from './revocation.js';
import { type RevocationKey } from './scope.js';
import { type SpilledEntry } from './spilled-entries.js';
import { Sweep } from './sweep.js';
import { type TokenFacts } from './token.js';
import { Tombstones } from './tombstones.js';
import { type EpochMs } from './units.js';
import { type Hit } from './verdict.js';

export interface IndexOptions {
  /** 16 bytes, secret, one for a deployment: with a known one somebody could choose token ids that collide. */
  readonly hashKey: Uint8Array;
  /** Entries before the filter grows for the first time. Default 1,024: 2 KiB. */
  readonly capacity?: number;
  /** Share of foreign keys that the filter may let pass, below 1. Default 0.001: 16 bits a key. */
  readonly falsePositiveRate?: number;
  /** Makes the filter. Default: `createBlockedFilter`. */
  readonly filter?: FilterFactory;
}

/** An index in typed arrays: some 43 bytes an entry (`npm run bench:index`), and a check that allocates nothing. */
export const createIndex = (options: IndexOptions): RevocationIndex => new CompactIndex(options);

const CAPACITY_DEFAULT = 1_024;
/** With no more entries than this a lift takes its own out at once; otherwise `reclaim` does. Some ten microseconds. */
const LIFT_ROWS_MAX = 1_024;
/** Rows that one call of `reclaim` looks at: a few hundred microseconds. */
const RECLAIM_ROWS_MAX = 8_192;

const JTI = kindNumber('jti');
const SIGNING_INPUT_HASH = kindNumber('signingInputHash');
const SESSION = kindNumber('session');
const SUBJECT = kindNumber('subject');
const CLIENT = kindNumber('client');
const GRANT = kindNumber('grant');
const DEVICE = kindNumber('device');
const ISSUER = kindNumber('issuer');
const KID = kindNumber('kid');

/** Exported for the tests, which make its partitions small. */
export class CompactIndex implements RevocationIndex {
  readonly #hash: KeyHash;
  readonly #store: EntryStore;
  readonly #tombstones: Tombstones;
  readonly #filter: FilterKeeper;
  readonly #sweep: Sweep;
  readonly #wave: Wave;
  readonly #payload = new Int32Array(CUTOFF_AT + 1);
  /** Misses and false positives: a typed array, since a number that outgrows 32 bits would be allocated anew each time. */
  readonly #counters = new Float64Array(2);

  constructor({ hashKey, capacity, falsePositiveRate, filter }: IndexOptions, rowsMax?: number) {
    this.#hash = new KeyHash(hashKey);
    this.#wave = createWave(hashKey);
    this.#store = new EntryStore(rowsMax);
    this.#tombstones = new Tombstones(this.#hash, rowsMax);
    this.#sweep = new Sweep(this.#store, this.#tombstones);
    this.#filter = new FilterKeeper(this.#store, {
      makeFilter: filter ?? createBlockedFilter,
      falsePositiveRate: falsePositiveRate ?? FALSE_POSITIVE_RATE_DEFAULT,
      capacity: capacity ?? CAPACITY_DEFAULT,
    });
  }

  apply(revocation: Revocation): void {
    const { id, issuer, key, effect } = revocation;
    if (this.#tombstones.has(id)) return;
    const kind = kindNumber(kindOf(key));
    this.#hashKey(kind, issuer, key);
    const mark = markOf(kind, effect.kind, endsAtOf(revocation) === Infinity);
    const fits = revocation.condition === undefined && pack(revocation, this.#payload);
    if (fits && this.#store.spilled.count === 0) this.#addRow(effect.kind === 'issuedBefore', mark);
    else this.#applyBeside(revocation, mark, fits);
  }

  /** Where something stands beside the tables, or is to. */
  #applyBeside(revocation: Revocation, mark: number, fits: boolean): void {
    const { id, effect, condition } = revocation;
    const plain = { id, mark, endsAt: endsAtOf(revocation), reach: reachOf(effect), hash: this.#hashWords() };
    // The rows of a crowded key may have gone since it was spilled: it must not be counted twice.
    if (!fits || this.#store.spilled.has(plain)) {
      this.#spill(condition === undefined ? plain : { ...plain, condition });
    } else {
      this.#addRow(effect.kind === 'issuedBefore', mark);
      this.#store.removeTwins(plain);
    }
  }

  lift({ id, retainUntil }: Lift): void {
    if (!this.#tombstones.add(id, retainUntil)) return;
    if (this.#store.spilled.count > 0) this.#store.removeSpilledId(id);
    this.#sweep.liftsWait();
    if (this.#store.count > LIFT_ROWS_MAX) return;
    this.#sweep.run({ limit: -Infinity, removedMax: LIFT_ROWS_MAX, rowsMax: 2 * LIFT_ROWS_MAX });
  }

  find(token: TokenFacts, now: EpochMs, cutoffClaim: CutoffClaim): Hit | undefined {
    const seconds = now / 1000;
    const store = this.#store;
    let afterLogin: Hit | undefined;
    for (let i = 0; i < store.activeCount; i++) {
      const kind = store.active[i] ?? 0;
      if (!store.mayRun(kind, seconds) || !this.#recallHash(kind, token)) continue;
      const hit = this.#look(kind, token, seconds, cutoffClaim);
      if (hit === undefined) continue;
      // `byAuthTime` tells the client that logging in again helps: it does so only if nothing else hits.
      if (!hit.byAuthTime) return hit;
      afterLogin ??= hit;
    }
    return afterLogin;
  }

  reclaim(now: EpochMs, newestTick: EpochMs, entriesMax: number): number {
    const limit = Math.min(now, newestTick) / 1000 - RECLAIM_AFTER_SECONDS;
    const removed = this.#sweep.run({ limit, removedMax: entriesMax, rowsMax: RECLAIM_ROWS_MAX });
    this.#filter.maintain();
    return removed;
  }

  size(now: EpochMs): IndexSize {
    return {
      liveEntries: this.#store.running(now / 1000),
      tombstones: this.#tombstones.count,
      indexBytes: this.#store.bytes + this.#tombstones.bytes + this.#filter.bytes,
      filterCapacity: this.#filter.capacity,
      misses: this.#counters[0] ?? 0,
      falsePositives: this.#counters[1] ?? 0,
    };
  }

  image(): Iterable<Uint8Array> {
    return writeImage(this.#store, this.#tombstones, this.#hash);
  }

  readImage(): ImageReader {
    return readImage(this.#imageTarget(), this.#hash);
  }

  #imageTarget(): ImageTarget {
    return {
      store: this.#store,
      tombstones: this.#tombstones,
      filter: this.#filter,
      addRow: (withCutoff, mark, hash, payload) => {
        this.#hash.words.set(hash);
        this.#payload.set(payload);
        this.#addRow(withCutoff, mark);
      },
      spill: (entry) => {
        if (!this.#tombstones.has(entry.id)) this.#spill(entry);
      },
      liftsWait: () => this.#sweep.liftsWait(),
    };
  }

  /** Hashes and payload stand in `#hash.words` and `#payload`. */
  #addRow(withCutoff: boolean, mark: number): void {
    const { words } = this.#hash;
    const outcome = this.#store.add(withCutoff, words, mark, this.#payload);
    if (outcome === 'added') this.#filter.add(words[0] ?? 0, words[1] ?? 0);
    if (outcome !== 'full') return;
    const { 0: a = 0, 1: b = 0, 2: c = 0, 3: d = 0 } = this.#payload;
    this.#spill({
      id: idText(a, b, c, d),
      hash: this.#hashWords(),
      mark,
      endsAt: endOf(mark, this.#payload[END_AT] ?? 0),
      reach: withCutoff ? (this.#payload[CUTOFF_AT] ?? 0) >>> 0 : Infinity,
    });
  }

  #spill(entry: SpilledEntry): void {
    if (this.#store.spill(entry)) this.#filter.add(entry.hash[0], entry.hash[1]);
  }

  #hashWords(): [number, number, number, number] {
    const { 0: h0 = 0, 1: h1 = 0, 2: h2 = 0, 3: h3 = 0 } = this.#hash.words;
    return [h0, h1, h2, h3];
  }

  #hashKey(kind: number, issuer: string, key: RevocationKey): void {
    const hash = this.#hash;
    const field = fieldOf(key);
    if (field !== undefined) hash.first(kind, issuer, field);
    else if (key.scope === 'grant') hash.firstOf(kind, issuer, key.sub, key.clientId);
    else hash.firstOf(kind, issuer);
    hash.second();
  }

  /** The same as `#hashToken`, made once for each token that is kept; then there is no state to go on from. */
  #recallHash(kind: number, token: TokenFacts): boolean {
    const { keyMemo: memo } = token;
    const hash = this.#hash;
    if (memo?.isOf(hash) !== true) return this.#hashToken(kind, token);
    const recalled = memo.recall(kind, hash.words);
    if (recalled !== undefined) return recalled;
    const has = this.#hashToken(kind, token);
    memo.note(kind, has, hash.words);
    return has;
  }

  /** Whether the token has the fields of a key of this kind; then the first half of its hash is there. */
  #hashToken(kind: number, token: TokenFacts): boolean {
    const { issuer } = token;
    if (kind === GRANT) {
      if (token.sub === undefined || token.clientId === undefined) return false;
      this.#hash.firstOf(kind, issuer, token.sub, token.clientId);
      return true;
    }
    if (kind === ISSUER) {
      this.#hash.firstOf(kind, issuer);
      return true;
    }
    const field = fieldOfToken(kind, token);
    if (field === undefined) return false;
    this.#hash.first(kind, issuer, field);
    return true;
  }

  #look(kind: number, token: TokenFacts, seconds: number, cutoffClaim: CutoffClaim): Hit | undefined {
    const { words } = this.#hash;
    const counters = this.#counters;
    if (!this.#filter.mightContain(words[0] ?? 0, words[1] ?? 0)) {
      counters[0] = (counters[0] ?? 0) + 1;
      return undefined;
    }
    // What was recalled comes without the state that the second half goes on from.
    if (token.keyMemo !== undefined) this.#hashToken(kind, token);
    this.#hash.second();
    return this.#exact(kind, token, seconds, cutoffClaim);
  }

  #exact(kind: number, token: TokenFacts, seconds: number, cutoffClaim: CutoffClaim): Hit | undefined {
    // Held here: asking about tombstones overwrites the words.
    const { 0: h0 = 0, 1: h1 = 0, 2: h2 = 0, 3: h3 = 0 } = this.#hash.words;
    const { plain, cutoffs, spilled } = this.#store;
    let best = plain;
    let bestSlot = -1;
    let reach = -Infinity;
    let slot = plain.seek(h0, h1, h2, h3);
    let isKnown = slot >= 0;
    for (; slot >= 0; slot = plain.seekNext(slot, h0, h1, h2, h3)) {
      if (!this.#counts(plain, slot, Infinity, token, seconds)) continue;
      if (reach === -Infinity || isLesser(plain, slot, best, bestSlot)) bestSlot = slot;
      reach = Infinity;
    }
    if (cutoffs.count > 0) {
      slot = cutoffs.seek(h0, h1, h2, h3);
      isKnown ||= slot >= 0;
      for (; slot >= 0; slot = cutoffs.seekNext(slot, h0, h1, h2, h3)) {
        const cutoff = cutoffs.payload(slot, CUTOFF_AT) >>> 0;
        if (cutoff < reach || !this.#counts(cutoffs, slot, cutoff, token, seconds)) continue;
        if (cutoff === reach && !isLesser(cutoffs, slot, best, bestSlot)) continue;
        best = cutoffs;
        bestSlot = slot;
        reach = cutoff;
      }
    }
    const outside = spilled.count === 0 ? undefined : spilled.farthest([h0, h1, h2, h3], seconds, token, this.#wave);
    if (!isKnown && (spilled.count === 0 || !spilled.hasKey([h0, h1, h2, h3]))) this.#countFalsePositive();
    const scope = scopeOfKind(kind);
    if (outside !== undefined) {
      const { id, reach: cutoff } = outside;
      if (cutoff > reach || (cutoff === reach && id < idAt(best, bestSlot))) {
        return { scope, revocationId: id, byAuthTime: cutoff !== Infinity && cutoffClaim === 'auth_time' };
      }
    }
    if (bestSlot < 0) return undefined;
    const byAuthTime = reach !== Infinity && cutoffClaim === 'auth_time';
    const at = bestSlot;
    return new RowHit(
      scope,
      byAuthTime,
      best.payload(at, 0),
      best.payload(at, 1),
      best.payload(at, 2),
      best.payload(at, 3),
    );
  }

  #countFalsePositive(): void {
    this.#counters[0] = (this.#counters[0] ?? 0) + 1;
    this.#counters[1] = (this.#counters[1] ?? 0) + 1;
  }

  /** Whether a row is running, hits the token and was not lifted; the latter last, for few tokens get that far. */
  #counts(table: HashTable, slot: number, reach: number, token: TokenFacts, seconds: number): boolean {
    if (seconds >= endOf(table.mark(slot), table.payload(slot, END_AT)) || !reaches(reach, token.cutoffTime)) {
      return false;
    }
    if (this.#tombstones.count === 0) return true;
    return !this.#tombstones.hasWords(
      table.payload(slot, 0),
      table.payload(slot, 1),
      table.payload(slot, 2),
      table.payload(slot, 3),
    );
  }
}

const idAt = (table: HashTable, slot: number): string =>
  idText(table.payload(slot, 0), table.payload(slot, 1), table.payload(slot, 2), table.payload(slot, 3));

/** Of two rows that reach alike the one with the lesser id names the hit. */
const isLesser = (table: HashTable, slot: number, other: HashTable, otherSlot: number): boolean => {
  for (let word = 0; word < ID_WORDS; word++) {
    const one = table.payload(slot, word) >>> 0;
    const two = other.payload(otherSlot, word) >>> 0;
    if (one !== two) return one < two;
  }
  return false;
};

const fieldOfToken = (kind: number, token: TokenFacts): string | undefined => {
  switch (kind) {
    case JTI:
      return token.jti;
    case SIGNING_INPUT_HASH:
      return token.signingInputHash();
    case SESSION:
      return token.sid;
    case SUBJECT:
      return token.sub;
    case CLIENT:
      return token.clientId;
    case DEVICE:
      return token.deviceId;
    case KID:
      return token.kid;
    default:
      return token.thumbprint;
  }
};

/** The one field of a key; a grant has two, an issuer none. */
const fieldOf = (key: RevocationKey): string | undefined => {
  switch (key.scope) {
    case 'token':
      return 'jti' in key ? key.jti : key.signingInputHash;
    case 'session':
      return key.sid;
    case 'subject':
      return key.sub;
    case 'client':
      return key.clientId;
    case 'device':
      return key.deviceId;
    case 'key':
      return 'kid' in key ? key.kid : key.thumbprint;
    case 'grant':
    case 'issuer':
      return undefined;
  }
};
