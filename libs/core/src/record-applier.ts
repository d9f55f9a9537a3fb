import { DeclaredSettings, type CompareSettings } from './declared-settings.js';
import { RevocationError } from './errors.js';
import { type FeedRecord, type RecordBody } from './record.js';
import { RECLAIM_SLICE_ENTRIES } from './follower-limits.js';
import { RECLAIM_AFTER_SECONDS, type RevocationIndex } from './revocation-index.js';
import { type SnapshotFraming } from './snapshot.js';
import { UnreadableRecords } from './unreadable-records.js';
import { epochMs, type EpochMs } from './units.js';

/** A body that changes what is revoked. */
export type EffectiveBody = Extract<RecordBody, { readonly kind: 'revoked' | 'lifted' }>;

export type IndexFactory = (options: { readonly hashKey: Uint8Array }) => RevocationIndex;

export interface RecordApplierOptions {
  readonly compareSettings: CompareSettings;
  readonly createIndex: IndexFactory;
  readonly index: RevocationIndex | undefined;
}

const HASH_KEY = /^[0-9a-f]{32}$/i;

const bytesOfHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));

/**
 * Takes records into memory. It outlives every log: a wiped, rolled back or recreated log only adds to it, so nothing
 * that is revoked is forgotten because a broker forgot it.
 */
export class RecordApplier {
  readonly unreadable = new UnreadableRecords();
  readonly declared: DeclaredSettings;
  readonly counters = { foreign: 0, unreadable: 0 };
  readonly #createIndex: IndexFactory;
  #index: RevocationIndex | undefined;
  #newestRecord = epochMs(0);
  #hashKey: string | undefined;
  #reclaimedTo = epochMs(0);

  constructor(options: RecordApplierOptions) {
    this.declared = new DeclaredSettings(options.compareSettings);
    this.#createIndex = options.createIndex;
    this.#index = options.index;
  }

  /** Undefined until the log told the hash key: revocations cannot be taken in before. */
  get index(): RevocationIndex | undefined {
    return this.#index;
  }

  /** By which the index finds its entries; undefined when it was made elsewhere. */
  get hashKey(): string | undefined {
    return this.#hashKey;
  }

  /** The newest time that a record of ours carried. */
  get newestRecord(): EpochMs {
    return this.#newestRecord;
  }

  /**
   * Makes the index if `record` is the one that opens `epoch`. With an index already there a new hash key changes
   * nothing: records carry the keys themselves, so both epochs unite under the key we began with.
   */
  learnHashKey(record: FeedRecord, epoch: string): void {
    if (this.#index !== undefined || !opensEpoch(record, epoch) || !HASH_KEY.test(record.body.hashKey)) return;
    this.indexUnder(record.body.hashKey);
  }

  /** The index, made under this key if there is none yet. */
  indexUnder(hashKey: string): RevocationIndex {
    if (this.#index !== undefined) return this.#index;
    this.#hashKey = hashKey;
    this.#index = this.#createIndex({ hashKey: bytesOfHex(hashKey) });
    return this.#index;
  }

  /** What ended before is out of memory for good, here or where a snapshot was written that we took in. */
  get reclaimedTo(): EpochMs {
    return this.#reclaimedTo;
  }

  /** Lets go of what ended long ago by both times, and says of how much. */
  reclaim(now: EpochMs, newestTick: EpochMs): number {
    const reclaimed = this.#index?.reclaim(now, newestTick, RECLAIM_SLICE_ENTRIES) ?? 0;
    this.#noteReclaimed(epochMs(Math.min(now, newestTick) - RECLAIM_AFTER_SECONDS * 1000));
    return reclaimed;
  }

  /** What the records that a snapshot stands for would have said beside their revocations. */
  adopt({ epoch, newestRecord, settings, unreadable, voids, reclaimedTo }: SnapshotFraming): void {
    this.#noteReclaimed(reclaimedTo);
    for (const declaration of settings) this.declared.declare({ epoch, ...declaration });
    for (const id of voids) this.unreadable.void(id);
    for (const { id, issuer } of unreadable) this.unreadable.add(id, issuer, epoch);
    if (newestRecord > this.#newestRecord) this.#newestRecord = newestRecord;
  }

  /** Takes one record of the log of `epoch` in; again, or out of order, changes nothing. Answers what took effect, if anything did. */
  apply(record: FeedRecord, epoch: string): EffectiveBody | undefined {
    if (record.kind === 'foreign' || (record.kind === 'record' && record.epoch !== epoch)) {
      this.counters.foreign += 1;
      return undefined;
    }
    if (record.kind === 'unreadable') {
      this.counters.unreadable += 1;
      this.unreadable.add(record.identity, record.issuer, epoch);
      return undefined;
    }
    if (record.time > this.#newestRecord) this.#newestRecord = record.time;
    return this.#applyBody(record.body, epoch);
  }

  #noteReclaimed(to: EpochMs): void {
    if (to > this.#reclaimedTo) this.#reclaimedTo = to;
  }

  #applyBody(body: RecordBody, epoch: string): EffectiveBody | undefined {
    switch (body.kind) {
      case 'revoked':
        for (const revocation of body.revocations) this.#indexOrFail().apply(revocation);
        return body;
      case 'lifted':
        for (const lift of body.lifts) this.#indexOrFail().lift(lift);
        return body;
      case 'settingsDeclared':
        this.declared.declare({ epoch, version: body.version, settings: body.settings });
        return undefined;
      case 'voided':
        this.unreadable.void(body.recordId);
        return undefined;
      case 'epochOpened':
        return undefined;
    }
  }

  #indexOrFail(): RevocationIndex {
    if (this.#index === undefined) throw new RevocationError('ERR_INVARIANT', 'A revocation came before the hash key.');
    return this.#index;
  }
}

type OpeningRecord = FeedRecord & {
  readonly kind: 'record';
  readonly body: RecordBody & { readonly kind: 'epochOpened' };
};

/** An epoch counts from this record on, and only if the record names the epoch of the log it stands in. */
export const opensEpoch = (record: FeedRecord, epoch: string): record is OpeningRecord =>
  record.kind === 'record' && record.epoch === epoch && record.body.kind === 'epochOpened';
