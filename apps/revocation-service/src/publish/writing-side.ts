import { createHash } from 'node:crypto';
import { type FeedRecord, readClock, RevocationError } from '@revocast/core';
import { createPublisher, type EncodedRecord, type PublishAck, type Publisher } from '@revocast/jetstream';
import { type IssuerRegistry } from '../command/issuer-registry.js';
import { type Database } from '../journal/database.js';
import { currentEpoch, markRolledBack } from '../journal/epochs.js';
import { type Taken, takeRecords } from '../journal/intake.js';
import { openJournal } from '../journal/journal.js';
import { epochThatReissued, markAcked } from '../journal/records.js';
import { type ServiceLog } from '../log/service-log.js';
import { type Settings } from '../settings/settings.js';
import { systemClock as clock, systemSchedule as schedule } from '../system.js';
import { Claims } from './claims.js';
import { Confirmations } from './confirmations.js';
import { EpochKeeper } from './epoch-keeper.js';
import { EpochOpening } from './epoch-opening.js';
import { showsLoss, waitedForUs } from './history-check.js';
import { LogIntake } from './log-intake.js';
import { type Outcome, Outbox, type Publication } from './outbox.js';
import { RecordMaker } from './record-maker.js';
import { Republisher } from './republisher.js';
import { SpreadCloser } from './spread-closer.js';
import { Writer } from './writer.js';

export interface WritingSideOptions {
  readonly settings: Settings;
  readonly issuers: IssuerRegistry;
  readonly log: ServiceLog;
  /** The log has these records, published here or by another instance; the journal knows already. */
  readonly confirmed: (recordIds: readonly string[]) => void;
}

/** From the journal to the log: everything that writes. */
export class WritingSide {
  readonly database: Database;
  readonly publisher: Publisher;
  readonly outbox: Outbox;
  readonly intake: LogIntake;
  readonly confirmations = new Confirmations();
  readonly claims = new Claims();
  readonly writer: Writer;
  readonly keeper: EpochKeeper;
  readonly republisher: Republisher;
  readonly spreads: SpreadCloser;
  #strangers = 0;

  /** Throws ERR_CONFIG when the journal cannot be opened or keys do not fit. */
  constructor(private readonly options: WritingSideOptions) {
    const { settings, log } = options;
    const { namespace, signer, logAgeSecondsMax, init, acceptsLoss } = settings;
    const hashKeyDigest = createHash('sha256').update(settings.hashKey).digest('hex');
    this.publisher = publisherFor(settings, log);
    this.database = openJournal(settings.dataDirectory);
    this.outbox = this.#makeOutbox();
    const { database, publisher, outbox, confirmations } = this;
    this.intake = new LogIntake({
      database,
      publisher,
      clock,
      schedule,
      log,
      taken: (taken, isNews) => this.#taken(taken, isNews),
      stored: (name, at) => this.keeper.noteStored(name, at),
    });
    const { intake } = this;
    const maker = new RecordMaker({ namespace, signer, clock });
    this.writer = new Writer({ database, maker, outbox, confirmations, clock, epoch: () => this.keeper.epoch() });
    const { writer } = this;
    const io = { database, publisher, writer, outbox, maker, clock, schedule, log, intake };
    const common = { ...io, init, acceptsLoss, hashKeyDigest };
    const opening = new EpochOpening({ ...common, hashKey: settings.hashKey, issuers: () => options.issuers.all() });
    this.keeper = new EpochKeeper({ ...common, opening });
    this.republisher = new Republisher({ ...common, opening, keeper: this.keeper, logAgeSecondsMax });
    this.spreads = new SpreadCloser({ ...io, keeper: this.keeper });
  }

  start(): void {
    this.keeper.onState(({ kind }) => {
      if (kind === 'disconnected') this.confirmations.giveUp();
    });
    this.keeper.start();
    this.publisher.onHeartbeat((heartbeat) => this.claims.heard(heartbeat));
    this.publisher.open();
    this.republisher.start();
    this.spreads.start();
  }

  async close(): Promise<void> {
    this.spreads.close();
    this.republisher.close();
    this.keeper.close();
    this.confirmations.giveUp();
    await this.intake.close();
    await this.publisher.close();
    this.database.close();
  }

  #makeOutbox(): Outbox {
    const { log } = this.options;
    return new Outbox({
      publish: (record) => this.#publish(record),
      schedule,
      acked: (outcomes) => this.#acked(outcomes),
      doubted: (error) => {
        log.warn('publishUnconfirmed', { error });
        this.keeper.review();
      },
    });
  }

  /**
   * A record that the broker had already is our own of an earlier attempt, or that of another instance that was given
   * the same command. Only the log can say which.
   */
  async #publish(record: EncodedRecord): Promise<Publication> {
    const [before, claimed] = [this.keeper.storedOf(record.epoch), this.claims.of(record.epoch)];
    const ack = await this.#inTime(() => this.publisher.publish(record));
    if (showsLoss(ack, before)) this.#lostRecords(record.epoch);
    else if (this.claims.stored(record.epoch, ack, claimed)) this.keeper.review();
    return { ack, stored: ack.duplicate ? await this.#storedAt(record.epoch, ack) : undefined };
  }

  /**
   * A word that waited for us, since we were stopped or suspended, says what the log had then. Whether it still has it, the
   * next attempt asks.
   */
  async #inTime(publish: () => Promise<PublishAck>): Promise<PublishAck> {
    const sentAt = readClock(clock);
    const ack = await publish();
    if (!waitedForUs(sentAt, readClock(clock))) return ack;
    throw new RevocationError('ERR_PUBLISH_UNKNOWN', 'The acknowledgement came too late to count.');
  }

  async #storedAt(epoch: string, ack: PublishAck): Promise<FeedRecord | undefined> {
    const log = currentEpoch(this.database)?.log;
    if (log?.epoch !== epoch) return undefined;
    const [stored] = await this.publisher.read(log, ack.sequence, ack.sequence);
    return stored;
  }

  #acked(outcomes: readonly Outcome[]): void {
    this.database.transaction(() => {
      for (const outcome of outcomes) this.#noteAck(outcome);
    });
    for (const { ack } of outcomes) this.keeper.noteStored(ack.log, ack.sequence);
    this.options.confirmed(outcomes.map(({ recordId }) => recordId));
  }

  /** In a cluster a log can lose records and grow again without our connection being cut: nobody else would notice. */
  #noteAck({ recordId, ack, stored }: Outcome): void {
    // Before the outcome: afterwards the journal would take the stored record for its own.
    if (stored?.kind === 'record') takeRecords(this.database, [stored], stored.epoch, clock.wall());
    markAcked(this.database, recordId, ack);
    const epoch = epochThatReissued(this.database, recordId, ack.sequence);
    if (epoch !== undefined) this.#lostRecords(epoch);
  }

  #lostRecords(epoch: string): void {
    markRolledBack(this.database, epoch);
    this.keeper.review();
  }

  /** Revocations signed with our key that came while no other instance was heard: the key may be in other hands. */
  get strangers(): number {
    return this.#strangers;
  }

  #taken({ recordIds, revocations, overruled }: Taken, isNews: boolean): void {
    const { log, confirmed } = this.options;
    if (isNews && revocations > 0 && this.keeper.peers.all().length === 0) {
      this.#strangers += revocations;
      log.error('unknownRevocations', { count: revocations, records: recordIds.slice(0, 10) });
    }
    if (overruled > 0) log.warn('overruled', { revocations: overruled });
    confirmed(recordIds);
    this.keeper.reviewIfDamaged();
  }
}

function publisherFor(settings: Settings, log: ServiceLog): Publisher {
  const { nats, namespace, signer, verifier, replicas, logAgeSecondsMax: maxAgeSeconds } = settings;
  return createPublisher({
    nats,
    namespace,
    signer,
    verifier,
    replicas,
    maxAgeSeconds,
    log: log.forAdapter('publisher'),
  });
}
