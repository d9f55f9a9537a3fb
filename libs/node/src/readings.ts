import { type GateAnswer } from '@revocast/gate';
import { type NodeStatus } from './revocation-node.js';

/** What a metric says and how it is read. */
export type NodeReading = readonly [help: string, read: (status: NodeStatus) => number];

const GAUGES: Readonly<Record<string, NodeReading>> = {
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
  revocast_filter_capacity: ['Hashes that the filter in use has room for', ({ filterCapacity }) => filterCapacity],
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
  revocast_refusals_counted: ['Revocations whose refusals are counted for the service', ({ refusals }) => refusals.ids],
  revocast_guarded: ['0: no guard is in use, so nothing is enforced here', ({ guarded }) => Number(guarded)],
};

const COUNTERS: Readonly<Record<string, NodeReading>> = {
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
  revocast_index_misses_total: ['Look-ups, by key, that found nothing', ({ misses }) => misses],
  revocast_filter_false_positives_total: [
    'Of these, the ones that the filter let pass; over its configured share for long: it is outgrown or full of what is gone',
    ({ falsePositives }) => falsePositives,
  ],
  revocast_refusals_dropped_total: [
    'Refusals that were never told to the service: more revocations refused than there is room to count',
    ({ refusals }) => refusals.dropped,
  ],
  revocast_resyncs_total: ['Times the log was read again from its start', ({ counters }) => counters.resyncs],
};

/** By metric name. No label ever carries anything of a token. */
export const nodeGauges = (): Readonly<Record<string, NodeReading>> => GAUGES;

export const nodeCounters = (): Readonly<Record<string, NodeReading>> => COUNTERS;

/** Label values of `revocast_checks_total`; `invalid` is a token that did not verify. */
export const VERDICT_LABELS = ['active', 'revoked', 'unknown', 'invalid'] as const;

export function verdictLabel(answer: GateAnswer): (typeof VERDICT_LABELS)[number] {
  if (answer.outcome === 'pass') return answer.verdict.kind;
  if (answer.code === 'ERR_TOKEN_REVOKED') return 'revoked';
  return answer.status === 503 ? 'unknown' : 'invalid';
}
