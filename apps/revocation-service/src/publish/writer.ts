import { type Clock, ENTRIES_PER_KEY_MAX, type EpochMs, RevocationError } from '@revocast/core';
import { supersession } from '../command/supersede.js';
import { type Database } from '../journal/database.js';
import { type NewLift, type NewRevocation, type PublishableLift } from '../journal/entries.js';
import { insertLift, setLiftCarrier } from '../journal/lifts.js';
import { insertRecord } from '../journal/records.js';
import {
  countLiveOfKey,
  findRevocation,
  hasRevocation,
  insertRevocation,
  liveOfKey,
  setCarrier,
} from '../journal/revocations.js';
import { type Confirmations } from './confirmations.js';
import { type Outbox } from './outbox.js';
import { type EntrySet, type PackedRecord, type Parcel, type RecordMaker, sharedRecordId } from './record-maker.js';

/** Commands that arrive within this time share a record and a write to disk. Milliseconds; only under load. */
const COALESCE_MS = 2;
/** Entries per transaction: bounds how long the event loop stands still. */
const FLUSH_ENTRIES_MAX = 2_000;
/** Entries waiting for their transaction: beyond it a command is refused, since memory is all that holds it. */
const QUEUE_ENTRIES_MAX = 20_000;

export interface WriterOptions {
  readonly database: Database;
  readonly maker: RecordMaker;
  readonly outbox: Outbox;
  readonly confirmations: Confirmations;
  readonly clock: Clock;
  /** The open epoch, or undefined while there is none: entries then wait in the journal and get their records when it opens. */
  readonly epoch: () => string | undefined;
}

/** What one command adds to the journal. */
export interface NewEntries {
  readonly revocations?: readonly NewRevocation[];
  readonly lifts?: readonly NewLift[];
  /**
   * Name of a command that another instance may be given in the same moment: its revocations travel in a record of their
   * own, whose id follows from the name, so that the log takes one of both.
   */
  readonly shared?: string;
}

interface Submission extends Required<Omit<NewEntries, 'shared'>> {
  readonly shared: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Intent before publish: takes entries into the journal together with the very bytes that will be published. */
export class Writer {
  readonly #queue: Submission[] = [];
  #queued = 0;
  #armed = false;

  constructor(private readonly options: WriterOptions) {}

  /**
   * Resolves once the entries are on disk; they will then be published, even if the process dies at once.
   * Rejects with ERR_CAPACITY, or when an id is already taken.
   */
  accept({ revocations = [], lifts = [], shared }: NewEntries): Promise<void> {
    if (this.#queued >= QUEUE_ENTRIES_MAX) {
      return Promise.reject(new RevocationError('ERR_CAPACITY', 'Too many commands wait to be written.'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ revocations, lifts, shared, resolve, reject });
      this.#queued += revocations.length + lifts.length;
      this.#arm();
    });
  }

  /** Publishes these journal entries in records of `epoch`, for the first time or again; resolves when all are confirmed. */
  async publish(entries: EntrySet, epoch: string): Promise<void> {
    const records = this.options.database.transaction(() => this.#record([entries], epoch));
    await Promise.all(records.map((record) => this.send(record)));
  }

  /** Sends a record that the journal already holds; resolves when it is confirmed, and whoever waits for its entries is told. */
  async send({ record, ids }: Parcel): Promise<void> {
    await this.options.outbox.send(record.encoded);
    const { kind } = record;
    if (kind === 'revoked' || kind === 'lifted') this.options.confirmations.confirm(ids.map((id) => ({ kind, id })));
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    // A lone command goes at once; with others on their way it waits a moment for company.
    if (this.options.outbox.size === 0) setImmediate(() => this.#flush());
    else setTimeout(() => this.#flush(), COALESCE_MS);
  }

  #flush(): void {
    this.#armed = false;
    const batch = this.#take();
    if (this.#queue.length > 0) this.#arm();
    try {
      const { records, refused } = this.options.database.transaction(() => this.#write(batch));
      for (const submission of batch) settle(submission, refused.get(submission));
      // What is dropped with its epoch is confirmed by a record of the next one.
      for (const record of records) void this.send(record).catch(() => undefined);
    } catch (error) {
      for (const submission of batch) submission.reject(error);
    }
  }

  #take(): readonly Submission[] {
    const batch: Submission[] = [];
    let entries = 0;
    while (entries < FLUSH_ENTRIES_MAX) {
      const submission = this.#queue.shift();
      if (submission === undefined) break;
      batch.push(submission);
      entries += submission.revocations.length + submission.lifts.length;
    }
    this.#queued -= entries;
    return batch;
  }

  #write(batch: readonly Submission[]): {
    readonly records: readonly PackedRecord[];
    readonly refused: ReadonlyMap<Submission, RevocationError>;
  } {
    const refused = new Map<Submission, RevocationError>();
    const written: WrittenSet[] = [];
    for (const submission of batch) {
      const result = this.#insert(submission);
      if (result instanceof RevocationError) refused.set(submission, result);
      else written.push(result);
    }
    const epoch = this.options.epoch();
    if (epoch === undefined) return { records: [], refused };
    return { records: this.#record(written, epoch), refused };
  }

  /**
   * Gives what is to be published of a submission. One that cannot be taken must not fail the others of its
   * transaction: everything that may be wrong is found out before anything of it is written.
   */
  #insert({ revocations, lifts, shared }: Submission): WrittenSet | RevocationError {
    const { database, clock } = this.options;
    const now = clock.wall();
    try {
      const planned = revocations.map((entry) => withSupersession(database, entry, now));
      for (const entry of planned) insertRevocation(database, entry, { origin: 'command', recordId: undefined });
      return {
        shared,
        revocations: planned.filter(({ moot }) => !moot),
        lifts: lifts.flatMap((lift) => this.#insertLift(lift, now)),
      };
    } catch (error) {
      if (error instanceof RevocationError) return error;
      throw error;
    }
  }

  /** What is lifted already stays as it is; what can hit nothing any more needs no record. */
  #insertLift(lift: NewLift, now: EpochMs): readonly PublishableLift[] {
    const { database } = this.options;
    const revocation = findRevocation(database, lift.revocationId);
    if (revocation === undefined || revocation.liftedAt !== undefined) return [];
    insertLift(database, lift);
    const isDue = !revocation.moot && lift.retainUntil > now / 1000;
    return isDue ? [lift] : [];
  }

  #record(sets: readonly WrittenSet[], epoch: string): readonly PackedRecord[] {
    const { database, maker } = this.options;
    const alone = sets.filter((set) => set.shared !== undefined);
    const packed = sets.filter((set) => set.shared === undefined).flatMap((set) => set.revocations);
    const revoked = [
      ...maker.packRevocations(packed, epoch),
      ...alone.flatMap((set) => maker.packRevocations(set.revocations, epoch, sharedRecordId(epoch, set.shared ?? ''))),
    ];
    const lifted = maker.packLifts(
      sets.flatMap((set) => set.lifts),
      epoch,
    );
    for (const { record } of [...revoked, ...lifted]) insertRecord(database, record);
    for (const { record, ids } of revoked) for (const id of ids) setCarrier(database, id, record.encoded.id);
    for (const { record, ids } of lifted) for (const id of ids) setLiftCarrier(database, id, record.encoded.id);
    return [...revoked, ...lifted];
  }
}

type WrittenSet = EntrySet & { readonly shared?: string | undefined };

const settle = (submission: Submission, refusal: RevocationError | undefined): void =>
  refusal === undefined ? submission.resolve() : submission.reject(refusal);

function withSupersession(
  database: Database,
  entry: NewRevocation,
  now: EpochMs,
): NewRevocation & { readonly supersedes: readonly string[] } {
  if (hasRevocation(database, entry.id)) {
    throw new RevocationError('ERR_IDEMPOTENCY_IN_FLIGHT', 'A revocation of this id has just been accepted.');
  }
  const { issuer, key } = entry;
  if (entry.moot || countLiveOfKey(database, issuer, key, now) < ENTRIES_PER_KEY_MAX)
    return { ...entry, supersedes: [] };
  return { ...entry, ...supersession(entry, liveOfKey(database, issuer, key, now)) };
}
