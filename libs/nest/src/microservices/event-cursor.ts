import {
  sequence,
  type Feed,
  type FollowerListener,
  type FollowerStatus,
  type LogIdentity,
  type Schedule,
  type Sequence,
} from '@revocast/core';
import { eventsOf, type EventPosition, type RevocationEvent } from './events.js';

/** How many records are read, and so held, at a time. */
export const EVENT_BATCH_MAX = 256;
/** How long to wait after the log could not be read; also the longest time between two looks at the watermark. Milliseconds. */
const PAUSE_MS = 1_000;

/** What a cursor needs of a node. */
export interface EventSource {
  status(): Pick<FollowerStatus, 'log' | 'epoch' | 'watermark' | 'counters'>;
  on(listener: FollowerListener): () => void;
  readonly log: Pick<Feed, 'read' | 'head'>;
}

/**
 * Where to begin: with what is published from now on, with the oldest record of the log, or after the event at a
 * position kept from an earlier run.
 */
export type EventStart = 'now' | 'start' | EventPosition;

export interface EventCursorOptions {
  readonly source: EventSource;
  readonly since: EventStart;
  /** Takes one event; the next one waits for it. Must not reject. */
  readonly deliver: (event: RevocationEvent) => Promise<void>;
  /** Told when the log could not be read; it is tried again. */
  readonly onError: (error: unknown) => void;
  readonly schedule: Schedule;
}

interface Position {
  readonly log: LogIdentity;
  /** The follower's count of resyncs when this log was begun: a roll-back keeps the log's name. */
  readonly resyncs: number;
  next: Sequence;
}

/**
 * Walks the log behind the follower's watermark at a pace of its own. Handlers may be slow or fail: the follower never
 * waits for them, and what they have not taken yet stays in the log instead of a queue.
 */
export class EventCursor {
  #position: Position | undefined;
  #closed = false;
  /** How often something happened: what comes while a batch is under way is not to be slept through. */
  #stirs = 0;
  #wake: () => void = () => undefined;
  #stop: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly options: EventCursorOptions) {}

  start(): void {
    this.#stop = this.options.source.on(() => {
      this.#stirs += 1;
      this.#wake();
    });
    this.#running = this.#run();
  }

  /** Resolves when the event in hand has been delivered. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const stirs = this.#stirs;
      if (!(await this.#advance()) && stirs === this.#stirs) await this.#pause();
    }
  }

  /** Delivers one batch; false when there is nothing to do, or nothing can be done, right now. */
  async #advance(): Promise<boolean> {
    try {
      const position = await this.#locate();
      return position !== undefined && (await this.#deliverBatch(position));
    } catch (error) {
      this.options.onError(error);
      return false;
    }
  }

  async #locate(): Promise<Position | undefined> {
    const { log, epoch, counters } = this.options.source.status();
    if (log === undefined || epoch === undefined) return undefined;
    const { resyncs } = counters;
    const known = this.#position;
    if (known === undefined) {
      this.#position = { log, resyncs, next: await this.#firstOf(log, epoch) };
    } else if (known.log.name !== log.name || known.resyncs !== resyncs) {
      await this.options.deliver({ type: 'resync', because: 'logReplaced' });
      this.#position = { log, resyncs, next: sequence(1) };
    }
    return this.#position;
  }

  async #firstOf(log: LogIdentity, epoch: string): Promise<Sequence> {
    const { since, source, deliver } = this.options;
    if (since === 'start') return sequence(1);
    if (since === 'now') return sequence((await source.log.head(log)).last + 1);
    if (since.epoch === epoch) return sequence(since.sequence + 1);
    await deliver({ type: 'resync', because: 'logReplaced' });
    return sequence(1);
  }

  async #deliverBatch(position: Position): Promise<boolean> {
    const { source } = this.options;
    const last = sequence(Math.min(source.status().watermark, position.next + EVENT_BATCH_MAX - 1));
    if (last < position.next) return false;
    const records = await source.log.read(position.log, position.next, last);
    if (records[0]?.sequence !== position.next && (await this.#skipAgedOut(position))) return true;
    for (const record of records) {
      for (const event of eventsOf(record)) {
        if (this.#closed) return false;
        await this.options.deliver(event);
      }
      position.next = sequence(record.sequence + 1);
    }
    position.next = sequence(last + 1);
    return true;
  }

  /** Goes on at the oldest record there is; true when that lies ahead. */
  async #skipAgedOut(position: Position): Promise<boolean> {
    const { first } = await this.options.source.log.head(position.log);
    if (first <= position.next) return false;
    // From the very start, nothing was missed that anybody asked for: the log simply begins later.
    if (position.next > 1) await this.options.deliver({ type: 'resync', because: 'agedOut' });
    position.next = first;
    return true;
  }

  async #pause(): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.options.schedule(PAUSE_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
