import { type Answer, type Ask, type AskOf, type Asks } from './asks.js';
import { type Instant } from './clock.js';
import { APPLY_SLICE_REVOCATIONS, READS_IN_FLIGHT_MAX } from './follower-limits.js';
import { type LogCursor } from './log-cursor.js';
import { type SequenceRange } from './log-progress.js';
import { ReadBacklog } from './read-backlog.js';
import { type RecordApplier } from './record-applier.js';
import { type FeedRecord } from './record.js';
import { type SnapshotAsk, SnapshotLoading } from './snapshot-loading.js';

export interface PlanOptions {
  readonly asks: Asks;
  readonly now: Instant;
  /** Whether the log itself must answer, and no copy of it. */
  readonly original: boolean;
}

/** What is read to reach the head: on a cold start of a long log a snapshot, then the log behind it, a few ranges at a time. */
export class CatchUp {
  readonly #backlog = new ReadBacklog();
  readonly #snapshot: SnapshotLoading;

  constructor(snapshotRecordsMin: number) {
    this.#snapshot = new SnapshotLoading(snapshotRecordsMin);
  }

  /** Whether something was answered and waits to be taken in. */
  get hasWork(): boolean {
    return !this.#backlog.isEmpty || this.#snapshot.hasWork;
  }

  /** Whatever was asked is not answered any more. */
  drop(): void {
    this.#backlog.clear();
    this.#snapshot.cut();
  }

  /** The log that a snapshot would be held against is another one, or was damaged: only the log itself counts now. */
  readLogOnly(): void {
    this.#snapshot.abandon();
  }

  /** What to ask next. */
  plan(cursor: LogCursor, { asks, now, original }: PlanOptions): readonly Ask[] {
    const forSnapshot = this.#snapshot.plan(cursor, (kind) => asks.mayStart(kind, now));
    if (this.#snapshot.isUnderWay) return forSnapshot;
    return asks.mayStart('read', now) ? this.#reads(cursor, asks.reading(), original) : [];
  }

  /** An answer to an ask of the snapshot. */
  onSnapshot(ask: SnapshotAsk, answer: Answer, cursor: LogCursor, applier: RecordApplier, now: Instant): void {
    if (answer.kind === 'manifest') this.#snapshot.described(answer.manifest, cursor, applier, now.wall);
    if (answer.kind === 'part' && ask.kind === 'part') this.#snapshot.arrived(ask, answer.bytes);
    if (answer.kind !== 'records') return;
    const adopted = this.#snapshot.compared(answer.records);
    if (adopted === undefined) return;
    applier.adopt(adopted);
    cursor.adopt(adopted);
  }

  onSnapshotRefused(ask: SnapshotAsk): void {
    this.#snapshot.refused(ask);
  }

  onRecords(ask: AskOf<'read'>, records: readonly FeedRecord[]): void {
    this.#backlog.add(ask, records);
  }

  /** Takes in what was answered, some milliseconds at a time. False: it contradicts what we hold. */
  workOff(cursor: LogCursor | undefined): boolean {
    this.#snapshot.takeIn();
    for (const record of this.#backlog.take(APPLY_SLICE_REVOCATIONS)) if (cursor?.read(record) === false) return false;
    return true;
  }

  #reads(cursor: LogCursor, underWay: readonly SequenceRange[], original: boolean): readonly Ask[] {
    const reading = [...underWay, ...this.#backlog.ranges];
    const asks: AskOf<'read'>[] = [];
    while (reading.length < READS_IN_FLIGHT_MAX) {
      const range = cursor.nextRead(reading);
      if (range === undefined) break;
      reading.push(range);
      asks.push({ kind: 'read', log: cursor.log, ...range, original });
    }
    return asks;
  }
}

const SNAPSHOT_KINDS: readonly string[] = ['manifest', 'part', 'compare'] satisfies readonly SnapshotAsk['kind'][];

export const isSnapshotAsk = (ask: Ask): ask is SnapshotAsk => SNAPSHOT_KINDS.includes(ask.kind);
