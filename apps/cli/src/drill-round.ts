import { isEnforced, proofText } from './proof.js';
import { type Json, listOf, member, plain, table } from './text.js';

/** The service names the times of so many nodes, the slowest: those that it leaves out were faster. */
const TIMED_NODES_MAX = 256;

/** What one node showed of a canary. */
export interface NodeShown {
  readonly service: unknown;
  readonly node: unknown;
  /** `refused`, `accepted` or `unproven` as it said; `silent`, or `nothing` when it said nothing of this canary. */
  readonly shown: string;
  /** From the broker's confirmation to the heartbeat that says so; undefined when nobody saw that arrive. Milliseconds. */
  readonly afterMs: number | undefined;
}

export interface Round {
  readonly id: unknown;
  /** Every node refused the canary, the record is enforced, and the slowest was fast enough. */
  readonly passed: boolean;
  readonly why: 'passed' | 'notEnforced' | 'notShown' | 'tooSlow';
  readonly nodes: readonly NodeShown[];
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  readonly propagation: unknown;
}

/**
 * Acknowledging is not enough: each node that is there must have refused the canary at its own gate. A node that is presumed gone
 * has refused everything for longer than its bound, and could show nothing.
 */
export function roundOf(answer: Json, fleet: Json, withinMs: number): Round {
  const { id, propagation } = answer;
  const after = new Map(listOf(member(propagation, 'appliedNodes')).map((one) => [one['instance'], one['afterMs']]));
  const nodes = listOf(fleet['nodes'])
    .filter(({ state }) => state !== 'gone' && state !== 'presumedGone')
    .map((node) => nodeShown(node, id, after.get(node['instance'])));
  const times = nodes.flatMap(({ afterMs }) => (afterMs === undefined ? [] : [afterMs])).sort((a, b) => a - b);
  const why = whyOf(answer, nodes, times, withinMs);
  const at = (share: number): number | null => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? null;
  return { id, passed: why === 'passed', why, nodes, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), propagation };
}

function nodeShown(node: Json, id: unknown, afterMs: unknown): NodeShown {
  const said = listOf(node['canaries']).find(({ revocationId }) => revocationId === id);
  const silent = node['state'] === 'silent' ? 'silent' : 'nothing';
  return {
    service: node['service'],
    node: node['node'],
    shown: said === undefined ? silent : plain(said['outcome']),
    afterMs: typeof afterMs === 'number' ? afterMs : undefined,
  };
}

function whyOf(answer: Json, nodes: readonly NodeShown[], times: readonly number[], withinMs: number): Round['why'] {
  if (!isEnforced(answer) || answer['state'] === 'noEffect') return 'notEnforced';
  if (nodes.length === 0 || !nodes.every(({ shown }) => shown === 'refused')) return 'notShown';
  // A node whose time nobody knows was not seen to be fast enough.
  const isTimed = times.length >= Math.min(nodes.length, TIMED_NODES_MAX);
  return isTimed && (times.at(-1) ?? Infinity) <= withinMs ? 'passed' : 'tooSlow';
}

const WORDS: Readonly<Record<Round['why'], string>> = {
  passed: 'refused by all',
  notEnforced: 'NOT ENFORCED',
  notShown: 'NOT REFUSED BY ALL',
  tooSlow: 'TOO SLOW',
};
const ADVICE: Readonly<Record<string, string>> = {
  accepted: 'it lets the revoked pass: look at its mode (revocast nodes) and version',
  unproven: 'its gate refuses for another reason, so nothing is shown',
  nothing: 'it said nothing of the canary: its library may be older than drills',
  silent: 'it is not heard',
};

export function roundText(round: Round, isLong: boolean): string {
  const { nodes, p50Ms, p99Ms, maxMs } = round;
  const refused = nodes.filter(({ shown }) => shown === 'refused').length;
  const times = maxMs === null ? '' : `, ms p50 ${p50Ms} p99 ${p99Ms} max ${maxMs}`;
  const head = `${plain(round.id)} ${WORDS[round.why]}: ${refused} of ${nodes.length} nodes${times}\n`;
  const failing = nodes
    .filter(({ shown }) => shown !== 'refused')
    .map(({ service, node, shown }) => `  ${plain(service)}/${plain(node)} ${shown}: ${ADVICE[shown] ?? 'unknown'}\n`);
  const proof = round.why === 'notEnforced' ? proofText(round.propagation) : '';
  const rows = nodes.map(({ service, node, shown, afterMs }) => [service, node, shown, afterMs]);
  return `${head}${failing.join('')}${proof}${isLong && rows.length > 0 ? table(['SERVICE', 'NODE', 'CANARY', 'AFTER MS'], rows) : ''}`;
}
