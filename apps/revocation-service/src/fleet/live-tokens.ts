import { type LiveTokensAnswer, type LiveTokensCount, type NodeView } from '@revocast/core';

/** How many there are: exactly if both are the same. */
export interface TokenRange {
  readonly atLeast: number;
  /** Null: nobody can say, since some nodes did not answer or have dropped tokens. */
  readonly atMost: number | null;
}

export interface ServiceLiveTokens extends TokenRange {
  readonly service: string;
  readonly nodes: number;
  /** Nodes that counted. */
  readonly counted: number;
}

/** What a revocation would hit, as far as the nodes know. */
export interface LiveTokens {
  readonly windowSeconds: number;
  /** Null: no node counted, so it is not known. */
  readonly tokens: TokenRange | null;
  /** Those of machines, as far as their claims tell. */
  readonly machines: TokenRange | null;
  readonly services: readonly ServiceLiveTokens[];
  /** Silent, of an older version, or too slow. */
  readonly notAnswered: readonly Pick<NodeView, 'service' | 'node'>[];
  /** Nodes that keep no verified tokens. */
  readonly cacheOff: readonly Pick<NodeView, 'service' | 'node'>[];
  readonly note: string;
}

type SeenNode = Pick<NodeView, 'service' | 'node' | 'instance'>;

const nameOf = ({ service, instance }: Pick<SeenNode, 'service' | 'instance'>): string => `${service}\n${instance}`;

/** Adds up the answers of nodes, and names those that gave none. */
export function addUp(nodes: readonly SeenNode[], answers: readonly LiveTokensAnswer[], windowMs: number): LiveTokens {
  const byName = new Map(answers.map((answer) => [nameOf(answer), answer]));
  const named = ({ service, node }: SeenNode) => ({ service, node });
  const notAnswered = nodes.filter((node) => !byName.has(nameOf(node)));
  const cacheOff = nodes.filter((node) => byName.has(nameOf(node)) && byName.get(nameOf(node))?.count === undefined);
  const counts = answers.flatMap(({ count }) => count ?? []);
  const isWhole = notAnswered.length + cacheOff.length === 0;
  const services = [...new Set(nodes.map(({ service }) => service))].sort().map((service) => {
    const own = nodes.filter((node) => node.service === service);
    const told = own.flatMap((node) => byName.get(nameOf(node))?.count ?? []);
    return { service, nodes: own.length, counted: told.length, ...rangeOf(told, told.length === own.length) };
  });
  const facts = {
    windowSeconds: windowMs / 1000,
    tokens: counts.length === 0 ? null : rangeOf(counts, isWhole),
    machines: counts.length === 0 ? null : rangeOf(counts.map(ofMachines), isWhole),
    ...{ services, notAnswered: notAnswered.map(named), cacheOff: cacheOff.map(named) },
  };
  return { ...facts, note: noteOf(facts) };
}

/**
 * A token is often seen by several nodes. Where each node marked its tokens they are counted once; beyond that there are as many
 * as the busiest node saw, at least, and as many as all of them together, at most.
 */
function rangeOf(counts: readonly LiveTokensCount[], isWhole: boolean): TokenRange {
  const marked = new Set(counts.flatMap(({ marks }) => marks ?? []));
  const unmarked = counts.filter(({ marks }) => marks === undefined).map(({ tokens }) => tokens);
  const atLeast = Math.max(marked.size, ...unmarked);
  const atMost = unmarked.reduce((sum, tokens) => sum + tokens, marked.size);
  return { atLeast, atMost: isWhole && counts.every((count) => !count.atLeast) ? atMost : null };
}

/** Their marks stand first. */
const ofMachines = ({ machines, marks, ...rest }: LiveTokensCount): LiveTokensCount => ({
  ...{ ...rest, machines, tokens: machines },
  ...(marks && { marks: marks.slice(0, machines) }),
});

function noteOf({ windowSeconds, tokens, services, notAnswered, cacheOff }: Omit<LiveTokens, 'note'>): string {
  const missing = [
    ...(notAnswered.length > 0 ? [`${nodesText(notAnswered.length)} did not answer`] : []),
    ...(cacheOff.length > 0 ? [`${nodesText(cacheOff.length)} keep no verified tokens`] : []),
  ].join(' and ');
  if (tokens === null) return `Live tokens: not known${missing === '' ? ', no node is there' : `; ${missing}`}.`;
  const where = services.filter(({ atLeast }) => atLeast > 0).map(({ service }) => service);
  const on = where.length === 0 ? '' : `, on ${where.join(' and ')}`;
  const said = `${countText(tokens)} in the last ${windowSeconds / 60} minutes${on}`;
  return missing === '' ? `${said}.` : `${said}; ${missing}.`;
}

const nodesText = (count: number): string => `${count} ${count === 1 ? 'node' : 'nodes'}`;

/** `3 live tokens`, `At least 1 live token`, `100 to 180 live tokens`. */
export function countText({ atLeast, atMost }: TokenRange): string {
  const tokens = (count: number): string => `${count} live ${count === 1 ? 'token' : 'tokens'}`;
  if (atLeast === atMost) return tokens(atLeast);
  return atMost === null ? `At least ${tokens(atLeast)}` : `${atLeast} to ${tokens(atMost)}`;
}
