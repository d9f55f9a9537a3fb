import { type Propagation } from '@revocast/core';
import { type Database } from '../journal/database.js';
import { storeProof, type UnprovenRecord, unprovenRecords } from '../journal/records.js';
import { type Fleet, type Published } from './fleet.js';

/** Records watched at once; of older ones the state is computed when somebody asks. */
const WATCHED_MAX = 2_000;

export type ProofListener = (record: UnprovenRecord, propagation: Propagation) => void;

/** Stores with each record when and where it was enforced: later, when nodes have come and gone, nobody could tell. */
export class ProofKeeper {
  #watched: readonly UnprovenRecord[] = [];
  readonly #listeners = new Set<ProofListener>();
  #stop: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly fleet: Fleet,
  ) {}

  start(): void {
    this.#stop = this.fleet.onChange(() => this.#look());
  }

  close(): void {
    this.#stop();
  }

  onProof(listener: ProofListener): void {
    this.#listeners.add(listener);
  }

  /** The epoch is open: watch what a former process left unproven. */
  resume(epoch: string): void {
    this.#watched = unprovenRecords(this.database, epoch, WATCHED_MAX);
  }

  /** Records that have just been confirmed. */
  watch(records: readonly UnprovenRecord[]): void {
    this.#watched = [...records, ...this.#watched].slice(0, WATCHED_MAX);
  }

  #look(): void {
    const proofs = this.fleet.proven(this.#watched.map(publishedOf));
    const proven = this.#watched.flatMap((record, at) => {
      const propagation = proofs[at];
      return propagation === undefined ? [] : [{ record, propagation }];
    });
    if (proven.length === 0) return;
    this.database.transaction(() => {
      for (const { record, propagation } of proven)
        storeProof(this.database, record.recordId, JSON.stringify(propagation));
    });
    const done = new Set(proven.map(({ record }) => record));
    this.#watched = this.#watched.filter((record) => !done.has(record));
    for (const { record, propagation } of proven) for (const listener of this.#listeners) listener(record, propagation);
  }
}

/** As what `Fleet` is asked about. */
const publishedOf = ({ issuer, scope, epoch, sequence, pubAckAt }: UnprovenRecord): Published => ({
  issuer,
  scope,
  carrier: { epoch, sequence, ackedAt: pubAckAt, proof: undefined },
});
