import { type Clock, type Prng, type Schedule } from './clock.js';
import { type ErrorCode } from './errors.js';
import { type Feed } from './feed.js';
import { type LogIdentity } from './log-identity.js';
import { type FollowerState } from './heartbeat.js';
import { type IssuerSettings } from './issuer-settings.js';
import { type RecordBody } from './record.js';
import { type IndexSize, type RevocationIndex } from './revocation-index.js';
import { type SnapshotContent } from './snapshot.js';
import { type EpochMs, type Sequence } from './units.js';
import { type RevocationSource } from './verdict.js';

/** What a follower needs from its process. Core has no clock, timer or dice of its own. */
export interface FollowerOptions {
  /** Not yet opened: the follower opens and closes it. */
  readonly feed: Feed;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly schedule: Schedule;
  /** Settings of the issuers whose tokens this process accepts; compared with those the log declares. */
  readonly issuers: readonly IssuerSettings[];
  /** Largest staleness bound of any policy in the process. Milliseconds, default `STALENESS_MS_MAX_DEFAULT`. */
  readonly stalenessMsMax?: number;
  /** Smallest bound of any policy in the process: proofs are asked for five times within it. Default: `stalenessMsMax`. */
  readonly stalenessMsMin?: number;
  /** An index that is already filled, from a file or a snapshot; without it one is made once the log tells the hash key. */
  readonly index?: RevocationIndex;
  /** A start reads a snapshot first if it covers at least so many records of the log. Default 512: asking costs a round trip or two. */
  readonly snapshotRecordsMin?: number;
  /** Makes that index. Default: `createIndex`. */
  readonly createIndex?: (options: { readonly hashKey: Uint8Array }) => RevocationIndex;
}

/** Why a follower is in its state; a short code for heartbeat, health and logs. */
export type FollowerReason =
  | 'disconnected'
  | 'subscribing'
  | 'noLog'
  | 'epochNotOpened'
  | 'catchingUp'
  | 'awaitingProof'
  /** The log lost records, or so much is in doubt that it may have. */
  | 'rolledBack'
  | 'logReplaced'
  | 'clockJumped'
  | 'boundExceeded'
  | 'ticksMissed'
  | 'closed'
  | ErrorCode;

/** Counted since the process began. */
export interface FollowerCounters {
  /** Records of the log that nobody of ours signed: passed over, and worth an alarm. */
  readonly foreign: number;
  /** Records that we signed and this version does not understand. */
  readonly unreadable: number;
  /** Times a sequence was missing below one that was there. */
  readonly gaps: number;
  /** Live records at or below the watermark with another identity. */
  readonly regress: number;
  readonly duplicates: number;
  /** Times the log was rolled back, recreated or replaced, and read again from its start. */
  readonly resyncs: number;
  /** Listeners that threw; they cannot stop the follower. */
  readonly listenerErrors: number;
}

/** With the size of its index; all 0 before there is one. */
export interface FollowerStatus extends IndexSize {
  readonly state: FollowerState;
  readonly because?: FollowerReason;
  readonly connected: boolean;
  readonly log: LogIdentity | undefined;
  /** Epoch of the log, once its `epochOpened` record was read. */
  readonly epoch: string | undefined;
  readonly watermark: Sequence;
  /** Identity of the record at the watermark. */
  readonly identity: string | undefined;
  /** Highest sequence that the log is known to have. */
  readonly head: Sequence | undefined;
  /** Since the last proof of being at the head, by the clock that ran faster. */
  readonly stalenessMs: number | undefined;
  /** Largest bound of any policy in the process. */
  readonly stalenessMsMax: number;
  readonly everCurrent: boolean;
  /** Three ticks in a row did not arrive. */
  readonly ticksMissed: boolean;
  readonly newestTick: EpochMs | undefined;
  readonly fleetBoundMs: number | undefined;
  /** What the log declares for the issuers of this process. */
  readonly declaredSettings: readonly IssuerSettings[];
  /** Issuers that an unreadable record keeps unknown; `undefined` in the list means all. */
  readonly unreadableIssuers: readonly (string | undefined)[];
  readonly counters: FollowerCounters;
}

export type FollowerNotice =
  | {
      /** A record took effect. The index already knows it, and the watermark may be past it. */
      readonly kind: 'applied';
      readonly sequence: Sequence;
      readonly body: Extract<RecordBody, { readonly kind: 'revoked' | 'lifted' }>;
      /**
       * True while a log is read from its start: most of it is old news, yet after a rollback or an outage some
       * of it is not. Whoever holds state of its own (open sockets, caches) acts on both.
       */
      readonly replayed: boolean;
    }
  /** State or reason changed. The one with reason `closed` comes after `freshness()` began to answer unknown and
   * before the feed is closed: the moment to say goodbye. */
  | { readonly kind: 'status'; readonly state: FollowerState; readonly because?: FollowerReason };

/** Called in order, right after the change; what it throws is counted and goes no further. */
export type FollowerListener = (notice: FollowerNotice) => void;

/**
 * Keeps an index at a watermark of the log, and knows how far it may be behind.
 *
 *     const follower = createFollower({ feed, clock, prng: Math.random, schedule, issuers });
 *     follower.start();
 *     const verdict = decide(follower, facts, 30_000);
 */
export interface Follower extends RevocationSource {
  /** Opens the feed and returns at once, also while the broker is down. */
  start(): void;
  /** From the first moment on `freshness()` answers unknown; then the feed is closed. Safe to call twice. */
  close(): Promise<void>;
  status(): FollowerStatus;
  /** What would be written as a snapshot now; undefined unless this follower is current and remembers all that a node must know. */
  snapshot(): SnapshotContent | undefined;
  /** The returned function takes the listener back. */
  on(listener: FollowerListener): () => void;
  /** A policy with this bound is in force: proofs are asked for often enough for it. Milliseconds. */
  tighten(stalenessMs: number): void;
  /** The process now accepts tokens of these issuers: from here on their settings are compared with the declared ones. */
  replaceIssuers(issuers: readonly IssuerSettings[]): void;
}
