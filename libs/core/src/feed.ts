import { type FeedRecord, type Tick } from './record.js';
import { type Heartbeat } from './heartbeat.js';
import { type LiveTokensAnswer, type LiveTokensQuestion } from './live-tokens.js';
import { type LogIdentity } from './log-identity.js';
import { type RefusalReport } from './refusal-report.js';
import { type SnapshotManifest } from './snapshot.js';
import { type Sequence } from './units.js';

/** The head as answered by the log's leader. */
export interface Head {
  readonly log: LogIdentity;
  /** First sequence still kept; older records have aged out. */
  readonly first: Sequence;
  readonly last: Sequence;
  /**
   * How long ago the leader last heard from a majority. The head is only proven for the moment of asking minus
   * this: a leader that was cut off goes on answering with an old head (measured: 20 s and more). Milliseconds, 0 for a single server.
   */
  readonly quorumAgeMs: number;
}

/** What a feed tells, always in the order it happened. Listeners only queue; they never throw. */
export interface FeedListener {
  connected(): void;
  disconnected(): void;
  /** A record of the live feed: may be early, late, double or missing. */
  record(record: FeedRecord): void;
  /** A tick with a good signature. */
  tick(tick: Tick): void;
}

export interface ReadOptions {
  /**
   * Only the log itself may answer, no copy that is kept apart from it (a mirror at a leaf server): a copy of a log that was rolled back still has what
   * was lost, so it agrees with a node that holds the same, and both miss what stands there now. Default false.
   */
  readonly original?: boolean;
}

/**
 * The port through which records reach a node. Two implementations: JetStream and in-memory; one contract suite.
 * A rejected promise means "ask again later": RevocationError with ERR_FEED_DISCONNECTED or ERR_LOG_UNAVAILABLE.
 */
export interface Feed {
  /**
   * Whether a service that is alive ticks at least each second, and at once when a node that starts reports. Then a node waits some
   * seconds for the first tick of each connection: it says how far the log goes at least. Default false.
   */
  readonly promisesTicks?: boolean;
  /** Begins to connect and to keep connected, for ever, and returns at once, also while the broker is down. */
  open(listener: FeedListener): void;
  /** Resolves once the broker is known to have our interest in live feed and ticks: what is published from then on is sent to us. */
  subscribed(): Promise<void>;
  /** The current log, or undefined when there is none yet. */
  locate(): Promise<LogIdentity | undefined>;
  /** Asks the leader of `log` for the head. */
  head(log: LogIdentity): Promise<Head>;
  /**
   * The records `from`..`to`, both included, in order, exactly one per sequence that the log still has. A sequence that
   * cannot be had now (a lagging replica) rejects: it is never left out in silence.
   */
  read(log: LogIdentity, from: Sequence, to: Sequence, options?: ReadOptions): Promise<readonly FeedRecord[]>;
  /** The newest snapshot of the epoch of `log` that was written to its end and is signed by us; undefined when there is none. */
  snapshot(log: LogIdentity): Promise<SnapshotManifest | undefined>;
  /** Part `at` of a snapshot, counted from 0. Rejects when it is gone, and when its bytes are not those the manifest names. */
  snapshotPart(manifest: SnapshotManifest, at: number): Promise<Uint8Array>;
  /** Tells the service about this node; best effort, never throws. */
  report(heartbeat: Heartbeat): void;
  /** Tells the service what this node refused; best effort, never throws. A feed without it counts nothing, and its node says so. */
  reportRefusals?(report: RefusalReport): void;
  /**
   * Whom to ask when the service asks what a revocation would hit here; `undefined` is no answer. A feed without it is
   * never asked, and its node says so.
   */
  onQuestion?(answer: (question: LiveTokensQuestion) => Promise<LiveTokensAnswer | undefined>): void;
  close(): Promise<void>;
}
