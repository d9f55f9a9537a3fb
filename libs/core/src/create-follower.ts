import { type Answer, type Ask, type StartedAsk } from './asks.js';
import { type Clock, type Instant, readClock, type Schedule } from './clock.js';
import { RevocationError } from './errors.js';
import { type Feed } from './feed.js';
import { type FollowerAction, type FollowerEvent } from './follower-events.js';
import { FollowerMachine } from './follower-machine.js';
import { SNAPSHOT_WORTH_RECORDS } from './follower-limits.js';
import { createIndex } from './compact-index.js';
import { describeFollower } from './follower-status.js';
import {
  type Follower,
  type FollowerListener,
  type FollowerNotice,
  type FollowerOptions,
  type FollowerStatus,
} from './follower.js';
import { type CutoffClaim, type IssuerSettings } from './issuer-settings.js';
import { settingsWeaknesses } from './settings.js';
import { snapshotContentOf } from './snapshot-content.js';
import { type SnapshotContent } from './snapshot.js';
import { type TokenFacts } from './token.js';
import { BEFORE_FIRST } from './units.js';
import { type Freshness, type Hit, STALENESS_MS_MAX_DEFAULT, type UnknownReason } from './verdict.js';

/** What we hold is compared with the log itself. */
const ORIGINAL = { original: true } as const;

/** Makes a follower; nothing happens before `start()`. */
export const createFollower = (options: FollowerOptions): Follower => new FeedFollower(options);

/** Whose tokens are asked about: the issuer, and the pattern under which it is configured. */
interface Asked {
  readonly issuer: string;
  readonly family: string | undefined;
}

/** Runs the machine against a feed: everything that happens becomes an event, one loop takes them, in order. */
class FeedFollower implements Follower {
  readonly #feed: Feed;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #machine: FollowerMachine;
  readonly #stalenessMsMax: number;
  #cutoffClaims: ReadonlyMap<string, CutoffClaim> = new Map();
  readonly #listeners = new Set<FollowerListener>();
  /** Holds more than one event only while a listener or the feed makes one happen inside another. */
  readonly #events: FollowerEvent[] = [];
  #stepping = false;
  #tightestMs: number;
  #listenerErrors = 0;
  #wake: { readonly at: number; readonly cancel: () => void } | undefined;
  #started = false;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(options: FollowerOptions) {
    const stalenessMsMax = options.stalenessMsMax ?? STALENESS_MS_MAX_DEFAULT;
    this.#feed = options.feed;
    this.#clock = options.clock;
    this.#schedule = options.schedule;
    this.#stalenessMsMax = stalenessMsMax;
    this.#tightestMs = Math.min(options.stalenessMsMin ?? stalenessMsMax, stalenessMsMax);
    this.#machine = new FollowerMachine({
      compareSettings: settingsWeaknesses,
      createIndex: options.createIndex ?? createIndex,
      index: options.index,
      prng: options.prng,
      stalenessMsMax,
      stalenessMsMin: this.#tightestMs,
      ticksPromised: options.feed.promisesTicks ?? false,
      snapshotRecordsMin: options.snapshotRecordsMin ?? SNAPSHOT_WORTH_RECORDS,
    });
    this.replaceIssuers(options.issuers);
  }

  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    this.#feed.open({
      connected: () => this.#happened({ kind: 'connected' }),
      disconnected: () => this.#happened({ kind: 'disconnected' }),
      record: (record) => this.#happened({ kind: 'record', record }),
      tick: (tick) => this.#happened({ kind: 'tick', tick }),
    });
    this.#happened({ kind: 'wake' });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  find(token: TokenFacts): Hit | undefined {
    const cutoffClaim = this.#cutoffClaims.get(token.family ?? token.issuer) ?? 'iat';
    return this.#machine.applier.index?.find(token, this.#clock.wall(), cutoffClaim);
  }

  freshness(issuer: string, boundMs: number, family?: string): Freshness {
    if (boundMs < this.#tightestMs) this.tighten(boundMs);
    const { proof, cursor } = this.#machine;
    const now = readClock(this.#clock);
    const because = this.#unknownBecause({ issuer, family }, boundMs, now);
    if (because !== undefined) return { fresh: false, because, everCurrent: proof.ever };
    return { fresh: true, watermark: cursor?.watermark ?? BEFORE_FIRST, stalenessMs: proof.stalenessMs(now) };
  }

  status(): FollowerStatus {
    return describeFollower(this.#machine, readClock(this.#clock), this.#listenerErrors);
  }

  snapshot(): SnapshotContent | undefined {
    return snapshotContentOf(this.#machine, readClock(this.#clock));
  }

  on(listener: FollowerListener): () => void {
    // Wrapped, so that one function given twice is two listeners.
    const own: FollowerListener = (notice) => listener(notice);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  tighten(stalenessMs: number): void {
    if (!(stalenessMs < this.#tightestMs)) return;
    this.#tightestMs = stalenessMs;
    this.#machine.tighten(stalenessMs);
  }

  replaceIssuers(issuers: readonly IssuerSettings[]): void {
    this.#cutoffClaims = new Map(issuers.map(({ issuer, cutoffClaim }) => [issuer, cutoffClaim]));
    this.#machine.applier.declared.replaceOwn(issuers);
  }

  /** Asked with every token: looks at a few fields and awaits nothing. */
  #unknownBecause({ issuer, family }: Asked, boundMs: number, now: Instant): UnknownReason | undefined {
    const { failure, proof, applier } = this.#machine;
    if (this.#closed || failure !== undefined) return 'failed';
    if (!proof.ever) return 'neverCurrent';
    if (proof.isDoubtful(now)) return 'stale';
    // Written so that a bound that is not a number is never kept.
    if (!(proof.stalenessMs(now) <= Math.min(boundMs, this.#stalenessMsMax))) return 'stale';
    if (applier.unreadable.covers(issuer) || applier.unreadable.covers(family)) return 'issuerUnreadable';
    return applier.declared.isWeaker(issuer, family) ? 'issuerSettings' : undefined;
  }

  #happened(event: FollowerEvent): void {
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next);
    this.#stepping = false;
    this.#scheduleWake();
  }

  #step(event: FollowerEvent): void {
    for (const action of this.#actionsOf(event)) {
      if (action.kind === 'ask') void this.#ask(action.started);
      else this.#notify(action.notice);
    }
  }

  /** A defect in here must not take the host's process down: we fail, and every answer is `unknown`. */
  #actionsOf(event: FollowerEvent): readonly FollowerAction[] {
    try {
      return this.#machine.step(event, readClock(this.#clock));
    } catch (error) {
      const code = error instanceof RevocationError ? error.code : 'ERR_INVARIANT';
      return this.#machine.step({ kind: 'broken', code }, readClock(this.#clock));
    }
  }

  async #ask({ number, ask }: StartedAsk): Promise<void> {
    // The feed says "ask again later", whatever the reason; the machine knows when.
    const answer = await this.#send(ask).catch(() => undefined);
    this.#happened(answer === undefined ? { kind: 'refused', number } : { kind: 'answered', number, answer });
  }

  async #send(ask: Ask): Promise<Answer> {
    switch (ask.kind) {
      case 'subscribe':
        await this.#feed.subscribed();
        return { kind: 'subscribed' };
      case 'locate':
        return { kind: 'located', log: await this.#feed.locate() };
      case 'head':
        return { kind: 'head', head: await this.#feed.head(ask.log) };
      case 'read':
        return { kind: 'records', records: await this.#feed.read(ask.log, ask.from, ask.to, ask) };
      case 'verify':
        return { kind: 'records', records: await this.#feed.read(ask.log, ask.check.from, ask.check.to, ORIGINAL) };
      case 'manifest':
        return { kind: 'manifest', manifest: await this.#feed.snapshot(ask.log) };
      case 'part':
        return { kind: 'part', bytes: await this.#feed.snapshotPart(ask.manifest, ask.at) };
      case 'compare':
        return { kind: 'records', records: await this.#feed.read(ask.log, ask.from, ask.to, ORIGINAL) };
    }
  }

  #notify(notice: FollowerNotice): void {
    for (const listener of this.#listeners) {
      try {
        listener(notice);
      } catch {
        this.#listenerErrors += 1;
      }
    }
  }

  /** One timer at a time; it is set anew only when something is due earlier, since that is rare and events are not. */
  #scheduleWake(): void {
    if (this.#closed) return;
    const now = readClock(this.#clock);
    const delayMs = Math.max(0, this.#machine.nextWakeMs(now));
    const at = now.monotonic + delayMs;
    if (this.#wake !== undefined && this.#wake.at <= at) return;
    this.#wake?.cancel();
    const cancel = this.#schedule(delayMs, () => {
      this.#wake = undefined;
      this.#happened({ kind: 'wake' });
    });
    this.#wake = { at, cancel };
  }

  /** The guard answers unknown before anybody hears goodbye, and the feed is closed after it was said. */
  async #shutDown(): Promise<void> {
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#happened({ kind: 'close' });
    if (this.#started) await this.#feed.close();
  }
}
