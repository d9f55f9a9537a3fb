import { type Instant } from './clock.js';
import { type Head } from './feed.js';
import { type LogIdentity } from './log-identity.js';
import { LIVE_RECORD_AGE_MS_MAX, QUORUM_AGE_MS_MAX, READ_CHUNK_RECORDS, SHORT_HEADS_MAX } from './follower-limits.js';
import { backdate, HeadClaims } from './freshness.js';
import { type IdentityCheck, IdentityChecks } from './identity-checks.js';
import { LogProgress, type SequenceRange } from './log-progress.js';
import { RecentIdentities } from './recent-identities.js';
import { type EffectiveBody, opensEpoch, type RecordApplier } from './record-applier.js';
import { type FeedRecord } from './record.js';
import { type PlacedIdentity, type SnapshotFraming } from './snapshot.js';
import { BEFORE_FIRST, type EpochMs, sequence, type Sequence } from './units.js';

type SignedRecord = FeedRecord & { readonly kind: 'record' };

/** What a live record turned out to be. `doubtful`: only the log can say what stands at its sequence. `waiting`: it will be read anyway. */
export type LiveOutcome = 'applied' | 'gap' | 'duplicate' | 'conflict' | 'doubtful' | 'otherEpoch' | 'waiting';

/** What we believed when we asked for the head: only that may be held against the answer. */
export interface Belief {
  /** The highest sequence that we had read. */
  readonly watermark: Sequence;
  readonly target: Sequence;
  readonly told: Told;
}

/** What a proof by the answer must agree with, as it was when we asked. */
export interface Told {
  /** How far the log goes at least, by ticks of the service. */
  readonly head: Sequence;
  /** Whether the service has had its say over this connection. */
  readonly spoken: boolean;
}

/** `rolledBack`: the log has less than we had read when we asked. `short`: less than the service had told by then, and not once only. */
export type HeadOutcome = 'taken' | 'rolledBack' | 'short';

/**
 * Where we stand in one log. A log that was rolled back, recreated or replaced gets a new cursor, which forgets
 * identities and watermark; what was revoked stays in the applier.
 */
export class LogCursor {
  readonly log: LogIdentity;
  readonly #applier: RecordApplier;
  readonly #onEffect: (sequence: Sequence, body: EffectiveBody) => void;
  readonly #progress = new LogProgress();
  /** Sequences searched for the hash key, while there is no index to apply anything to. They are read again afterwards. */
  #searched = new LogProgress();
  readonly #identities = new RecentIdentities();
  readonly #claims = new HeadClaims();
  readonly #checks = new IdentityChecks();
  #first = BEFORE_FIRST;
  /** The first proven head that was heard over this connection. */
  #joinedAt: Sequence | undefined;
  #headHeard = false;
  /** Heads in a row that lay below what the service had told. */
  #shortHeads = 0;
  #openedAt: Sequence | undefined;

  constructor(log: LogIdentity, applier: RecordApplier, onEffect: (sequence: Sequence, body: EffectiveBody) => void) {
    this.log = log;
    this.#applier = applier;
    this.#onEffect = onEffect;
  }

  get watermark(): Sequence {
    return this.#progress.watermark;
  }

  /**
   * Undefined where the record at the watermark has aged out before we could read it; and while two records are in conflict
   * below it, for whoever is told a watermark takes it that everything up to there is known.
   */
  get identity(): string | undefined {
    return this.inConflict ? undefined : this.#identities.at(this.watermark);
  }

  /** The lowest sequence that the log still has, as far as known. */
  get first(): Sequence {
    return this.#first;
  }

  /** The last head lay below what the service had told: this log proves nothing, until the service has opened a new epoch. */
  get isShort(): boolean {
    return this.#shortHeads > 0;
  }

  get headHeard(): boolean {
    return this.#headHeard;
  }

  get belief(): Omit<Belief, 'told'> {
    return { watermark: this.#reading.read, target: this.#reading.target };
  }

  /** The highest sequence that the log is known to have. */
  get target(): Sequence {
    return this.#reading.target;
  }

  /**
   * Whether the watermark covers the record that opens the epoch. That it was heard live is not enough: it may come late, from a
   * log of this name that is gone, and the one of now be empty; or come again under a sequence that the log has not yet, which
   * would keep us waiting for that one, so the lowest counts. It is also published again before the first one ages out.
   */
  get opened(): boolean {
    return this.#openedAt !== undefined && this.#openedAt <= this.watermark;
  }

  /** Whether a head was heard and everything up to it was read. */
  get caughtUp(): boolean {
    return this.#headHeard && this.#reading.complete;
  }

  /** A record of the live feed. It takes effect at once; whether the watermark may move over it is another matter. */
  live(record: FeedRecord, now: Instant): LiveOutcome {
    if (record.kind !== 'record') return 'doubtful';
    if (record.epoch !== this.log.epoch) return 'otherEpoch';
    this.#learn(record);
    if (this.#applier.index === undefined) {
      this.#claim(record.sequence);
      return 'waiting';
    }
    return this.#progress.has(record.sequence) ? this.#liveAgain(record) : this.#liveFirst(record, now.wall);
  }

  /** A record that the log itself answered. False: it contradicts what we hold, so the log was rolled back. */
  read(record: FeedRecord): boolean {
    this.#learn(record);
    if (this.#applier.index === undefined) {
      this.#searched.mark(record.sequence, true);
      return true;
    }
    const known = this.#identities.at(record.sequence);
    if (known === record.identity && this.#progress.has(record.sequence)) return true;
    if (known !== undefined && known !== record.identity && record.sequence <= this.watermark) return false;
    this.#doubtTwins(record);
    this.#take(record, true);
    return true;
  }

  /** The leader's answer to an ask made at `askedAt`. */
  head(head: Head, askedAt: Instant, believed: Belief): HeadOutcome {
    const proven = head.quorumAgeMs <= QUORUM_AGE_MS_MAX;
    if (proven && head.last < believed.watermark) return 'rolledBack';
    // Nothing found so far: a log that lost records may have the hash key where we searched already.
    if (this.#reading.complete && this.#applier.index === undefined) this.#searched = new LogProgress();
    this.#headHeard = true;
    this.#agedOutBefore(head.first);
    this.#claim(head.last);
    if (!proven) return 'taken';
    this.#joinedAt ??= head.last;
    if (this.#reading.target === believed.target) {
      this.#reading.shrinkTo(head.last);
      this.#checks.endsAt(this.#reading.target);
    }
    this.#shortHeads = head.last < believed.told.head ? this.#shortHeads + 1 : 0;
    if (this.isShort) {
      this.#claims.clear();
      return this.#shortHeads < SHORT_HEADS_MAX ? 'taken' : 'short';
    }
    if (believed.told.spoken) this.#claims.offer(head.last, backdate(askedAt, head.quorumAgeMs));
    return 'taken';
  }

  /** A signed tick says that the log reaches `head`. True if that is news: the live feed lost something. */
  hinted(head: Sequence): boolean {
    const { complete } = this.#reading;
    this.#claim(head);
    return complete && !this.#reading.complete;
  }

  /**
   * The connection was cut or made anew. Heads that were asked for before prove nothing about what comes. False: so much
   * is in doubt that reading the log again is cheaper than comparing.
   */
  cut(): boolean {
    this.#claims.clear();
    this.#joinedAt = undefined;
    return this.#checks.sawCut(this.watermark);
  }

  /** The newest at or below the watermark, ascending, at most `count` and without a hole. */
  newestIdentities(count: number): readonly PlacedIdentity[] {
    const placed: PlacedIdentity[] = [];
    for (let at = this.watermark; at > BEFORE_FIRST && placed.length < count; at = sequence(at - 1)) {
      const identity = this.#identities.at(at);
      if (identity === undefined) break;
      placed.unshift({ sequence: at, identity });
    }
    return placed;
  }

  /** A snapshot was taken in whose history the log has: reading goes on behind it. The next proof compares again. */
  adopt({ watermark, identities }: SnapshotFraming): void {
    this.#openedAt = watermark;
    for (const { sequence: at, identity } of identities) this.#identities.remember(at, identity);
    this.#progress.skipBefore(sequence(watermark + 1));
    this.#checks.sawCut(watermark);
  }

  nextRead(reading: readonly SequenceRange[]): SequenceRange | undefined {
    return this.#reading.nextMissing(reading, READ_CHUNK_RECORDS);
  }

  /** When we were at the head, by a head asked for then and reached since; it is taken out and still wants the identity checks. */
  takeReached(): Instant | undefined {
    if (this.#applier.index === undefined) return undefined;
    return this.#claims.takeReached(this.watermark);
  }

  /** Two records were seen at one sequence: nothing is proven until the log has said which one it has. */
  get inConflict(): boolean {
    return this.#checks.inConflict;
  }

  /** So much is in conflict that reading the log again is cheaper than comparing. */
  get isOverwhelmed(): boolean {
    return this.#checks.tooManyConflicts;
  }

  /** What to compare with the log next; undefined where all that could be compared has aged out. */
  nextCheck(): IdentityCheck | undefined {
    const check = this.#checks.next(this.watermark, this.#first);
    return check.to < this.#first || this.#identities.at(check.to) === undefined ? undefined : check;
  }

  /** What the log really has there. False: other records than ours, so it was rolled back. */
  compare(check: IdentityCheck, records: readonly FeedRecord[]): boolean {
    const differs = ({ sequence, identity }: FeedRecord): boolean =>
      (this.#identities.at(sequence) ?? identity) !== identity;
    if (records.some(differs)) return false;
    this.#checks.same(check);
    return true;
  }

  get #reading(): LogProgress {
    return this.#applier.index === undefined ? this.#searched : this.#progress;
  }

  #agedOutBefore(first: Sequence): void {
    this.#searched.skipBefore(first);
    if (first === this.#first) return;
    this.#first = first;
    this.#progress.skipBefore(first);
    this.#checks.agedOutBefore(first);
  }

  #claim(at: Sequence): void {
    this.#progress.claim(at);
    this.#searched.claim(at);
  }

  #learn(record: FeedRecord): void {
    this.#applier.learnHashKey(record, this.log.epoch);
  }

  #liveAgain(record: SignedRecord): LiveOutcome {
    const known = this.#identities.at(record.sequence);
    if (known === record.identity) return 'duplicate';
    this.#applier.apply(record, this.log.epoch);
    if (known !== undefined) this.#checks.sawConflict(record.sequence);
    return 'conflict';
  }

  #liveFirst(record: SignedRecord, wall: EpochMs): LiveOutcome {
    if (!this.#isPlausible(record, wall)) {
      this.#applier.apply(record, this.log.epoch);
      return 'doubtful';
    }
    if (!this.#isNews(record)) {
      this.#applier.apply(record, this.log.epoch);
      return 'waiting';
    }
    const expected = this.#progress.target + 1;
    this.#take(record, false);
    return record.sequence > expected ? 'gap' : 'applied';
  }

  /** The signature does not cover the sequence, so an old record could have been sent again under a new one. */
  #isPlausible(record: SignedRecord, wall: EpochMs): boolean {
    const stands = this.#identities.sequenceOf(record.identity);
    if (stands !== undefined && stands !== record.sequence) return false;
    return record.time >= Math.min(this.#applier.newestRecord, wall) - LIVE_RECORD_AGE_MS_MAX;
  }

  /**
   * Whether it came into the log after we had joined, and before whatever we have of later ones. What stood there before, or in
   * a gap, is for the log to tell: we know too little of it to notice a record that is sent under the sequence of another one
   * that we have yet to read.
   */
  #isNews({ sequence }: SignedRecord): boolean {
    return this.#joinedAt !== undefined && sequence > this.#joinedAt && !this.#progress.isPassed(sequence);
  }

  /**
   * The log has this record here. So what we took for it elsewhere was perhaps sent by somebody else: that sequence is read,
   * before the watermark may pass it; where it has, the log is asked and nothing is proven meanwhile.
   */
  #doubtTwins({ sequence, identity }: FeedRecord): void {
    const twin = this.#identities.sequenceOf(identity);
    if (twin === undefined || twin === sequence) return;
    if (twin > this.watermark) this.#progress.unmark(twin);
    else this.#checks.sawConflict(twin);
  }

  /** Applies first and moves the watermark second: it never passes what is not in the index. Listeners hear of it here alone, once. */
  #take(record: FeedRecord, fromLog: boolean): void {
    // The log may have lost it meanwhile, and has it there again.
    const isTold = this.#identities.at(record.sequence) === record.identity;
    const body = this.#applier.apply(record, this.log.epoch);
    if (this.#progress.mark(record.sequence, fromLog)) this.#identities.remember(record.sequence, record.identity);
    if (opensEpoch(record, this.log.epoch)) this.#openedAt = lower(this.#openedAt, record.sequence);
    if (body !== undefined && !isTold) this.#onEffect(record.sequence, body);
  }
}

const lower = (one: Sequence | undefined, other: Sequence): Sequence =>
  one !== undefined && one < other ? one : other;
