import { createFollower, epochMs, type Follower } from '@revocast/core';
import { createJetStreamFeed } from '@revocast/jetstream';
import { type IssuerRegistry } from '../command/issuer-registry.js';
import { EventHub } from '../events/event-hub.js';
import { EventSources } from '../events/event-sources.js';
import { type Database } from '../journal/database.js';
import { hasLostRecords } from '../journal/epochs.js';
import { largestBoundMs, noteLargestBound } from '../journal/fleet-bound.js';
import { findUnproven, recordIdAt } from '../journal/records.js';
import { findRevocation, lastCanaryAt } from '../journal/revocations.js';
import { type ServiceLog } from '../log/service-log.js';
import { type Metrics } from '../metrics/metrics.js';
import { SnapshotTaker } from '../publish/snapshot-taker.js';
import { type WritingSide } from '../publish/writing-side.js';
import { type Settings } from '../settings/settings.js';
import { systemClock as clock, systemSchedule as schedule } from '../system.js';
import { DrillWatch } from './drill-watch.js';
import { Fleet, type FleetOptions } from './fleet.js';
import { heedlessOf } from './heedless.js';
import { LiveTokenSurvey } from './live-token-survey.js';
import { ProofKeeper } from './proof-keeper.js';
import { RefusalLedger } from './refusal-ledger.js';
import { Ticker } from './ticker.js';

/** A journal that is read back from the log learns of records that are long enforced. Milliseconds. */
const WATCHED_AGE_MS_MAX = 10 * 60_000;

export interface WatchingSideOptions {
  readonly settings: Settings;
  readonly issuers: IssuerRegistry;
  readonly log: ServiceLog;
  readonly metrics: Metrics;
  readonly writing: WritingSide;
  readonly follower: Follower;
}

/** The service's own follower: it sees the log as a node sees it. */
export function followerFor(settings: Settings, issuers: IssuerRegistry, log: ServiceLog): Follower {
  const { nats, namespace, verifier, fleetBoundMs } = settings;
  const feed = createJetStreamFeed({
    nats,
    namespace,
    verifier,
    service: 'revocation-service',
    instance: 'own',
    role: 'service',
    log: log.forAdapter('feed'),
  });
  const known = issuers.all().map((issuer) => issuer.settings);
  return createFollower({ feed, clock, schedule, prng: Math.random, issuers: known, stalenessMsMax: fleetBoundMs });
}

/** What the fleet must know of the bound that was allowed before; it outlives the process in the journal. */
function formerBound(
  database: Database,
  fleetBoundMs: number,
): Pick<FleetOptions, 'formerBoundMs' | 'onFormerBoundOver'> {
  const formerBoundMs = largestBoundMs(database) ?? 0;
  if (formerBoundMs > fleetBoundMs)
    return { formerBoundMs, onFormerBoundOver: () => noteLargestBound(database, fleetBoundMs) };
  noteLargestBound(database, fleetBoundMs);
  return {};
}

/** Everything that watches: the fleet, the proofs, what is told to others. */
export class WatchingSide {
  readonly hub = new EventHub();
  readonly fleet: Fleet;
  readonly ticker: Ticker;
  readonly sources: EventSources;
  readonly snapshots: SnapshotTaker;
  readonly refusals: RefusalLedger;
  readonly liveTokens: LiveTokenSurvey;
  readonly drills: DrillWatch;
  readonly #proofs: ProofKeeper;

  constructor(private readonly options: WatchingSideOptions) {
    const { settings, issuers, writing, follower, log } = options;
    const { keeper, publisher, database } = writing;
    const { fleetBoundMs, expected, expectedIsExact } = settings;
    this.fleet = new Fleet({
      ...{ fleetBoundMs, expected, expectedIsExact, issuers, clock, schedule },
      ...formerBound(database, fleetBoundMs),
      identityAt: (epoch, sequence) => recordIdAt(database, epoch, sequence),
      hasLostRecords: (epoch) => hasLostRecords(database, epoch),
      reference: () => {
        const epoch = keeper.epoch();
        return epoch === undefined ? {} : { epoch, head: keeper.head() };
      },
    });
    this.ticker = new Ticker({ publisher, keeper, clock, schedule, fleetBoundMs });
    this.snapshots = new SnapshotTaker({
      ...{ follower, publisher, schedule, log },
      leads: () => this.ticker.leads,
      recordsMin: settings.snapshotRecords,
    });
    this.liveTokens = new LiveTokenSurvey({ publisher, clock, schedule, nodes: () => this.fleet.nodes() });
    this.refusals = new RefusalLedger({ database, clock, schedule });
    this.drills = new DrillWatch({
      ...{ fleet: this.fleet, clock, lastAt: lastCanaryAt(database) },
      acceptedAt: (id) => findRevocation(database, id)?.acceptedAt,
    });
    this.#proofs = new ProofKeeper(database, this.fleet);
    this.sources = new EventSources({
      hub: this.hub,
      follower,
      fleet: this.fleet,
      proofs: this.#proofs,
    });
  }

  start(): void {
    const { writing, metrics, follower } = this.options;
    writing.publisher.onHeartbeat((heartbeat) => {
      // What a node has read was in the log: we read it too, before the log can lose it and give its sequence out again.
      if (heartbeat.epoch !== undefined) writing.intake.hint(heartbeat.epoch, heartbeat.watermark);
      this.fleet.heard(heartbeat);
    });
    writing.claims.onDisowned((epoch, upTo) => this.fleet.disown(epoch, upTo));
    writing.publisher.onRefusals((report) => this.refusals.heard(report));
    writing.publisher.onState((state) => this.fleet.hears(state === 'connected'));
    writing.keeper.onFirstEpoch(() => this.fleet.noneCurrentYet());
    writing.keeper.onState((state) => {
      if (state.kind === 'open') this.#proofs.resume(state.epoch);
    });
    this.#proofs.onProof(({ pubAckAt }) => metrics.propagated(clock.wall() - pubAckAt));
    // The live feed is the fastest to tell that another instance published something.
    follower.on((notice) => {
      const { epoch } = follower.status();
      if (notice.kind !== 'applied' || epoch === undefined) return;
      writing.intake.hint(epoch, notice.sequence);
      this.drills.applied(notice, epoch);
    });
    this.#proofs.start();
    this.sources.start();
    this.drills.start();
    this.fleet.start();
    this.ticker.start();
    this.snapshots.start();
    follower.start();
  }

  /** The log has these records: from now on their enforcement is watched. Of old ones it is computed when somebody asks. */
  confirmed(recordIds: readonly string[]): void {
    const { database } = this.options.writing;
    const madeAfter = epochMs(clock.wall() - WATCHED_AGE_MS_MAX);
    const records = recordIds.flatMap((recordId) => findUnproven(database, recordId, madeAfter) ?? []);
    for (const record of records) this.fleet.confirmed(record);
    this.#proofs.watch(records);
  }

  /** Who would hit more than a condition says. */
  heedless(): readonly string[] {
    return heedlessOf(this.fleet.nodes(), this.options.writing.keeper.peers.all());
  }

  async close(): Promise<void> {
    this.ticker.close();
    this.snapshots.close();
    this.fleet.close();
    this.refusals.close();
    this.drills.close();
    this.#proofs.close();
    this.hub.close();
    await this.options.follower.close();
  }
}
