import { type Clock, type EpochMs, RevocationError } from '@revocast/core';
import { type Database } from '../journal/database.js';
import {
  type JournaledRevocation,
  type NewLift,
  type NewRevocation,
  type PublishableLift,
} from '../journal/entries.js';
import { insertLift, setLiftCarrier } from '../journal/lifts.js';
import { insertRecord } from '../journal/records.js';
import { endCondition, findRevocation, type Insertable, insertRevocation, setCarrier } from '../journal/revocations.js';
import { type Confirmations } from './confirmations.js';
import { KeyRoom } from './key-room.js';
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
  /** Called in the transaction that takes the revocations in, once they are: what it writes is there with them or not at all. */
  readonly alongside?: (revocations: readonly Insertable[]) => void;
}

interface Submission extends Required<Omit<NewEntries, 'shared' | 'alongside'>> {
  readonly shared: string | undefined;
  readonly alongside: NewEntries['alongside'];
  readonly resolve: (written: readonly Insertable[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Intent before publish: takes entries into the journal together with the very bytes that will be published. */
export class Writer {
  readonly #queue: Submission[] = [];
  #queued = 0;
  #armed = false;

  constructor(private readonly options: WriterOptions) {}

  /**
   * Resolves with the revocations as written once they are on disk; they will then be published, even if the process dies at once.
   * Rejects with ERR_CAPACITY, or when an id is already taken.
   */
  accept({ revocations = [], lifts = [], shared, alongside }: NewEntries): Promise<readonly Insertable[]> {
    if (this.#queued >= QUEUE_ENTRIES_MAX) {
      return Promise.reject(new RevocationError('ERR_CAPACITY', 'Too many commands wait to be written.'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ revocations, lifts, shared, alongside, resolve, reject });
      this.#queued += revocations.length + lifts.length;
      this.#arm();
    });
  }

  /** Publishes these journal entries in records of `epoch`, for the first time or again; resolves when all are confirmed. */
  async publish(entries: EntrySet, epoch: string): Promise<void> {
    const records = this.options.database.transaction(() => this.#record(entries, epoch));
    await Promise.all(records.map((record) => this.send(record)));
  }

  /**
   * Ends the condition of a revocation: publishes it again without, under the same id, so that everybody is hit by whatever
   * clock. In a record whose id follows from it, since other instances do the same at the same time.
   */
  async publishPlain(entry: JournaledRevocation, epoch: string): Promise<void> {
    const { database, clock } = this.options;
    const now = clock.wall();
    const plain = { ...entry, conditionEndedAt: now };
    const records = database.transaction(() => {
      endCondition(database, entry.id, now);
      return this.#record({ revocations: [plain], lifts: [], shared: `without condition: ${entry.id}` }, epoch);
    });
    await Promise.all(records.map((record) => this.send(record)));
  }

  /** Sends a record that the journal already holds; resolves when it is confirmed, and whoever waits for its entries is told. */
  async send({ record, ids }: Parcel): Promise<void> {
    const { kind, encoded } = record;
    const stored = { epoch: encoded.epoch, sequence: await this.options.outbox.send(encoded) };
    if (kind === 'revoked' || kind === 'lifted') {
      this.options.confirmations.confirm(
        ids.map((id) => ({ kind, id })),
        stored,
      );
    }
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
      const { records, outcomes } = this.options.database.transaction(() => this.#write(batch));
      batch.forEach((submission, at) => settle(submission, outcomes[at]));
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

  /** One that cannot be taken must not fail the others of its transaction: that is found out before anything of it is written. */
  #write(batch: readonly Submission[]): {
    readonly records: readonly PackedRecord[];
    readonly outcomes: readonly (WrittenSet | RevocationError)[];
  } {
    const { database, clock } = this.options;
    const now = clock.wall();
    const room = new KeyRoom(
      database,
      batch.flatMap((submission) => submission.revocations),
      now,
    );
    const outcomes = batch.map((submission) => this.#plan(submission, room, now));
    const written = outcomes.filter((outcome): outcome is WrittenSet => !(outcome instanceof RevocationError));
    const epoch = this.options.epoch();
    const { lifted, revoked } = epoch === undefined ? { lifted: [], revoked: [] } : this.#pack(written, epoch);
    const carriers = new Map(revoked.flatMap(({ record, ids }) => ids.map((id) => [id, record.encoded.id])));
    for (const { entries, alongside } of written) {
      for (const entry of entries)
        insertRevocation(database, entry, { origin: 'command', recordId: carriers.get(entry.id) });
      alongside?.(entries);
    }
    this.#carryLifts(lifted);
    return { records: [...revoked, ...lifted], outcomes };
  }

  #plan(
    { revocations, lifts, shared, alongside }: Submission,
    room: KeyRoom,
    now: EpochMs,
  ): WrittenSet | RevocationError {
    try {
      const entries = room.place(revocations);
      return {
        ...{ shared, alongside, entries },
        revocations: entries.filter(({ moot }) => !moot),
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

  /** Records for entries that the journal already has. */
  #record(entries: EntrySet & { readonly shared?: string }, epoch: string): readonly PackedRecord[] {
    const { revoked, lifted } = this.#pack([entries], epoch);
    for (const { record, ids } of revoked) {
      for (const id of ids) setCarrier(this.options.database, id, record.encoded.id);
    }
    this.#carryLifts(lifted);
    return [...revoked, ...lifted];
  }

  /** Makes the records and puts them into the journal, before the entries that refer to them. */
  #pack(sets: readonly (EntrySet & { readonly shared?: string | undefined })[], epoch: string): Packed {
    const { database, maker } = this.options;
    const packed = sets.filter((set) => set.shared === undefined).flatMap((set) => set.revocations);
    const alone = sets.flatMap(({ shared, revocations }) =>
      shared === undefined ? [] : maker.packRevocations(revocations, epoch, sharedRecordId(epoch, shared)),
    );
    const revoked = [...maker.packRevocations(packed, epoch), ...alone];
    const lifted = maker.packLifts(
      sets.flatMap((set) => set.lifts),
      epoch,
    );
    for (const { record } of [...revoked, ...lifted]) insertRecord(database, record);
    return { revoked, lifted };
  }

  #carryLifts(lifted: readonly PackedRecord[]): void {
    for (const { record, ids } of lifted) {
      for (const id of ids) setLiftCarrier(this.options.database, id, record.encoded.id);
    }
  }
}

interface Packed {
  readonly revoked: readonly PackedRecord[];
  readonly lifted: readonly PackedRecord[];
}

/** What is written of a submission; `revocations` and `lifts` are those of it that are published. */
interface WrittenSet extends EntrySet {
  readonly shared: string | undefined;
  readonly alongside: NewEntries['alongside'];
  readonly entries: readonly Insertable[];
}

const settle = (submission: Submission, outcome: WrittenSet | RevocationError | undefined): void =>
  outcome instanceof RevocationError ? submission.reject(outcome) : submission.resolve(outcome?.entries ?? []);
