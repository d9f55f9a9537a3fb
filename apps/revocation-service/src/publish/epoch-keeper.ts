import {
  type Clock,
  type EpochMs,
  type Head,
  type LogIdentity,
  type Schedule,
  sequence,
  type Sequence,
} from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { type Database } from '../journal/database.js';
import {
  adoptEpoch,
  currentEpoch,
  type JournaledEpoch,
  markEpochOpen,
  noteHead,
  noteTaken,
} from '../journal/epochs.js';
import { type ServiceLog } from '../log/service-log.js';
import { EpochFilling } from './epoch-filling.js';
import { type EpochOpening } from './epoch-opening.js';
import { type Damage, type FleetEvidence, type LogDecision, type RefusalReason } from './log-decision.js';
import { type LogIntake } from './log-intake.js';
import { LogSurvey, storedOf, takenOf } from './log-survey.js';
import { type Outbox } from './outbox.js';
import { Peers, type Standing } from './peers.js';

/** Heartbeats come each second: whoever lives has spoken by then. Milliseconds. */
const LISTEN_BEFORE_FIRST_MS = 1_200;
/** The same for a log that is missing although it was there. Milliseconds. */
const LISTEN_BEFORE_ANEW_MS = 5_000;
/** Instances that see the same loss do not all act on it in the same moment. Milliseconds. */
const JITTER_MS = 1_000;
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
  readonly acceptsLoss: boolean;
  readonly intake: LogIntake;
}

/** Refusals over a log of ours that lacks records. */
const DAMAGED: readonly RefusalReason[] = [
  'logLost',
  'logRecreated',
  'logRolledBack',
  'fleetKnowsMore',
  'journalBehind',
];

/** Refusals of an instance whose journal belongs to this log: others wait for what it holds. */
const HELD_BACK: readonly RefusalReason[] = [...DAMAGED, 'otherEpochInFleet'];

/** Knows whether the log on the broker is the one that the journal belongs to, and opens epochs. */
export class EpochKeeper {
  #state: LogState = { kind: 'disconnected' };
  #journal: JournaledEpoch | undefined;
  #head: Sequence;
  readonly #survey: LogSurvey;
  readonly #listeners = new Set<(state: LogState) => void>();
  #firstEpoch: () => void = () => undefined;
  #damagedSince: number | undefined;
  #damage: Exclude<Damage, 'first'> | undefined;
  #reviewing = false;
  #again = false;
  #filling: string | undefined;
  #closed = false;
  #disarm: () => void = () => undefined;
  readonly peers: Peers;
  readonly #fill: EpochFilling;
  readonly #jitterMs = Math.random() * JITTER_MS;
  readonly #rewritten = new Map<string, number>();

  constructor(private readonly options: EpochKeeperOptions) {
    this.#journal = currentEpoch(options.database);
    this.#head = storedOf(options.database, this.#journal);
    this.peers = new Peers({ ...options, standing: () => this.#standing() });
    this.#survey = new LogSurvey({ ...options, peers: this.peers });
    this.#fill = new EpochFilling({ ...options, peers: this.peers });
  }

  state(): LogState {
    return this.#state;
  }

  onState(listener: (state: LogState) => void): void {
    this.#listeners.add(listener);
  }

  /** Why the log is about to be written anew, or is being written. */
  damage(): Exclude<Damage, 'first'> | undefined {
    return this.#state.kind === 'open' ? undefined : this.#damage;
  }

  /** How often this process began to write the log anew, by reason. */
  rewritten(): ReadonlyMap<string, number> {
    return this.#rewritten;
  }

  /** When the journal was read back from this log; undefined for one that has its whole history. */
  rebuiltAt(): EpochMs | undefined {
    return this.#journal?.rebuiltAt;
  }

  /** Issuers for which another instance declared other settings than ours. */
  differingSettings(): readonly string[] {
    return this.options.opening.differing();
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

  /**
   * The epoch whose head a tick tells. Also while its log is seen to be damaged: it tells nodes how much is missing, so that
   * none that comes now takes what is left for all there is.
   */
  tickedEpoch(): string | undefined {
    const state = this.#state;
    if (state.kind === 'open') return state.epoch;
    const isDamaged =
      state.kind === 'refused'
        ? DAMAGED.includes(state.because)
        : state.kind === 'reviewing' && this.#damage !== undefined;
    return isDamaged ? this.epoch() : undefined;
  }

  /** What the log of this epoch is known to have stored: whatever is published from now on gets a higher sequence. */
  storedOf(epoch: string): Sequence {
    return epoch === this.#journal?.epoch ? this.#head : sequence(0);
  }

  /** The log of this name stored a record there. A late word of a log that was given up says nothing about ours. */
  noteStored(log: string, at: Sequence): void {
    if (log !== this.#journal?.log?.name || at <= this.#head) return;
    this.#head = at;
    this.options.intake.hint(this.#journal.epoch, at);
  }

  start(): void {
    this.options.publisher.onState((state) => {
      if (state === 'disconnected') this.#damagedSince = undefined;
      this.review();
    });
    this.options.publisher.onHeartbeat((heartbeat) => this.#survey.hear(heartbeat));
    this.options.publisher.onTick(({ epoch, head }) => {
      const log = this.#journal?.log;
      if (log?.epoch === epoch) this.noteStored(log.name, head);
    });
    this.peers.start();
    if (this.options.publisher.state() === 'connected') this.review();
  }

  close(): void {
    this.#closed = true;
    this.#disarm();
    this.peers.close();
    this.options.outbox.close();
  }

  /** The settings of issuers changed: nodes learn it from the log. */
  async redeclare(): Promise<void> {
    const epoch = this.epoch();
    if (epoch !== undefined) await this.options.opening.declareSettings(epoch, this.peers.all().length === 0);
  }

  /** The journal may have learnt that the log gave a sequence out twice. */
  reviewIfDamaged(): void {
    if (currentEpoch(this.options.database)?.rolledBack === true) this.review();
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
    this.#journal = currentEpoch(this.options.database);
    const { decision, head } = await this.#survey.look(this.#journal);
    if (decision.kind === 'begin') return this.#isLasting(decision.because) ? decision : undefined;
    // Who joins other instances has heard them by then.
    if (decision.kind === 'adopt' && this.#journal === undefined && !this.#isLasting('first')) return undefined;
    this.#damagedSince = undefined;
    if (head !== undefined && (decision.kind === 'write' || decision.kind === 'finish')) this.#noteHead(head);
    return decision;
  }

  async #follow(decision: LogDecision | undefined): Promise<void> {
    if (decision === undefined || decision.kind === 'askAgain') this.#become({ kind: 'reviewing' });
    else if (decision.kind === 'refuse') this.#become({ kind: 'refused', because: decision.because });
    else if (decision.kind === 'begin') this.#write(await this.#begin(decision), 'opening');
    else if (decision.kind === 'adopt') this.#adopt(decision);
    else this.#write(decision.log, decision.kind === 'finish' ? 'opening' : 'open');
  }

  async #begin({ because, previous, remove }: Extract<LogDecision, { kind: 'begin' }>): Promise<LogIdentity> {
    const { publisher, database, outbox, opening, log } = this.options;
    outbox.hold();
    if (because !== 'first') this.#announceDamage(because, previous);
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
    this.#fill.begunHere(epoch);
    log.info('epochBegun', { epoch: made.epoch, previous });
    return made;
  }

  #announceDamage(because: Exclude<Damage, 'first'>, previous: string | undefined): void {
    this.#rewritten.set(because, (this.#rewritten.get(because) ?? 0) + 1);
    this.options.log.error('logDamaged', { because, previous });
  }

  /** Another instance began this epoch, or a journal that is lost did. What we hold and it lacks is written by the filling. */
  #adopt({ log: adopted, isOpen }: Extract<LogDecision, { kind: 'adopt' }>): void {
    const { database, outbox, hashKeyDigest, clock, log } = this.options;
    outbox.hold();
    outbox.drop();
    this.#head = sequence(0);
    const previous = this.#journal?.epoch;
    // Alone and without a history it is what is left of a lost journal; beside others it is a new instance that joins them.
    const isRebuilt = previous === undefined && this.peers.all().length === 0;
    adoptEpoch(database, { log: adopted, hashKeyDigest, isRebuilt }, clock.wall());
    if (isOpen) markEpochOpen(database, adopted.epoch, clock.wall());
    this.#journal = currentEpoch(database);
    if (isRebuilt) {
      log.warn('journalRebuilt', { epoch: adopted.epoch, lost: ['reasons', 'actors', 'idempotencyDigests', 'proofs'] });
    } else {
      log.warn('epochAdopted', { epoch: adopted.epoch, previous });
    }
    this.review();
  }

  /**
   * Lets records go out, and writes what the log lacks beside the reviews: a record that is not confirmed holds the
   * outbox until the next review, which therefore must not wait for records.
   */
  #write(log: LogIdentity, kind: 'opening' | 'open'): void {
    const { epoch } = log;
    this.#become(kind === 'open' ? { kind, epoch, log } : { kind, epoch });
    this.options.outbox.open(epoch);
    if (this.#filling === epoch) return;
    this.#filling = epoch;
    this.#fillOnce(log, kind).catch((error: unknown) => {
      // Once another epoch is being filled, the end of this one is no news.
      if (this.#filling !== epoch) return;
      this.#filling = undefined;
      if (!this.#closed) this.options.log.warn('logNotFilled', { error });
    });
  }

  async #fillOnce(made: LogIdentity, kind: 'opening' | 'open'): Promise<void> {
    const { opening, log, database } = this.options;
    const { epoch } = made;
    if (kind === 'open') return this.#fill.complete(made);
    await this.#fill.fillTogether(made);
    if (this.#filling !== epoch) return;
    await opening.announce(epoch, this.#journal?.previous);
    log.info('epochOpened', { epoch });
    this.#damage = undefined;
    this.#journal = currentEpoch(database);
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
    this.peers.speak();
    if (state.kind === 'refused') log.error('writingRefused', { because: state.because });
    else log.info('logState', { state: state.kind });
    for (const listener of this.#listeners) listener(state);
  }

  /**
   * Whether the log has been missing or damaged for long enough to be written anew: heartbeats that speak against it have
   * been heard by then, and a broker that is just starting has found its streams.
   */
  #isLasting(because: Damage): boolean {
    const now = this.options.clock.monotonic();
    this.#damagedSince ??= now;
    if (because !== 'first') this.#damage = because;
    const wait = because === 'first' ? LISTEN_BEFORE_FIRST_MS : LISTEN_BEFORE_ANEW_MS;
    return now - this.#damagedSince >= wait + this.#jitterMs;
  }

  #noteHead(head: Head): void {
    const { database, intake } = this.options;
    const { log, last } = head;
    this.noteStored(log.name, last);
    intake.follow(head);
    noteHead(database, log.epoch, last);
    const watermark = intake.watermark();
    if (this.#journal !== undefined && watermark > this.#journal.taken) noteTaken(database, log.epoch, watermark);
  }

  /** An instance that must not write although its journal may hold what others lack is waited for; one that is not part of this is not. */
  #standing(): Standing | undefined {
    const state = this.#state;
    if (state.kind === 'disconnected' || this.#closed) return undefined;
    if (state.kind === 'refused' && !HELD_BACK.includes(state.because)) return undefined;
    const epoch = this.#journal?.epoch;
    const phase = state.kind === 'open' ? 'open' : state.kind === 'opening' ? this.#fill.phase(state.epoch) : 'waiting';
    return { epoch, phase, watermark: takenOf(this.options.database, this.#journal) };
  }

  /** What heartbeats say against this journal. */
  evidence(): FleetEvidence {
    return this.#survey.evidence(this.#journal);
  }
}
