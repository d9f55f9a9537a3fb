import { type Clock, type Heartbeat, type Sequence } from '@revocast/core';
import { type Database } from '../journal/database.js';
import { knowsEpoch } from '../journal/epochs.js';
import { type FleetEvidence } from './log-decision.js';

/** How long a heartbeat counts as evidence. Milliseconds. */
const EVIDENCE_MS = 5_000;

export interface FleetWitnessOptions {
  readonly database: Database;
  readonly clock: Clock;
}

/** What nodes say that speaks against a journal: they may have applied what it never heard of. */
export class FleetWitness {
  readonly #heard = new Map<string, { readonly heartbeat: Heartbeat; readonly at: number }>();

  constructor(private readonly options: FleetWitnessOptions) {}

  hear(heartbeat: Heartbeat): void {
    this.#heard.set(`${heartbeat.node}\n${heartbeat.instance}`, { heartbeat, at: this.options.clock.monotonic() });
  }

  /** `known`: up to where the log of `epoch` is in a journal. */
  evidence(epoch: string | undefined, known: number): FleetEvidence {
    const heartbeats = this.#lately();
    return {
      otherEpoch: heartbeats.some((one) => one.epoch !== undefined && !knowsEpoch(this.options.database, one.epoch)),
      knowsMore: heartbeats.some((one) => isPast(one, epoch, known)),
    };
  }

  #lately(): readonly Heartbeat[] {
    const oldest = this.options.clock.monotonic() - EVIDENCE_MS;
    for (const [name, { at }] of this.#heard) if (at < oldest) this.#heard.delete(name);
    return [...this.#heard.values()].map(({ heartbeat }) => heartbeat);
  }
}

const isPast = (
  heartbeat: { readonly epoch: string | undefined; readonly watermark: Sequence },
  epoch: string | undefined,
  known: number,
): boolean => heartbeat.epoch === epoch && heartbeat.watermark > known;
