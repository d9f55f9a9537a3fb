import { type Clock, type Feed, type Schedule } from '@revocast/core';
import { type NodeIdentity } from './options.js';
import { RefusalCounts, type RefusalCountsStatus } from './refusal-counts.js';

/** How long refusals are gathered before they are told: a fleet under attack sends one small message a node in that time. Milliseconds. */
export const REFUSAL_REPORT_MS = 5_000;
/** Everything counted is told again this often, for a report that was lost. Milliseconds. */
export const REFUSAL_REPEAT_MS = 60_000;

export interface RefusalReporterParts extends NodeIdentity {
  readonly feed: Pick<Feed, 'reportRefusals'>;
  readonly clock: Clock;
  readonly schedule: Schedule;
}

/** Tells the service what this node refused. A node that refused nothing sends nothing and sets no timer. */
export class RefusalReporter {
  readonly #counts = new RefusalCounts();
  #disarm: () => void = () => undefined;
  #armed: 'no' | 'soon' | 'repeat' = 'no';
  #closed = false;

  constructor(private readonly parts: RefusalReporterParts) {}

  /** Whether anybody is told. */
  get counts(): boolean {
    return this.parts.feed.reportRefusals !== undefined;
  }

  note(revocationId: string): void {
    if (!this.counts || this.#closed) return;
    this.#counts.note(revocationId, this.parts.clock.wall());
    if (this.#armed !== 'soon') this.#arm('soon', REFUSAL_REPORT_MS);
  }

  status(): RefusalCountsStatus {
    return this.#counts.status();
  }

  /** The last word: what was refused since the report before. */
  close(): void {
    this.#closed = true;
    this.#disarm();
    while (this.#counts.hasDue) this.#send();
  }

  #arm(armed: 'soon' | 'repeat', delayMs: number): void {
    this.#disarm();
    this.#armed = armed;
    this.#disarm = this.parts.schedule(delayMs, () => this.#run());
  }

  #run(): void {
    if (this.#armed === 'repeat') this.#counts.repeat();
    this.#send();
    if (this.#counts.hasDue) this.#arm('soon', REFUSAL_REPORT_MS);
    else if (this.#counts.status().ids > 0) this.#arm('repeat', REFUSAL_REPEAT_MS);
    else this.#armed = 'no';
  }

  #send(): void {
    const { feed, service, instance } = this.parts;
    const counts = this.#counts.take();
    if (counts.length === 0) return;
    feed.reportRefusals?.({ service, instance, counts, dropped: this.#counts.status().dropped });
  }
}
