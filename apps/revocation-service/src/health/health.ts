import { type Metrics, type Readings } from '../metrics/metrics.js';
import { type Fleet } from '../fleet/fleet.js';
import { type Ticker } from '../fleet/ticker.js';
import { type EventHub } from '../events/event-hub.js';
import { type Readiness, readiness, type ReadinessOptions } from './readiness.js';

export interface HealthOptions extends ReadinessOptions {
  readonly fleet: Fleet;
  readonly ticker: Ticker;
  readonly hub: EventHub;
  readonly metrics: Metrics;
}

/** What probes and scrapers are told. */
export class Health {
  constructor(private readonly options: HealthOptions) {}

  readiness(): Readiness {
    return readiness(this.options);
  }

  metrics(): Promise<string> {
    return this.options.metrics.render(this.#readings());
  }

  #readings(): Readings {
    const { keeper, outbox, intake, ticker, fleet, follower, hub } = this.options;
    const status = follower.status();
    return {
      connected: keeper.state().kind !== 'disconnected',
      open: keeper.state().kind === 'open',
      pendingRecords: outbox.size,
      ticks: ticker.sent,
      nodes: countBy(fleet.nodes().map(({ state }) => state)),
      liveEntries: status.liveEntries,
      stalenessMs: status.stalenessMs,
      watermark: status.watermark,
      foreignRecords: status.counters.foreign,
      recordsBehind: intake.behind(),
      takenRevocations: intake.counts.revocations,
      instances: keeper.peers.all().length,
      rewritten: keeper.rewritten(),
      watchers: hub.watchers,
    };
  }
}

function countBy(values: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
