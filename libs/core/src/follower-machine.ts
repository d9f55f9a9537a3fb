import { type Answer, type Ask, type AskOf, Asks, type StartedAsk } from './asks.js';
import { CatchUp, isSnapshotAsk } from './catch-up.js';
import { type Instant, type Prng } from './clock.js';
import { type ErrorCode } from './errors.js';
import { type Head } from './feed.js';
import { type FollowerAction, type FollowerEvent } from './follower-events.js';
import {
  GAP_JITTER_MS,
  HINTED_ASK_EVERY_MS,
  QUORUM_AGE_MS_MAX,
  TICKS_MISSED_JITTER_MS,
  WAKE_EVERY_MS_MAX,
} from './follower-limits.js';
import { describeStanding, type StandingFacts } from './follower-standing.js';
import { type FollowerReason } from './follower.js';
import { LastProof } from './freshness.js';
import { HeadSchedule } from './head-schedule.js';
import { LogCursor } from './log-cursor.js';
import { isSameLog, type LogIdentity } from './log-identity.js';
import { RecordApplier, type RecordApplierOptions } from './record-applier.js';
import { type FeedRecord, type Tick } from './record.js';
import { ReclaimSchedule } from './reclaim-schedule.js';
import { TickWatch } from './tick-watch.js';
import { type Sequence } from './units.js';

export interface MachineOptions extends RecordApplierOptions {
  readonly prng: Prng;
  readonly stalenessMsMax: number;
  readonly stalenessMsMin: number;
  readonly snapshotRecordsMin: number;
  /** Whether a service that is alive is heard within a second. */
  readonly ticksPromised: boolean;
}

/**
 * The follower without its surroundings: events in, actions out, nothing else; it reads no clock and awaits nothing,
 * so every order of events can be played. The order that matters: subscribe and let the broker confirm it, only then
 * ask for the head and read up to it. What is published in between then arrives twice, which changes nothing; the other
 * way round it would never arrive.
 */
export class FollowerMachine {
  readonly applier: RecordApplier;
  readonly proof = new LastProof();
  readonly ticks: TickWatch;
  readonly counters = { gaps: 0, regress: 0, duplicates: 0, resyncs: 0 };
  readonly stalenessMsMax: number;
  readonly #prng: Prng;
  readonly #asks: Asks;
  readonly #heads: HeadSchedule;
  readonly #catchUp: CatchUp;
  #cursor: LogCursor | undefined;
  #connected = false;
  #subscribed = false;
  /** Whether the log was looked up over this connection. */
  #located = false;
  #wantsLocate = true;
  #noLog = false;
  /** When we were at the head, as far as known; becomes a proof with the identity check. */
  #reached: Instant | undefined;
  #resync: 'rolledBack' | 'logReplaced' | undefined;
  #replaying = true;
  /** The cursor whose epoch was seen to be open. */
  #openedCursor: LogCursor | undefined;
  #failure: 'closed' | ErrorCode | undefined;
  readonly #reclaims = new ReclaimSchedule();
  #announced = '';
  #actions: FollowerAction[] = [];

  constructor(options: MachineOptions) {
    this.applier = new RecordApplier(options);
    this.stalenessMsMax = options.stalenessMsMax;
    this.#prng = options.prng;
    this.#catchUp = new CatchUp(options.snapshotRecordsMin);
    this.#asks = new Asks(options.prng);
    this.ticks = new TickWatch(options.ticksPromised);
    this.#heads = new HeadSchedule(options.prng, options.stalenessMsMin);
  }

  get cursor(): LogCursor | undefined {
    return this.#cursor;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Takes one event at `now` and answers what to do, in order. */
  step(event: FollowerEvent, now: Instant): readonly FollowerAction[] {
    if (this.#failure === undefined) this.#take(event, now);
    if (this.proof.isDoubtful(now)) this.#heads.dueSoon(now, 0);
    if (this.#failure === undefined) this.#plan(now);
    this.#announce(now);
    return this.#actions.splice(0);
  }

  /** A smaller bound came into force. */
  tighten(stalenessMs: number): void {
    this.#heads.tighten(stalenessMs);
  }

  /** Milliseconds until something is due that no event announces. */
  nextWakeMs(now: Instant): number {
    if (this.#catchUp.hasWork) return 0;
    const dueAt = Math.min(this.#heads.nextAt(now), this.#asks.nextStart(now), this.#reclaims.nextAt(now));
    return Math.min(WAKE_EVERY_MS_MAX, dueAt - now.monotonic);
  }

  /** Everything that decides our state. */
  get facts(): StandingFacts {
    return {
      failure: this.failure,
      proof: this.proof,
      stalenessMsMax: this.stalenessMsMax,
      connected: this.#connected,
      ticksMissed: this.ticks.alarmed,
      catchingUp: this.#catchingUpBecause(this.#cursor),
    };
  }

  /** Why nothing we say counts, whatever is proven. A bound above the fleet's passes once the fleet's is raised. */
  get failure(): 'closed' | ErrorCode | undefined {
    if (this.#failure !== undefined) return this.#failure;
    const fleetBoundMs = this.ticks.newest?.fleetBoundMs;
    return fleetBoundMs !== undefined && fleetBoundMs < this.stalenessMsMax ? 'ERR_BOUND_ABOVE_FLEET' : undefined;
  }

  #catchingUpBecause(cursor: LogCursor | undefined): FollowerReason {
    if (!this.#subscribed) return 'subscribing';
    if (this.#noLog) return 'noLog';
    if (this.#resync !== undefined) return this.#resync;
    if (cursor?.caughtUp !== true) return 'catchingUp';
    return cursor.opened ? 'awaitingProof' : 'epochNotOpened';
  }

  #take(event: FollowerEvent, now: Instant): void {
    switch (event.kind) {
      case 'connected':
      case 'disconnected':
        this.#onConnection(event.kind === 'connected');
        break;
      case 'record':
        this.#onLive(event.record, now);
        break;
      case 'tick':
        this.#onTick(event.tick, now);
        break;
      case 'answered':
        this.#onAnswer(event.number, event.answer, now);
        break;
      case 'refused':
        this.#onRefusal(this.#asks.settle(event.number), now);
        break;
      case 'wake':
        this.#onWake(now);
        break;
      case 'close':
        this.#failure = 'closed';
        break;
      case 'broken':
        this.#failure = event.code;
        break;
    }
  }

  /** Whatever was asked over the connection before says nothing about this one. */
  #onConnection(connected: boolean): void {
    this.#connected = connected;
    this.#subscribed = false;
    this.#located = false;
    this.#wantsLocate = true;
    this.ticks.pause();
    this.#dropWork();
    if (this.#cursor?.cut() === false) this.#startOver('rolledBack', this.#cursor.log);
  }

  #dropWork(): void {
    this.#asks.giveUpAll();
    this.#catchUp.drop();
    this.#reached = undefined;
  }

  #onLive(record: FeedRecord, now: Instant): void {
    // Without a cursor nothing is lost: the head is asked for later and covers the record.
    const outcome = this.#cursor?.live(record, now);
    if (outcome === 'duplicate') this.counters.duplicates += 1;
    if (outcome === 'conflict') this.counters.regress += 1;
    if (outcome === 'otherEpoch') this.#locateSoon(now);
    if (outcome === 'conflict' || outcome === 'doubtful') this.#heads.dueSoon(now, 0);
    if (this.#cursor?.isOverwhelmed === true) this.#startOver('rolledBack', this.#cursor.log);
    if (outcome !== 'gap') return;
    this.counters.gaps += 1;
    this.#asks.delay('read', now, this.#prng() * GAP_JITTER_MS);
  }

  #onTick(tick: Tick, now: Instant): void {
    const isNewest = this.ticks.hear(tick, now);
    if (this.ticks.endsWait(now)) this.#heads.dueNow();
    const cursor = this.#cursor;
    // Whoever ticks has a log: however often we looked in vain, now there is one.
    if (isNewest && cursor === undefined) this.#asks.hasten('locate', now, this.#prng() * HINTED_ASK_EVERY_MS);
    if (cursor === undefined) return;
    if (tick.epoch !== cursor.log.epoch) {
      if (isNewest) this.#locateSoon(now);
    } else if (cursor.hinted(tick.head)) {
      this.counters.gaps += 1;
      this.#asks.delay('read', now, this.#prng() * GAP_JITTER_MS);
    }
  }

  #onWake(now: Instant): void {
    for (const overdue of this.#asks.takeOverdue(now)) this.#onRefusal(overdue, now);
    if (this.ticks.endsWait(now)) this.#heads.dueNow();
    if (this.ticks.alarms(now)) this.#heads.dueSoon(now, TICKS_MISSED_JITTER_MS);
    this.#workOff();
    this.#reclaims.reclaim(this.applier, this.ticks.newest?.time, now);
  }

  #onRefusal(refused: StartedAsk | undefined, now: Instant): void {
    if (refused === undefined) return;
    this.#asks.refused(refused.ask.kind, now);
    if (isSnapshotAsk(refused.ask)) this.#catchUp.onSnapshotRefused(refused.ask);
    if (refused.ask.kind === 'head') this.#wantsLocate = true;
    if (refused.ask.kind === 'verify') this.#reached ??= refused.ask.proves;
    if (refused.ask.kind === 'read' || refused.ask.kind === 'verify') this.#heads.dueSoon(now, 0);
  }

  #onAnswer(number: number, answer: Answer, now: Instant): void {
    const started = this.#asks.settle(number);
    if (started === undefined) return;
    const { ask } = started;
    this.#asks.succeeded(ask.kind);
    if (answer.kind === 'subscribed') this.#onSubscribed(now);
    if (answer.kind === 'located') this.#onLocated(answer.log, now);
    if (answer.kind === 'head' && ask.kind === 'head') this.#onHead(answer.head, started, ask, now);
    if (answer.kind === 'records' && ask.kind === 'read') this.#onRecords(ask, answer.records, now);
    if (answer.kind === 'records' && ask.kind === 'verify') this.#onVerified(started, ask, answer.records, now);
    if (isSnapshotAsk(ask) && this.#cursor !== undefined) {
      this.#catchUp.onSnapshot(ask, answer, this.#cursor, this.applier, now);
    }
  }

  #onSubscribed(now: Instant): void {
    this.#subscribed = true;
    this.ticks.listen(now);
  }

  #onLocated(log: LogIdentity | undefined, now: Instant): void {
    this.#noLog = log === undefined;
    if (log === undefined) {
      this.#asks.refused('locate', now);
      return;
    }
    this.#located = true;
    this.#wantsLocate = false;
    this.#heads.dueNow();
    if (this.#cursor === undefined) this.#cursor = this.#newCursor(log);
    else if (!isSameLog(this.#cursor.log, log)) this.#startOver('logReplaced', log);
  }

  #onHead(head: Head, { startedAt }: StartedAsk, { believed }: AskOf<'head'>, now: Instant): void {
    const cursor = this.#cursor;
    this.#heads.answered(startedAt, head.quorumAgeMs <= QUORUM_AGE_MS_MAX);
    if (cursor === undefined || !isSameLog(head.log, cursor.log)) {
      this.#wantsLocate = true;
      return;
    }
    const outcome = cursor.head(head, startedAt, believed);
    if (outcome === 'rolledBack') this.#startOver('rolledBack', cursor.log);
    if (cursor.isShort) this.#heads.dueSoon(now, 0);
    if (outcome !== 'short') return;
    // What was proven may have been by the same log; what is under way could still prove it.
    if (this.proof.exists) this.#dropWork();
    this.proof.drop();
    this.#resync = 'rolledBack';
  }

  #onRecords(ask: AskOf<'read'>, records: readonly FeedRecord[], now: Instant): void {
    const idle = !this.#catchUp.hasWork;
    this.#catchUp.onRecords(ask, records);
    // A sequence that the log no longer has must be shown to have aged out: the head says where the log begins.
    if (records[0]?.sequence !== ask.from || records.at(-1)?.sequence !== ask.to) {
      this.#asks.refused('read', now);
      this.#heads.dueSoon(now, 0);
    }
    if (idle) this.#workOff();
  }

  #onVerified(started: StartedAsk, ask: AskOf<'verify'>, records: readonly FeedRecord[], now: Instant): void {
    const cursor = this.#cursor;
    if (cursor === undefined) return;
    if (records.at(-1)?.sequence !== ask.check.to) this.#onRefusal(started, now);
    else if (!cursor.compare(ask.check, records)) this.#startOver('rolledBack', cursor.log);
    else if (ask.proves === undefined) return;
    else if (ask.check.last && !cursor.inConflict) this.#prove(ask.proves, cursor);
    else this.#reached ??= ask.proves;
  }

  /** Identities are compared before the epoch is open too: a record that was taken for another one may be what opens it. */
  #prove(at: Instant, { log, opened, isShort }: LogCursor): void {
    if (!opened || isShort) return;
    this.proof.prove(at);
    this.#resync = undefined;
    this.#replaying = false;
    this.applier.unreadable.keepOnly(log.epoch);
  }

  /** Reads the log from its start beside what we have: the union of both can only hit more. Nothing is proven meanwhile. */
  #startOver(because: 'rolledBack' | 'logReplaced', log: LogIdentity): void {
    this.counters.resyncs += 1;
    this.#resync = because;
    this.#replaying = true;
    this.proof.drop();
    this.#dropWork();
    this.#catchUp.readLogOnly();
    this.#cursor = this.#newCursor(log);
    this.#heads.dueNow();
    this.#wantsLocate ||= because === 'rolledBack';
  }

  #newCursor(log: LogIdentity): LogCursor {
    return new LogCursor(log, this.applier, (at: Sequence, body) =>
      this.#actions.push({
        kind: 'notify',
        notice: { kind: 'applied', sequence: at, body, replayed: this.#replaying },
      }),
    );
  }

  /** Applies what was read, some milliseconds at a time: requests of the host wait for no bootstrap. */
  #workOff(): void {
    const cursor = this.#cursor;
    if (!this.#catchUp.workOff(cursor) && cursor !== undefined) this.#startOver('rolledBack', cursor.log);
  }

  #locateSoon(now: Instant): void {
    this.#wantsLocate = true;
    this.#asks.delay('locate', now, this.#prng() * HINTED_ASK_EVERY_MS);
  }

  #plan(now: Instant): void {
    if (!this.#connected) return;
    if (!this.#subscribed) {
      this.#askOnce({ kind: 'subscribe' }, now);
      return;
    }
    if (this.#wantsLocate) this.#askOnce({ kind: 'locate' }, now);
    const cursor = this.#cursor;
    if (!this.#located || cursor === undefined) return;
    this.#noticeOpening(cursor, now);
    // What did not agree with the log may have come from a copy of it: until something is proven, none is asked.
    const original = this.#resync === 'rolledBack';
    for (const ask of this.#catchUp.plan(cursor, { asks: this.#asks, now, original })) this.#ask(ask, now);
    this.#planProof(cursor, now);
    if (this.#heads.isDue(now)) this.#planHead(cursor, now);
  }

  /** From now on a head can become a proof. */
  #noticeOpening(cursor: LogCursor, now: Instant): void {
    if (!cursor.opened || this.#openedCursor === cursor) return;
    this.#openedCursor = cursor;
    this.#heads.dueSoon(now, 0);
  }

  #planHead(cursor: LogCursor, now: Instant): void {
    const believed = { ...cursor.belief, told: this.ticks.told(cursor.log.epoch, now) };
    if (this.#askOnce({ kind: 'head', log: cursor.log, believed }, now)) this.#heads.asked(now);
  }

  /** A conflict is settled even while there is nothing to prove. */
  #planProof(cursor: LogCursor, now: Instant): void {
    this.#reached = cursor.takeReached() ?? this.#reached;
    if (this.#reached === undefined && !cursor.inConflict) return;
    const check = cursor.nextCheck();
    if (check !== undefined) {
      const ask = { kind: 'verify', log: cursor.log, check, proves: this.#reached } as const;
      if (this.#askOnce(ask, now)) this.#reached = undefined;
    } else if (this.#reached !== undefined) {
      this.#prove(this.#reached, cursor);
      this.#reached = undefined;
    }
  }

  #askOnce(ask: Ask, now: Instant): boolean {
    if (this.#asks.running(ask.kind) || !this.#asks.mayStart(ask.kind, now)) return false;
    this.#ask(ask, now);
    return true;
  }

  #ask(ask: Ask, now: Instant): void {
    this.#actions.push({ kind: 'ask', started: this.#asks.start(ask, now) });
  }

  #announce(now: Instant): void {
    const standing = describeStanding(this.facts, now);
    const announced = `${standing.state} ${standing.because ?? ''}`;
    if (announced === this.#announced) return;
    this.#announced = announced;
    this.#actions.push({ kind: 'notify', notice: { kind: 'status', ...standing } });
  }
}
