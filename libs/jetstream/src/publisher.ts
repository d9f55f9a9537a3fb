import { type LogInspection } from './inspection.js';
import {
  type EpochMs,
  type FeedRecord,
  type Head,
  type Heartbeat,
  type LiveTokensAnswer,
  type LiveTokensQuestion,
  type LogIdentity,
  type RefusalReport,
  type Sequence,
  type SnapshotContent,
  type SnapshotManifest,
  type Tick,
} from '@revocast/core';
import { type AdapterLog } from './adapter-log.js';
import { type Signer, type Verifier } from './keys.js';
import { type NatsSettings } from './nats-settings.js';
import { type EncodedRecord } from './wire.js';

export interface PublisherOptions {
  readonly nats: NatsSettings;
  readonly namespace: string;
  /** Signs the ticks. */
  readonly signer: Signer;
  /** Checks the ticks of other instances. */
  readonly verifier: Verifier;
  /** Copies of the log: 1 for development, 3 in production. */
  readonly replicas: number;
  /** How long the log keeps a record. Seconds; more than any revocation is retained. Only ever raised. */
  readonly maxAgeSeconds: number;
  readonly log?: AdapterLog;
}

/** The broker's word that a record is stored. */
export interface PublishAck {
  readonly sequence: Sequence;
  /** Name of the stream that stored it: always the log of the record's epoch. */
  readonly log: string;
  /** The broker already had a record of this id: nothing was stored again, and `sequence` is that of the first. */
  readonly duplicate: boolean;
  /** When the acknowledgement arrived, hence not before the record was stored. */
  readonly ackedAt: EpochMs;
}

/** How far an instance of the service is with the log of its epoch. */
export const INSTANCE_PHASES = ['waiting', 'filling', 'filled', 'open'] as const;
export type InstancePhase = (typeof INSTANCE_PHASES)[number];

/**
 * What one instance of the service tells the others each second, signed and outside the log. It starts nothing by
 * itself: an epoch waits for the instances that are heard and have not yet written what they hold.
 */
export interface InstanceNotice {
  /** Of this notice. */
  readonly id: string;
  readonly time: EpochMs;
  /** Random per process. */
  readonly instance: string;
  /** The epoch it writes to or is filling. */
  readonly epoch: string | undefined;
  readonly phase: InstancePhase;
  /** Its journal has every record of that log up to here. */
  readonly watermark: Sequence;
  /** It keeps conditions of revocations: without this word it would publish them again without theirs. */
  readonly heedsConditions?: true;
}

export type ConnectionState = 'connected' | 'disconnected';

/** Takes a listener back. */
export type Unlisten = () => void;

/**
 * The writing side. Rejections are RevocationErrors:
 * ERR_FEED_DISCONNECTED (nothing was sent), ERR_PUBLISH_UNKNOWN (it may or may not be stored: repeat the same bytes),
 * ERR_LOG_UNAVAILABLE (the broker refused or did not answer), ERR_EPOCH_CHANGED (another log owns the subjects).
 */
export interface Publisher {
  /** Begins to connect and to keep connected, for ever, and returns at once, also while the broker is down. */
  open(): void;
  close(): Promise<void>;
  state(): ConnectionState;
  onState(listener: (state: ConnectionState) => void): Unlisten;
  /** The current log, or undefined when there is none yet. */
  locate(): Promise<LogIdentity | undefined>;
  /** Asks the leader of the log for its head. */
  head(log: LogIdentity): Promise<Head>;
  /** Records `from`..`to` as the log has them; what has aged out is left out, what cannot be had now rejects. */
  read(log: LogIdentity, from: Sequence, to: Sequence): Promise<readonly FeedRecord[]>;
  /** How the log stands at the broker, and what the broker lets us do. Changes nothing. */
  inspect(log: LogIdentity): Promise<LogInspection>;
  /**
   * Makes the log of a new epoch and reads its settings back: a server that drops one in silence is ERR_CONFIG.
   * Repeating it for the same epoch is harmless, but never name an epoch whose log once existed and is gone: a name is never used twice.
   */
  createLog(epoch: string): Promise<LogIdentity>;
  /** Raises how long an existing log keeps records to `maxAgeSeconds`, if that is more; never lowers it, since that deletes at once. */
  raiseRetention(log: LogIdentity): Promise<void>;
  /** Deletes a log that a later epoch has replaced; one that is gone already is none to delete. */
  removeLog(log: LogIdentity): Promise<void>;
  /** One attempt, answered within 5 s. Many may be under way at once; their order in the log is then open, and harmless. */
  publish(record: EncodedRecord): Promise<PublishAck>;
  /** The newest snapshot of this epoch, or undefined when there is none. */
  newestSnapshot(epoch: string): Promise<SnapshotManifest | undefined>;
  /**
   * Writes the state of a follower as a snapshot, and retires all but the previous one. `isStillTrue` is asked before
   * it counts: whether the follower still stands in that log.
   */
  writeSnapshot(content: SnapshotContent, isStillTrue: () => boolean): Promise<SnapshotManifest>;
  /** Sends a tick; does nothing while disconnected. */
  tick(tick: Tick): void;
  /** Ticks of other instances of the service, verified; our own are not heard. */
  onTick(listener: (tick: Tick) => void): Unlisten;
  /** Tells the other instances of the service about this one; does nothing while disconnected. */
  announce(notice: InstanceNotice): void;
  /** Notices of other instances, verified; our own are not heard. */
  onInstance(listener: (notice: InstanceNotice) => void): Unlisten;
  /** Heartbeats of nodes, each from the subject that belongs to the node it speaks of. */
  onHeartbeat(listener: (heartbeat: Heartbeat) => void): Unlisten;
  /** Asks every node what a revocation would hit there; does nothing while disconnected. */
  ask(question: LiveTokensQuestion): void;
  onAnswer(listener: (answer: LiveTokensAnswer) => void): Unlisten;
  /** What nodes refused, each told by the node itself. Reports may be lost, doubled or late. */
  onRefusals(listener: (report: RefusalReport) => void): Unlisten;
}
