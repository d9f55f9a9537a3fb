import { type GateAnswer } from '@revocast/gate';
import { type NodeStatus } from '@revocast/nest';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

type Reading = readonly [help: string, read: (status: NodeStatus) => number];

const GAUGES: Readonly<Record<string, Reading>> = {
  revocast_staleness_ms: [
    'Since the last proof of being at the head; +Inf before the first',
    ({ stalenessMs }) => stalenessMs ?? Number.POSITIVE_INFINITY,
  ],
  revocast_watermark: ['Highest sequence at or below which nothing is missing', ({ watermark }) => watermark],
  revocast_head: ['Highest sequence that the log is known to have; 0 before one is known', ({ head }) => head ?? 0],
  revocast_live_entries: ['Revocations in force', ({ liveEntries }) => liveEntries],
  revocast_tombstones: ['Lifts that are still remembered', ({ tombstones }) => tombstones],
  revocast_index_bytes: ['Memory of the index', ({ indexBytes }) => indexBytes],
  revocast_filter_capacity: ['Hashes that the filter in use has room for', ({ filterCapacity }) => filterCapacity],
  revocast_connected: ['Whether the broker is connected', ({ connected }) => Number(connected)],
  revocast_ticks_missed: ['Whether the last three ticks did not arrive', ({ ticksMissed }) => Number(ticksMissed)],
  revocast_guarded: ['0: no guard is in use, so nothing is enforced here', ({ guarded }) => Number(guarded)],
};

const COUNTERS: Readonly<Record<string, Reading>> = {
  revocast_foreign_records_total: ['Records that nobody of ours signed', ({ counters }) => counters.foreign],
  revocast_unreadable_records_total: [
    'Signed records that this version cannot read',
    ({ counters }) => counters.unreadable,
  ],
  revocast_gaps_total: ['Times a sequence was missing', ({ counters }) => counters.gaps],
  revocast_regress_total: ['Live records that contradict the ones before', ({ counters }) => counters.regress],
  revocast_duplicate_records_total: ['Records that came again', ({ counters }) => counters.duplicates],
  revocast_index_misses_total: ['Look-ups, by key, that found nothing', ({ misses }) => misses],
  revocast_filter_false_positives_total: [
    'Of these, the ones that the filter let pass; over its configured share for long: it is outgrown or full of what is gone',
    ({ falsePositives }) => falsePositives,
  ],
  revocast_resyncs_total: ['Times the log was read again from its start', ({ counters }) => counters.resyncs],
};

/** What this node tells Prometheus. No label ever carries anything of a token. */
export class Metrics {
  static readonly CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #checks = new Counter({
    name: 'revocast_checks_total',
    help: 'Requests by verdict; `invalid` is a token that did not verify',
    labelNames: ['verdict'],
    registers: [this.#registry],
  });
  readonly #state = new Gauge({
    name: 'revocast_state',
    help: '1 for the state that the follower is in',
    labelNames: ['state'],
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  count(answer: GateAnswer): void {
    this.#checks.inc({ verdict: verdictOf(answer) });
  }

  /** The text of one scrape. */
  async render(status: NodeStatus): Promise<string> {
    this.#state.reset();
    this.#state.set({ state: status.state }, 1);
    for (const [name, [help, read]] of Object.entries(GAUGES)) this.#gauge(name, help).set(read(status));
    for (const [name, [help, read]] of Object.entries(COUNTERS)) {
      const counter = this.#counter(name, help);
      counter.reset();
      counter.inc(read(status));
    }
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string): Gauge {
    const known = this.#registry.getSingleMetric(name) as Gauge | undefined;
    return known ?? new Gauge({ name, help, registers: [this.#registry] });
  }

  #counter(name: string, help: string): Counter {
    const known = this.#registry.getSingleMetric(name) as Counter | undefined;
    return known ?? new Counter({ name, help, registers: [this.#registry] });
  }
}

function verdictOf(answer: GateAnswer): string {
  if (answer.outcome === 'pass') return answer.verdict.kind;
  if (answer.code === 'ERR_TOKEN_REVOKED') return 'revoked';
  return answer.status === 503 ? 'unknown' : 'invalid';
}
