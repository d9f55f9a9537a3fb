import {
  type Clock,
  type LocalOverrides,
  type LocalOverridesStatus,
  type LocalReading,
  type Schedule,
} from '@revocast/core';
import { type LocalSource } from './local-source.js';

/** How often the local file is looked at. By time, not by file events: those miss the swapped links of mounted volumes. */
export const LOOK_EVERY_MS = 1_000;
/** After this a look counts as failed: a hung mount answers nothing at all. Milliseconds. */
export const LOOK_MS_MAX = 5_000;

const HUNG: LocalReading = { kind: 'unreadable', because: 'does not answer' };

export interface LocalWatchParts {
  readonly source: LocalSource;
  readonly overrides: LocalOverrides;
  readonly clock: Clock;
  readonly schedule: Schedule;
}

/** Looks at the local file each second, steps what runs by time, and tells what has changed. */
export class LocalWatch {
  readonly #listeners = new Set<(status: LocalOverridesStatus) => void>();
  /** When the look that is under way began. One at a time: each hung one holds a thread. */
  #lookingSince: number | undefined;
  #told = '';
  #disarm: () => void = () => undefined;
  #closed = false;

  constructor(private readonly parts: LocalWatchParts) {}

  get overrides(): LocalOverrides {
    return this.parts.overrides;
  }

  /** Resolves after the first look, or once that has taken too long. */
  async start(): Promise<void> {
    const looked = this.#look();
    await new Promise<void>((resolve) => {
      const cancel = this.parts.schedule(LOOK_MS_MAX, () => {
        this.#take(HUNG);
        resolve();
      });
      void looked.then(() => {
        cancel();
        resolve();
      });
    });
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#disarm();
  }

  /** Called after each change, in order of registration. */
  onChange(listener: (status: LocalOverridesStatus) => void): void {
    this.#listeners.add(listener);
  }

  /** Something else than the file may have changed what is in force. */
  tellChange(): void {
    const status = this.overrides.status();
    const now = JSON.stringify([status, this.overrides.saidMode]);
    if (now === this.#told) return;
    this.#told = now;
    for (const listener of this.#listeners) listener(status);
  }

  #arm(): void {
    if (this.#closed) return;
    this.#disarm = this.parts.schedule(LOOK_EVERY_MS, () => this.#tick());
  }

  #tick(): void {
    this.overrides.step();
    if (this.#lookingSince === undefined) void this.#look();
    else if (this.parts.clock.monotonic() - this.#lookingSince >= LOOK_MS_MAX) this.#take(HUNG);
    this.tellChange();
    this.#arm();
  }

  async #look(): Promise<void> {
    this.#lookingSince = this.parts.clock.monotonic();
    const reading = await this.parts.source
      .look()
      .catch((): LocalReading => ({ kind: 'unreadable', because: 'failed' }));
    this.#lookingSince = undefined;
    this.#take(reading);
  }

  #take(reading: LocalReading): void {
    if (this.#closed) return;
    this.overrides.take(reading);
    this.tellChange();
  }
}
