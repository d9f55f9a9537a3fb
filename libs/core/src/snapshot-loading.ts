import { type LogIdentity } from './log-identity.js';
import { SNAPSHOT_PARTS_IN_FLIGHT_MAX, SNAPSHOT_REFUSALS_MAX } from './follower-limits.js';
import { RevocationError } from './errors.js';
import { type LogCursor } from './log-cursor.js';
import { type RecordApplier } from './record-applier.js';
import { type FeedRecord } from './record.js';
import { type ImageReader } from './revocation-index.js';
import { type SnapshotManifest } from './snapshot.js';
import { type EpochMs, type Sequence } from './units.js';

/** What is asked of the feed for a snapshot. */
export type SnapshotAsk =
  | { readonly kind: 'manifest'; readonly log: LogIdentity }
  | { readonly kind: 'part'; readonly manifest: SnapshotManifest; readonly at: number }
  /** Reads the newest records that the snapshot covers: does the log still have that history? */
  | { readonly kind: 'compare'; readonly log: LogIdentity; readonly from: Sequence; readonly to: Sequence };

interface Loading {
  readonly kind: 'parts';
  readonly manifest: SnapshotManifest;
  readonly reader: ImageReader;
  /** Parts that came before their turn; never more than are in flight. */
  readonly arrived: Map<number, Uint8Array>;
  /** To be asked for, ascending. */
  waiting: number[];
  /** The next one to be taken in. */
  next: number;
}

type Phase =
  | { readonly kind: 'before' | 'manifest' | 'over' }
  | Loading
  | { readonly kind: 'compare'; readonly manifest: SnapshotManifest };

/**
 * A cold start by snapshot: most of a long log need not be read then. It is tried once per process, and any doubt ends
 * it: the log alone is complete, and what was taken in by then can only hit more. The order matters: the log's history is
 * compared last, after all parts are in, so that a log that loses records meanwhile is noticed.
 */
export class SnapshotLoading {
  #phase: Phase = { kind: 'before' };
  #underWay = 0;
  #refusals = 0;
  readonly #recordsMin: number;

  /** `recordsMin`: a snapshot that covers fewer records is not worth asking for. */
  constructor(recordsMin: number) {
    this.#recordsMin = recordsMin;
  }

  /** While it is true the log is not read: the snapshot covers most of it. */
  get isUnderWay(): boolean {
    return this.#phase.kind !== 'before' && this.#phase.kind !== 'over';
  }

  /** Whether the next part is here and waits to be taken in. */
  get hasWork(): boolean {
    return this.#phase.kind === 'parts' && this.#phase.arrived.has(this.#phase.next);
  }

  /** Not to be tried, or not any more. */
  abandon(): void {
    this.#phase = { kind: 'over' };
  }

  /** The answers to whatever was asked will not come. */
  cut(): void {
    this.#underWay = 0;
    if (this.#phase.kind !== 'parts') return;
    const { manifest, arrived, next } = this.#phase;
    this.#phase.waiting = manifest.parts.map((_, at) => at).filter((at) => at >= next && !arrived.has(at));
  }

  /** What to ask now. A head must have been heard: it says how long the log is. */
  plan(cursor: LogCursor, mayAsk: (kind: SnapshotAsk['kind']) => boolean): readonly SnapshotAsk[] {
    if (this.#phase.kind === 'before' && cursor.headHeard) {
      this.#phase = { kind: cursor.target - cursor.first >= this.#recordsMin ? 'manifest' : 'over' };
    }
    const asks = this.#wanted(cursor).filter(({ kind }) => mayAsk(kind));
    this.#underWay += asks.length;
    if (this.#phase.kind === 'parts') this.#phase.waiting.splice(0, asks.length);
    return asks;
  }

  /** The manifest was answered; undefined where there is none. */
  described(manifest: SnapshotManifest | undefined, cursor: LogCursor, applier: RecordApplier, wall: EpochMs): void {
    this.#underWay -= 1;
    if (manifest === undefined || !this.#isUsable(manifest, cursor, wall)) {
      this.abandon();
      return;
    }
    const reader = applier.indexUnder(manifest.hashKey).readImage();
    const waiting = manifest.parts.map((_, at) => at);
    this.#phase = { kind: 'parts', manifest, reader, waiting, arrived: new Map(), next: 0 };
  }

  arrived(ask: SnapshotAsk & { readonly kind: 'part' }, bytes: Uint8Array): void {
    this.#underWay -= 1;
    if (this.#phase.kind === 'parts') this.#phase.arrived.set(ask.at, bytes);
  }

  /** Takes in the next part, if it is here: a few milliseconds. */
  takeIn(): void {
    const phase = this.#phase;
    if (phase.kind !== 'parts') return;
    const bytes = phase.arrived.get(phase.next);
    if (bytes === undefined) return;
    phase.arrived.delete(phase.next);
    phase.next += 1;
    const { manifest, reader } = phase;
    try {
      reader.take(bytes);
      if (phase.next < manifest.parts.length) return;
      reader.end();
      this.#phase = { kind: 'compare', manifest };
    } catch (error) {
      if (!(error instanceof RevocationError)) throw error;
      this.abandon();
    }
  }

  /** What the log has where the snapshot ends. The manifest to go on from; undefined when the log has another history. */
  compared(records: readonly FeedRecord[]): SnapshotManifest | undefined {
    this.#underWay -= 1;
    if (this.#phase.kind !== 'compare') return undefined;
    const { manifest } = this.#phase;
    this.abandon();
    return hasHistoryOf(manifest, records) ? manifest : undefined;
  }

  /** Nothing useful came. Some refusals are bad luck; more are a reason to read the log instead. */
  refused(ask: SnapshotAsk): void {
    this.#underWay -= 1;
    this.#refusals += 1;
    if (this.#refusals > SNAPSHOT_REFUSALS_MAX) this.abandon();
    else if (this.#phase.kind === 'parts' && ask.kind === 'part') this.#phase.waiting.unshift(ask.at);
  }

  /**
   * Too old: what follows it has aged out, so the log alone is as good. Too new: the log lost what it covers. And by our
   * own clock nothing may have been taken out of it that can still hit.
   */
  #isUsable(manifest: SnapshotManifest, { log, first, target }: LogCursor, wall: EpochMs): boolean {
    return (
      manifest.epoch === log.epoch &&
      manifest.watermark >= first + this.#recordsMin &&
      manifest.watermark <= target &&
      manifest.parts.length > 0 &&
      manifest.reclaimedTo <= wall
    );
  }

  #wanted({ log }: LogCursor): readonly SnapshotAsk[] {
    const phase = this.#phase;
    if (phase.kind === 'parts') {
      const { manifest, waiting, arrived } = phase;
      const room = SNAPSHOT_PARTS_IN_FLIGHT_MAX - this.#underWay - arrived.size;
      return waiting.slice(0, Math.max(0, room)).map((at) => ({ kind: 'part', manifest, at }));
    }
    if (this.#underWay > 0) return [];
    if (phase.kind === 'manifest') return [{ kind: 'manifest', log }];
    if (phase.kind !== 'compare') return [];
    const { identities, watermark } = phase.manifest;
    return [{ kind: 'compare', log, from: identities[0]?.sequence ?? watermark, to: watermark }];
  }
}

/** The record at the watermark must be there; of the ones before it, those that have aged out need not. */
const hasHistoryOf = ({ identities, watermark }: SnapshotManifest, records: readonly FeedRecord[]): boolean => {
  const expected = new Map(identities.map(({ sequence, identity }) => [sequence, identity]));
  return (
    records.at(-1)?.sequence === watermark &&
    records.every(({ sequence, identity }) => expected.get(sequence) === identity)
  );
};
