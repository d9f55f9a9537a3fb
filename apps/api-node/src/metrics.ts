import { FOLLOWER_STATES, MODES } from '@revocast/core';
import { type GateAnswer } from '@revocast/gate';
import { type NodeStatus } from '@revocast/nest';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

type Reading = readonly [help: string, read: (status: NodeStatus) => number];

const GAUGES: Readonly<Record<string, Reading>> = {
  revocast_staleness_ms: [
    'Since the last proof of being at the head; +Inf before the first',
    ({ stalenessMs }) => stalenessMs ?? Number.POSITIVE_INFINITY,
  ],
  revocast_staleness_ms_max: [
    'The largest staleness with which any route still says active',
    ({ stalenessMsMax }) => stalenessMsMax,
  ],
  revocast_watermark: ['Highest sequence at or below which nothing is missing', ({ watermark }) => watermark],
  revocast_head: ['Highest sequence that the log is known to have; 0 before one is known', ({ head }) => head ?? 0],
  revocast_live_entries: ['Revocations in force', ({ liveEntries }) => liveEntries],
  revocast_tombstones: ['Lifts that are still remembered', ({ tombstones }) => tombstones],
  revocast_index_bytes: ['Memory of the index', ({ indexBytes }) => indexBytes],
  revocast_connected: ['Whether the broker is connected', ({ connected }) => Number(connected)],
  revocast_ticks_missed: ['Whether the last three ticks did not arrive', ({ ticksMissed }) => Number(ticksMissed)],
  revocast_local_entries: ['Revocations in force by the local file', ({ localFile }) => localFile?.entries ?? 0],
  revocast_local_entries_ineffective: [
    'Entries of the local file that can hit no token here: an issuer or claim that this node does not know',
    ({ localFile }) => localFile?.ineffective.length ?? 0,
  ],
  revocast_local_file_broken: [
    '1: the local file is not in force as it is now; the last good one is',
    ({ localFile }) => Number(localFile?.broken !== undefined),
  ],
  revocast_local_file_blind: [
    '1: no good local file was read since the start, so every answer is unknown',
    ({ localFile }) => Number(localFile?.blind === true),
  ],
  revocast_mode_overridden: [
    '1: the local file sets another mode, in force or about to be',
    ({ localFile }) => Number(localFile?.modeOverride !== undefined),
  ],
  revocast_token_cache_entries: [
    'Tokens whose signature need not be verified again',
    ({ tokenCache }) => tokenCache?.entries ?? 0,
  ],
  revocast_token_cache_bytes: ['Estimated memory of those', ({ tokenCache }) => tokenCache?.bytes ?? 0],
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
  revocast_token_cache_hits_total: [
    'Checks that needed no signature verification',
    ({ tokenCache }) => tokenCache?.hits ?? 0,
  ],
  revocast_token_cache_misses_total: [
    'Checks of tokens that the cache did not know, or not any more',
    ({ tokenCache }) => tokenCache?.misses ?? 0,
  ],
  revocast_resyncs_total: ['Times the log was read again from its start', ({ counters }) => counters.resyncs],
};

const VERDICTS = ['active', 'revoked', 'unknown', 'invalid'] as const;

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
  readonly #mode = new Gauge({
    name: 'revocast_mode',
    help: '1 for the mode in force',
    labelNames: ['mode'],
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    // A counter that begins with its first event hides that event from every rate.
    for (const verdict of VERDICTS) this.#checks.inc({ verdict }, 0);
  }

  count(answer: GateAnswer): void {
    this.#checks.inc({ verdict: verdictOf(answer) });
  }

  /** The text of one scrape. */
  async render(status: NodeStatus): Promise<string> {
    // Every state is always there: a series that only appears in trouble could not be told from one that is not scraped.
    for (const state of FOLLOWER_STATES) this.#state.set({ state }, Number(state === status.state));
    for (const mode of MODES) this.#mode.set({ mode }, Number(mode === status.mode));
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

function verdictOf(answer: GateAnswer): (typeof VERDICTS)[number] {
  if (answer.outcome === 'pass') return answer.verdict.kind;
  if (answer.code === 'ERR_TOKEN_REVOKED') return 'revoked';
  return answer.status === 503 ? 'unknown' : 'invalid';
}
