import { type SessionEnder } from '../identity/session-ender.js';
import { type Metrics, type Readings } from '../metrics/metrics.js';
import { type DrillWatch } from '../fleet/drill-watch.js';
import { type Fleet } from '../fleet/fleet.js';
import { type RefusalLedger } from '../fleet/refusal-ledger.js';
import { type Ticker } from '../fleet/ticker.js';
import { type IssuerRegistry } from '../command/issuer-registry.js';
import { type EventHub } from '../events/event-hub.js';
import { fleetWarnings } from './fleet-warnings.js';
import { type Readiness, readiness, type ReadinessOptions } from './readiness.js';

export interface HealthOptions extends ReadinessOptions {
  readonly fleet: Fleet;
  readonly issuers: IssuerRegistry;
  readonly ticker: Ticker;
  readonly hub: EventHub;
  readonly refusals: Pick<RefusalLedger, 'rows'>;
  readonly drills: Pick<DrillWatch, 'reading'>;
  readonly metrics: Metrics;
  readonly liveEntriesMax: number;
  readonly ender: Pick<SessionEnder, 'due'>;
}

/** What probes and scrapers are told. */
export class Health {
  constructor(private readonly options: HealthOptions) {}

  readiness(): Readiness {
    const { fleet, issuers } = this.options;
    const own = readiness(this.options);
    const names = issuers.all().map(({ settings }) => settings.issuer);
    return { ...own, warnings: [...own.warnings, ...fleetWarnings(fleet.nodes(), names)] };
  }

  metrics(): Promise<string> {
    return this.options.metrics.render(this.#readings());
  }

  #readings(): Readings {
    const { strangers, keeper, outbox, intake, ticker, fleet, follower, hub, refusals, ender } = this.options;
    const status = follower.status();
    const log = keeper.state();
    return {
      connected: log.kind !== 'disconnected',
      open: log.kind === 'open',
      logState: log.kind === 'refused' ? log.because : log.kind,
      otherEpochInFleet: keeper.evidence().otherEpoch,
      pendingRecords: outbox.size,
      ticks: ticker.sent,
      nodes: countBy(fleet.nodes().map(({ state }) => state)),
      nodesMissing: fleet.missing(),
      liveEntries: status.liveEntries,
      liveEntriesMax: this.options.liveEntriesMax,
      stalenessMs: status.stalenessMs,
      watermark: status.watermark,
      foreignRecords: status.counters.foreign,
      strangers: strangers(),
      recordsBehind: intake.behind(),
      takenRevocations: intake.counts.revocations,
      instances: keeper.peers.all().length,
      rewritten: keeper.rewritten(),
      watchers: hub.watchers,
      refusalRows: refusals.rows,
      endingsDue: ender.due(),
      drill: this.options.drills.reading(),
    };
  }
}

function countBy(values: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
