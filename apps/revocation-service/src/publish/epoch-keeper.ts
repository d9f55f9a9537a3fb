import {
  type Clock,
  type Head,
  type Heartbeat,
  type LogIdentity,
  type Schedule,
  sequence,
  type Sequence,
} from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { type Database } from '../journal/database.js';
import { currentEpoch, type JournaledEpoch, knowsEpoch, noteHead } from '../journal/epochs.js';
import { countPending, highestSequence } from '../journal/records.js';
import { type ServiceLog } from '../log/service-log.js';
import { type EpochOpening } from './epoch-opening.js';
import { decideLog, type FleetEvidence, type LogDecision, type RefusalReason } from './log-decision.js';
import { type Outbox } from './outbox.js';

/** Heartbeats come each second: whoever lives has spoken by then. Milliseconds. */
const LISTEN_BEFORE_FIRST_MS = 1_200;
/** The same for a log that is missing although it was there. Milliseconds. */
const LISTEN_BEFORE_ANEW_MS = 5_000;
/** How long a heartbeat counts as evidence. Milliseconds. */
const EVIDENCE_MS = 5_000;
/** How often the log is looked at while nothing seems wrong, and after a failed look. Milliseconds. */
const REVIEW_MS = 10_000;
const REVIEW_AGAIN_MS = 1_000;

/** Whether the service can write, and if not, why. */
export type LogState =
  | { readonly kind: 'disconnected' }
  /** Connected; the log is being looked at, or did not answer. */
  | { readonly kind: 'reviewing' }
  | { readonly kind: 'opening'; readonly epoch: string }
  | { readonly kind: 'open'; readonly epoch: string; readonly log: LogIdentity }
  | { readonly kind: 'refused'; readonly because: RefusalReason };

export interface EpochKeeperOptions {
  readonly database: Database;
  readonly publisher: Publisher;
  readonly outbox: Outbox;
  readonly opening: EpochOpening;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly log: ServiceLog;
  readonly init: boolean;
  readonly hashKeyDigest: string;
}

/** Knows whether the log on the broker is the one that the journal belongs to, and opens epochs. */
export class EpochKeeper {
  #state: LogState = { kind: 'disconnected' };
  #journal: JournaledEpoch | undefined;
  #head: Sequence = sequence(0);
  readonly #heard = new Map<string, { readonly heartbeat: Heartbeat; readonly at: number }>();
  readonly #listeners = new Set<(state: LogState) => void>();
  #firstEpoch: () => void = () => undefined;
  #damagedSince: number | undefined;
  #reviewing = false;
  #again = false;
  #filling: string | undefined;
  #closed = false;
  #disarm: () => void = () => undefined;

  constructor(private readonly options: EpochKeeperOptions) {
    this.#journal = currentEpoch(options.database);
  }

  state(): LogState {
    return this.#state;
  }

  onState(listener: (state: LogState) => void): void {
    this.#listeners.add(listener);
  }

  /** Called right before the very first epoch of the namespace is opened. */
  onFirstEpoch(listener: () => void): void {
    this.#firstEpoch = listener;
  }

  /** The epoch in which new records are made: that of the journal once it was opened, also while the broker is away. */
  epoch(): string | undefined {
    return this.#journal?.state === 'open' ? this.#journal.epoch : undefined;
  }

  /** Whether a command may be accepted now; its record may have to wait. Never before there was a first epoch: it might never come. */
  canAccept(): boolean {
    return this.#state.kind !== 'refused' && this.#journal !== undefined;
  }

  /** The highest sequence the log is known to have: what a tick tells. */
  head(): Sequence {
    return this.#head;
  }

  /** The log of this name stored a record there. A late word of a log that was given up says nothing about ours. */
  noteStored(log: string, at: Sequence): void {
    if (log === this.#journal?.log?.name && at > this.#head) this.#head = at;
  }

  start(): void {
    this.options.publisher.onState((state) => {
      if (state === 'disconnected') this.#damagedSince = undefined;
      this.review();
    });
    this.options.publisher.onHeartbeat((heartbeat) => this.#hear(heartbeat));
    if (this.options.publisher.state() === 'connected') this.review();
  }

  close(): void {
    this.#closed = true;
    this.#disarm();
    this.options.outbox.close();
  }

  /** The settings of issuers changed: nodes learn it from the log. */
  async redeclare(): Promise<void> {
    const epoch = this.epoch();
    if (epoch !== undefined) await this.options.opening.declareSettings(epoch);
  }

  /** Looks at the log now, or right after the look that is under way. */
  review(): void {
    this.#again = true;
    if (!this.#reviewing) void this.#reviewAll();
  }

  async #reviewAll(): Promise<void> {
    this.#reviewing = true;
    this.#disarm();
    while (this.#again && !this.#closed) {
      this.#again = false;
      await this.#reviewOnce();
    }
    this.#reviewing = false;
    const pause = this.#state.kind === 'open' ? REVIEW_MS : REVIEW_AGAIN_MS;
    if (!this.#closed) this.#disarm = this.options.schedule(pause, () => this.review());
  }

  async #reviewOnce(): Promise<void> {
    const { publisher, log } = this.options;
    try {
      if (publisher.state() === 'connected') await this.#follow(await this.#decide());
      else this.#become({ kind: 'disconnected' });
    } catch (error) {
      log.warn('logUnavailable', { error });
      this.#become(publisher.state() === 'connected' ? { kind: 'reviewing' } : { kind: 'disconnected' });
    }
  }

  async #decide(): Promise<LogDecision | undefined> {
    const { publisher, database, hashKeyDigest, init } = this.options;
    this.#journal = currentEpoch(database);
    const journal = this.#journal;
    const located = await publisher.locate();
    const head: Head | undefined = located && (await publisher.head(located));
    const confirmed = journal === undefined ? sequence(0) : highestSequence(database, journal.epoch);
    const decision = decideLog({ located, head, journal, confirmed, hashKeyDigest, init, evidence: this.evidence() });
    if (decision.kind === 'begin') return this.#isLasting() ? decision : undefined;
    this.#damagedSince = undefined;
    if (head !== undefined && decision.kind === 'write') this.#noteHead(head);
    return decision;
  }

  async #follow(decision: LogDecision | undefined): Promise<void> {
    if (decision === undefined || decision.kind === 'askAgain') this.#become({ kind: 'reviewing' });
    else if (decision.kind === 'refuse') this.#become({ kind: 'refused', because: decision.because });
    else if (decision.kind === 'begin') this.#fill(await this.#begin(decision), 'opening');
    else this.#fill(decision.log, decision.kind === 'finish' ? 'opening' : 'open');
  }

  async #begin({ previous, remove }: Extract<LogDecision, { kind: 'begin' }>): Promise<LogIdentity> {
    const { publisher, database, outbox, opening, log } = this.options;
    outbox.hold();
    if (remove !== undefined) await publisher.removeLog(remove);
    outbox.drop();
    this.#head = sequence(0);
    // An epoch whose opening was interrupted may have been announced: nodes can have a proof from it.
    if (this.#journal === undefined) this.#firstEpoch();
    const epoch = opening.begin(previous);
    // From this moment on no record is made for the epoch before.
    this.#journal = currentEpoch(database);
    const made = await opening.makeLog(epoch);
    // Now with the log's name, by which acknowledgements are told apart.
    this.#journal = currentEpoch(database);
    log.info('epochBegun', { epoch: made.epoch, previous });
    return made;
  }

  /**
   * Lets records go out, and writes what the log lacks beside the reviews: a record that is not confirmed holds the
   * outbox until the next review, which therefore must not wait for records.
   */
  #fill(log: LogIdentity, kind: 'opening' | 'open'): void {
    const { epoch } = log;
    this.#become(kind === 'open' ? { kind, epoch, log } : { kind, epoch });
    this.options.outbox.open(epoch);
    if (this.#filling === epoch) return;
    this.#filling = epoch;
    this.#fillOnce(log, kind).catch((error: unknown) => {
      // Once another epoch is being filled, the end of this one is no news.
      if (this.#filling !== epoch) return;
      this.#filling = undefined;
      this.options.log.warn('logNotFilled', { error });
    });
  }

  async #fillOnce(made: LogIdentity, kind: 'opening' | 'open'): Promise<void> {
    const { opening, publisher, log } = this.options;
    const { epoch } = made;
    await publisher.raiseRetention(made);
    await opening.resendPending(epoch);
    await opening.writeMissing(epoch);
    await opening.declareSettings(epoch);
    if (kind === 'open') return;
    await opening.announce(epoch, this.#journal?.previous);
    log.info('epochOpened', { epoch });
    this.#journal = currentEpoch(this.options.database);
    this.review();
    // Accepted while the epoch was being opened.
    await opening.writeMissing(epoch);
  }

  #become(state: LogState): void {
    if (state.kind === 'disconnected' || state.kind === 'refused') this.options.outbox.hold();
    const { log } = this.options;
    const changed = JSON.stringify(state) !== JSON.stringify(this.#state);
    this.#state = state;
    if (!changed) return;
    if (state.kind === 'refused') log.error('writingRefused', { because: state.because });
    else log.info('logState', { state: state.kind });
    for (const listener of this.#listeners) listener(state);
  }

  /**
   * Whether the log has been missing or damaged for long enough to be written anew: heartbeats that speak against it have
   * been heard by then, and a broker that is just starting has found its streams.
   */
  #isLasting(): boolean {
    const now = this.options.clock.monotonic();
    this.#damagedSince ??= now;
    return now - this.#damagedSince >= (this.#journal === undefined ? LISTEN_BEFORE_FIRST_MS : LISTEN_BEFORE_ANEW_MS);
  }

  #noteHead({ log, last }: Head): void {
    this.noteStored(log.name, last);
    noteHead(this.options.database, log.epoch, last);
  }

  #hear(heartbeat: Heartbeat): void {
    this.#heard.set(`${heartbeat.node}\n${heartbeat.instance}`, { heartbeat, at: this.options.clock.monotonic() });
  }

  /** What heartbeats say against this journal. */
  evidence(): FleetEvidence {
    const { clock, database } = this.options;
    for (const [name, { at }] of this.#heard) if (clock.monotonic() - at > EVIDENCE_MS) this.#heard.delete(name);
    const heartbeats = [...this.#heard.values()].map(({ heartbeat }) => heartbeat);
    const epochs = heartbeats.flatMap(({ epoch }) => epoch ?? []);
    const journal = this.#journal;
    // An unconfirmed record may well be stored, and applied by a node.
    const confirmed = journal === undefined ? 0 : Math.max(journal.head, highestSequence(database, journal.epoch));
    const known = confirmed + countPending(database);
    return {
      otherEpoch: epochs.some((epoch) => !knowsEpoch(database, epoch)),
      knowsMore: heartbeats.some(({ epoch, watermark }) => epoch === journal?.epoch && watermark > known),
    };
  }
}
