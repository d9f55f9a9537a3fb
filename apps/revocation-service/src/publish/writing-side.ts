import { createHash } from 'node:crypto';
import { createPublisher, type Publisher } from '@revocast/jetstream';
import { type IssuerRegistry } from '../command/issuer-registry.js';
import { type Database } from '../journal/database.js';
import { markRolledBack } from '../journal/epochs.js';
import { openJournal } from '../journal/journal.js';
import { epochThatReissued, markAcked } from '../journal/records.js';
import { type ServiceLog } from '../log/service-log.js';
import { type Settings } from '../settings/settings.js';
import { systemClock as clock, systemSchedule as schedule } from '../system.js';
import { Confirmations } from './confirmations.js';
import { EpochKeeper } from './epoch-keeper.js';
import { EpochOpening } from './epoch-opening.js';
import { type Outcome, Outbox } from './outbox.js';
import { RecordMaker } from './record-maker.js';
import { Republisher } from './republisher.js';
import { Writer } from './writer.js';

export interface WritingSideOptions {
  readonly settings: Settings;
  readonly issuers: IssuerRegistry;
  readonly log: ServiceLog;
  /** The broker confirmed these records; the journal knows already. */
  readonly confirmed: (outcomes: readonly Outcome[]) => void;
}

/** From the journal to the log: everything that writes. */
export class WritingSide {
  readonly database: Database;
  readonly publisher: Publisher;
  readonly outbox: Outbox;
  readonly confirmations = new Confirmations();
  readonly writer: Writer;
  readonly keeper: EpochKeeper;
  readonly republisher: Republisher;

  /** Throws ERR_CONFIG when the journal cannot be opened or keys do not fit. */
  constructor(private readonly options: WritingSideOptions) {
    const { settings, log } = options;
    const { namespace, signer, logAgeSecondsMax, init } = settings;
    const hashKeyDigest = createHash('sha256').update(settings.hashKey).digest('hex');
    this.publisher = publisherFor(settings, log);
    this.database = openJournal(settings.dataDirectory);
    this.outbox = this.#makeOutbox();
    const { database, publisher, outbox, confirmations } = this;
    const maker = new RecordMaker({ namespace, signer, clock });
    this.writer = new Writer({ database, maker, outbox, confirmations, clock, epoch: () => this.keeper.epoch() });
    const { writer } = this;
    const common = { database, publisher, writer, outbox, maker, clock, schedule, log, init, hashKeyDigest };
    const opening = new EpochOpening({ ...common, hashKey: settings.hashKey, issuers: () => options.issuers.all() });
    this.keeper = new EpochKeeper({ ...common, opening });
    this.republisher = new Republisher({ ...common, opening, keeper: this.keeper, logAgeSecondsMax });
  }

  start(): void {
    this.keeper.onState(({ kind }) => {
      if (kind === 'disconnected') this.confirmations.giveUp();
    });
    this.keeper.start();
    this.publisher.open();
    this.republisher.start();
  }

  async close(): Promise<void> {
    this.republisher.close();
    this.keeper.close();
    this.confirmations.giveUp();
    await this.publisher.close();
    this.database.close();
  }

  #makeOutbox(): Outbox {
    const { log } = this.options;
    return new Outbox({
      publisher: this.publisher,
      schedule,
      acked: (outcomes) => this.#acked(outcomes),
      doubted: (error) => {
        log.warn('publishUnconfirmed', { error });
        this.keeper.review();
      },
    });
  }

  #acked(outcomes: readonly Outcome[]): void {
    this.database.transaction(() => {
      for (const outcome of outcomes) this.#noteAck(outcome);
    });
    for (const { ack } of outcomes) this.keeper.noteStored(ack.log, ack.sequence);
    this.options.confirmed(outcomes);
  }

  /** In a cluster a log can lose records and grow again without our connection being cut: nobody else would notice. */
  #noteAck({ recordId, ack }: Outcome): void {
    markAcked(this.database, recordId, ack);
    const epoch = epochThatReissued(this.database, recordId, ack.sequence);
    if (epoch === undefined) return;
    markRolledBack(this.database, epoch);
    this.keeper.review();
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
