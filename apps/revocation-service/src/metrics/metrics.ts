import { NODE_STATES, type Scope } from '@revocast/core';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { DRILL_RESULTS, type DrillReading } from '../fleet/drill-watch.js';
import { DAMAGES, REFUSALS } from '../publish/log-decision.js';

/** From 1 ms on one machine to the largest staleness bound. Seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300];

/** What keeps commands from being carried out, and `open`. A refusal is told by its reason: each needs another answer from whoever is called. */
export const LOG_STATES: readonly string[] = ['open', 'disconnected', 'reviewing', 'opening', ...Object.keys(REFUSALS)];

/** What is read at the moment of a scrape. */
export interface Readings {
  readonly connected: boolean;
  readonly open: boolean;
  /** One of LOG_STATES. */
  readonly logState: string;
  readonly otherEpochInFleet: boolean;
  readonly pendingRecords: number;
  readonly ticks: number;
  readonly nodes: Readonly<Record<string, number>>;
  /** Service name -> nodes that are expected and do not enforce. */
  readonly nodesMissing: Readonly<Record<string, number>>;
  readonly liveEntries: number;
  readonly liveEntriesMax: number;
  readonly stalenessMs: number | undefined;
  readonly watermark: number;
  readonly foreignRecords: number;
  readonly strangers: number;
  readonly recordsBehind: number;
  readonly takenRevocations: number;
  readonly instances: number;
  /** Times the log was written anew, by reason. */
  readonly rewritten: ReadonlyMap<string, number>;
  readonly watchers: number;
  /** Counts of refusals that are kept one by one. */
  readonly refusalRows: number;
  /** Sessions that are still to be ended at an identity provider. */
  readonly endingsDue: number;
  readonly drill: DrillReading;
}

/** What the service tells Prometheus. No label carries anything of a token, an operator or a key. */
export class Metrics {
  static readonly CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #commands = new Counter({
    name: 'revocast_commands_total',
    help: 'Commands by scope and outcome',
    labelNames: ['kind', 'scope', 'outcome'],
    registers: [this.#registry],
  });
  readonly #publish = new Histogram({
    name: 'revocast_publish_seconds',
    help: 'From the acceptance of a command to the confirmation by the broker',
    buckets: SECONDS,
    registers: [this.#registry],
  });
  readonly #propagation = new Histogram({
    name: 'revocast_propagation_seconds',
    help: 'From the confirmation by the broker to the proof that all counted nodes enforce it',
    buckets: SECONDS,
    registers: [this.#registry],
  });
  readonly #gauges = new Map<string, Gauge>();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  command(kind: 'revoke' | 'lift', scope: Scope | 'unknown', outcome: string): void {
    this.#commands.inc({ kind, scope, outcome });
  }

  published(milliseconds: number): void {
    this.#publish.observe(milliseconds / 1000);
  }

  propagated(milliseconds: number): void {
    this.#propagation.observe(milliseconds / 1000);
  }

  /** The text of one scrape. */
  async render(readings: Readings): Promise<string> {
    const { nodes, nodesMissing, logState, ...rest } = readings;
    this.#gauge('revocast_connected', 'Whether the broker is connected').set(Number(rest.connected));
    this.#gauge('revocast_log_open', 'Whether the log is open for writing').set(Number(rest.open));
    this.#gauge('revocast_journal_pending_records', 'Records that wait for a confirmation').set(rest.pendingRecords);
    this.#gauge('revocast_ticks_sent', 'Ticks sent since the start').set(rest.ticks);
    this.#gauge('revocast_live_entries', 'Live revocations').set(rest.liveEntries);
    this.#gauge('revocast_live_entries_max', 'Live revocations above which commands are refused').set(
      rest.liveEntriesMax,
    );
    this.#gauge('revocast_other_epoch_in_fleet', 'Whether a node follows an epoch that the journal does not know').set(
      Number(rest.otherEpochInFleet),
    );
    this.#gauge('revocast_watermark', 'Watermark of the own follower').set(rest.watermark);
    this.#gauge('revocast_staleness_seconds', 'Of the own follower; +Inf before the first proof').set(
      rest.stalenessMs === undefined ? Number.POSITIVE_INFINITY : rest.stalenessMs / 1000,
    );
    this.#gauge('revocast_foreign_records', 'Records in the log that we did not sign').set(rest.foreignRecords);
    this.#gauge('revocast_unknown_revocations', 'Signed with our key while no other instance was heard').set(
      rest.strangers,
    );
    this.#gauge('revocast_journal_behind_records', 'Records of the log that the journal does not have yet').set(
      rest.recordsBehind,
    );
    this.#gauge('revocast_taken_revocations', 'Revocations taken from the log since the start').set(
      rest.takenRevocations,
    );
    this.#gauge('revocast_instances', 'Other instances of the service that are heard').set(rest.instances);
    const rewritten = this.#gauge('revocast_log_rewritten', 'Times the log was written anew since the start', [
      'because',
    ]);
    for (const because of Object.keys(DAMAGES)) rewritten.set({ because }, rest.rewritten.get(because) ?? 0);
    this.#gauge('revocast_event_watchers', 'Readers of /v1/events').set(rest.watchers);
    this.#gauge('revocast_refusal_rows', 'Counts of refusals that are kept; no more than a million are').set(
      rest.refusalRows,
    );
    this.#gauge(
      'revocast_endings_due',
      'Revocations whose sessions are still to be ended at the identity provider',
    ).set(rest.endingsDue);
    this.#renderStates(logState, nodes);
    this.#renderDrill(rest.drill);
    const missing = this.#gauge('revocast_nodes_missing', 'Nodes expected of a service that do not enforce', [
      'service',
    ]);
    missing.reset();
    for (const [service, count] of Object.entries(nodesMissing)) missing.set({ service }, count);
    return this.#registry.metrics();
  }

  /** Every state is always there, with 0: an alert on a series that appears only in trouble cannot be tried out before. */
  #renderStates(logState: string, nodes: Readings['nodes']): void {
    const log = this.#gauge('revocast_log_state', '1 for what the service says of the log', ['state']);
    for (const state of LOG_STATES) log.set({ state }, Number(state === logState));
    const byState = this.#gauge('revocast_nodes', 'Nodes by state', ['state']);
    for (const state of NODE_STATES) byState.set({ state }, nodes[state] ?? 0);
  }

  #renderDrill({ result, ageMs, tookMs }: DrillReading): void {
    const results = this.#gauge('revocast_drill_result', '1 for what came of the last drill since the start', [
      'result',
    ]);
    for (const one of DRILL_RESULTS) results.set({ result: one }, Number(one === result));
    this.#gauge('revocast_drill_age_seconds', 'Since the last drill began; +Inf when there never was one').set(
      ageMs === undefined ? Number.POSITIVE_INFINITY : ageMs / 1000,
    );
    this.#gauge('revocast_drill_seconds', 'Until every node had refused the canary, in the last drill that passed').set(
      tookMs === undefined ? Number.NaN : tookMs / 1000,
    );
  }

  #gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    const known = this.#gauges.get(name);
    if (known !== undefined) return known;
    const made = new Gauge({ name, help, labelNames, registers: [this.#registry] });
    this.#gauges.set(name, made);
    return made;
  }
}
