import { randomBytes } from 'node:crypto';
import { type Clock, type EpochMs, type LogIdentity, settingsDigest } from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { type KnownIssuer } from '../command/issuer-registry.js';
import { type Database } from '../journal/database.js';
import {
  beginEpoch,
  declaredBefore,
  findDeclaration,
  type JournaledEpoch,
  markEpochOpen,
  noteLog,
  noteOwnSettings,
  storeDeclaration,
} from '../journal/epochs.js';
import { liftsWithoutCarrier } from '../journal/lifts.js';
import { hasRecordOf, insertRecord, openingMadeAt, pendingRecords } from '../journal/records.js';
import { countLive, idsCarriedBy, liveWithoutCarrier } from '../journal/revocations.js';
import { type RecordMaker, sharedRecordId } from './record-maker.js';
import { type Writer } from './writer.js';

/** Entries per round when many are written at once: bounds memory and how long the event loop stands still. */
const ROUND_ENTRIES_MAX = 2_000;

export interface EpochOpeningOptions {
  readonly database: Database;
  readonly publisher: Publisher;
  readonly maker: RecordMaker;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly hashKey: string;
  readonly hashKeyDigest: string;
  readonly issuers: () => readonly KnownIssuer[];
}

/** The steps by which a log is made and filled. Each can be repeated after a crash in the middle of it. */
export class EpochOpening {
  constructor(private readonly options: EpochOpeningOptions) {}

  /** Ends the epoch before and begins a new one, in the journal. Its name was never used: followers take a name for one log. */
  begin(previous: string | undefined): string {
    const { database, clock, hashKeyDigest } = this.options;
    const epoch = randomBytes(8).toString('hex');
    beginEpoch(database, { epoch, previous, hashKeyDigest }, clock.wall());
    return epoch;
  }

  /** The log of an epoch that has just begun. */
  async makeLog(epoch: string): Promise<LogIdentity> {
    const log = await this.options.publisher.createLog(epoch);
    noteLog(this.options.database, log);
    return log;
  }

  /** Sends what the journal holds for this epoch and nobody confirmed, with the same bytes. Resolves when all is confirmed. */
  async resendPending(epoch: string): Promise<void> {
    const { database, writer } = this.options;
    const parcels = pendingRecords(database, epoch).map((record) => ({
      record,
      ids: idsCarriedBy(database, record.encoded.id),
    }));
    await Promise.all(parcels.map((parcel) => writer.send(parcel)));
  }

  /** Publishes every live entry and every lift still needed that no record of this epoch carries. */
  async writeMissing(epoch: string): Promise<void> {
    const { database, writer, clock } = this.options;
    for (;;) {
      const query = { epoch, now: clock.wall(), limit: ROUND_ENTRIES_MAX };
      const entries = { revocations: liveWithoutCarrier(database, query), lifts: liftsWithoutCarrier(database, query) };
      if (entries.revocations.length + entries.lifts.length === 0) return;
      await writer.publish(entries, epoch);
    }
  }

  /**
   * Declares the settings of each issuer that nobody has declared in this epoch, or whose settings changed here. Settings
   * that another instance declared are left alone, also when ours differ: two instances would otherwise undo each other
   * for ever. `isAlone`: no other instance is heard, so ours are the only ones there can be.
   */
  async declareSettings(epoch: string, isAlone: boolean): Promise<void> {
    const due = this.options.issuers().filter((issuer) => this.#isDue(issuer, isAlone));
    await Promise.all(due.map((issuer) => this.#declare(issuer, epoch)));
  }

  /** Issuers for which the log declares other settings than ours. */
  differing(): readonly string[] {
    return this.options
      .issuers()
      .filter(({ settings }) => {
        const digest = findDeclaration(this.options.database, settings.issuer)?.digest ?? '';
        return digest !== '' && digest !== settingsDigest(settings);
      })
      .map(({ settings }) => settings.issuer);
  }

  /** The record that makes the epoch count; the last one of the opening. */
  async announce(epoch: string, previous: string | undefined): Promise<void> {
    const { database, clock } = this.options;
    if (!hasRecordOf(database, epoch, 'epochOpened'))
      await this.#sayOpened(epoch, previous, sharedRecordId(epoch, 'opened'));
    markEpochOpen(database, epoch, clock.wall());
  }

  /**
   * Says again what frames the log, when it was last said before `madeBefore`: a node that starts after these records have aged
   * out would never count the epoch, or would trust settings that nobody declared. Returns how many records it took.
   */
  async renew({ epoch, previous }: JournaledEpoch, madeBefore: EpochMs): Promise<number> {
    const { database, issuers } = this.options;
    const old = declaredBefore(database, madeBefore);
    // Of an issuer that another instance declares otherwise, it says its own again.
    const foreign = new Set(this.differing());
    const declarations = issuers().filter(({ settings }) => old.has(settings.issuer) && !foreign.has(settings.issuer));
    await Promise.all(declarations.map((issuer) => this.#declare(issuer, epoch)));
    const openedAt = openingMadeAt(database, epoch);
    if (openedAt === undefined || openedAt >= madeBefore) return declarations.length;
    await this.#sayOpened(epoch, previous);
    return declarations.length + 1;
  }

  /** Instances that open an epoch together publish one record: it has the same id everywhere. */
  async #sayOpened(epoch: string, previous: string | undefined, id?: string): Promise<void> {
    const { database, maker, writer, clock, hashKey } = this.options;
    const entries = countLive(database, clock.wall());
    const record = maker.make({ kind: 'epochOpened', previous, entries, hashKey }, epoch, id);
    insertRecord(database, record);
    await writer.send({ record, ids: [] });
  }

  #isDue({ settings }: KnownIssuer, isAlone: boolean): boolean {
    const { database } = this.options;
    const known = findDeclaration(database, settings.issuer);
    const own = settingsDigest(settings);
    if (known === undefined || known.digest === '') return true;
    if (known.digest !== own) return known.ownDigest === '' ? isAlone : known.ownDigest !== own;
    if (known.ownDigest !== own) noteOwnSettings(database, settings.issuer, own);
    return false;
  }

  async #declare({ settings }: KnownIssuer, epoch: string): Promise<void> {
    const { database, maker, writer } = this.options;
    const { issuer } = settings;
    const version = (findDeclaration(database, issuer)?.version ?? 0) + 1;
    const record = maker.make({ kind: 'settingsDeclared', version, settings }, epoch);
    const digest = settingsDigest(settings);
    database.transaction(() => {
      insertRecord(database, record);
      storeDeclaration(database, { settings, version, digest, recordId: record.encoded.id });
      noteOwnSettings(database, issuer, digest);
    });
    await writer.send({ record, ids: [] });
  }
}
