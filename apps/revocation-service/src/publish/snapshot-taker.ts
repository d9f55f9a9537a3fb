import { type Follower, isSameLog, type Schedule, type SnapshotContent, type SnapshotManifest } from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { type ServiceLog } from '../log/service-log.js';

/** How often it is looked whether a snapshot is worth writing, and so the shortest time between two of them. Milliseconds. */
const LOOK_MS = 60_000;
/** After a failed look the pause doubles up to this many times: what a failed attempt left behind stays until the next success. */
const PAUSE_DOUBLINGS_MAX = 6;

export interface SnapshotTakerOptions {
  readonly follower: Follower;
  readonly publisher: Publisher;
  /** Whether this instance speaks for the service now; two that think so are harmless. */
  readonly leads: () => boolean;
  /** Records since the newest snapshot that make a new one worth it; 0 = never write one. */
  readonly recordsMin: number;
  readonly schedule: Schedule;
  readonly log: ServiceLog;
}

/** Writes the state of the service's own follower now and then, so that a node that starts need not read the whole log. */
export class SnapshotTaker {
  #disarm: () => void = () => undefined;
  #failures = 0;
  #newest: SnapshotManifest | undefined;
  #closed = false;

  constructor(private readonly options: SnapshotTakerOptions) {}

  /** The newest snapshot as far as this instance has looked, for metrics. */
  get newest(): SnapshotManifest | undefined {
    return this.#newest;
  }

  start(): void {
    if (this.options.recordsMin > 0) this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#disarm();
  }

  /** Writes a snapshot if one is worth it. What was written, if anything. */
  async take(): Promise<SnapshotManifest | undefined> {
    const { follower, publisher, leads, recordsMin } = this.options;
    const content = leads() ? follower.snapshot() : undefined;
    if (content === undefined) return undefined;
    this.#newest = await publisher.newestSnapshot(content.epoch);
    if (content.watermark - (this.#newest?.watermark ?? 0) < recordsMin) return undefined;
    this.#newest = await publisher.writeSnapshot(content, () => this.#isStillTrue(content));
    return this.#newest;
  }

  /** In a log that lost records or was replaced meanwhile, the follower stands below, or elsewhere. */
  #isStillTrue({ log, watermark }: SnapshotContent): boolean {
    const { log: now, watermark: at, state } = this.options.follower.status();
    return now !== undefined && isSameLog(now, log) && at >= watermark && state === 'current' && !this.#closed;
  }

  #arm(): void {
    const pauseMs = LOOK_MS * 2 ** Math.min(this.#failures, PAUSE_DOUBLINGS_MAX);
    this.#disarm = this.options.schedule(pauseMs, () => void this.#turn());
  }

  async #turn(): Promise<void> {
    const { log } = this.options;
    try {
      const written = await this.take();
      this.#failures = 0;
      if (written !== undefined) {
        log.info('snapshotWritten', { watermark: written.watermark, entries: written.liveEntries });
      }
    } catch (error) {
      this.#failures += 1;
      log.warn('snapshotNotWritten', { error });
    }
    if (!this.#closed) this.#arm();
  }
}
