import {
  type LiveTokensAnswer,
  type LiveTokensCount,
  MACHINE_CLIENTS_MAX,
  type MarkedTokens,
  type NodeView,
} from '@revocast/core';

/** How many there are: exactly if both are the same. */
export interface TokenRange {
  readonly atLeast: number;
  /** Null: nobody can say, since some nodes did not answer or have dropped tokens. */
  readonly atMost: number | null;
}

export interface ClientTokens {
  readonly clientId: string;
  readonly tokens: TokenRange;
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
  /** Machine clients by name, those with most tokens first, at most `MACHINE_CLIENTS_MAX`. */
  readonly machineClients: readonly ClientTokens[];
  /** At least so many are not named. */
  readonly moreMachineClients: number;
  /** What the condition spares, by client; empty without one. `tokens` null: not known. */
  readonly excepted: readonly (Pick<ClientTokens, 'clientId'> & { readonly tokens: TokenRange | null })[];
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
export function addUp(
  nodes: readonly SeenNode[],
  answers: readonly LiveTokensAnswer[],
  { windowMs, exceptClients }: { readonly windowMs: number; readonly exceptClients: readonly string[] },
): LiveTokens {
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
    ...machinesByName(counts, isWhole),
    excepted: exceptClients.map((clientId, at) => ({ clientId, tokens: exceptedRange(counts, at, isWhole) })),
    ...{ services, notAnswered: notAnswered.map(named), cacheOff: cacheOff.map(named) },
  };
  return { ...facts, note: noteOf(facts) };
}

/** Tokens that one node counted. */
type SomeTokens = MarkedTokens & Pick<LiveTokensCount, 'atLeast'>;

/**
 * A token is often seen by several nodes. Where each node marked its tokens they are counted once; beyond that there are as many
 * as the busiest node saw, at least, and as many as all of them together, at most.
 */
function rangeOf(counts: readonly SomeTokens[], isWhole: boolean): TokenRange {
  const marked = new Set(counts.flatMap(({ marks }) => marks ?? []));
  const unmarked = counts.filter(({ marks }) => marks === undefined).map(({ tokens }) => tokens);
  const atLeast = Math.max(marked.size, ...unmarked);
  const atMost = unmarked.reduce((sum, tokens) => sum + tokens, marked.size);
  return { atLeast, atMost: isWhole && counts.every((count) => !count.atLeast) ? atMost : null };
}

/** As each node named them: of one that named others, or none, a client may have more. */
function machinesByName(
  counts: readonly LiveTokensCount[],
  isWhole: boolean,
): Pick<LiveTokens, 'machineClients' | 'moreMachineClients'> {
  const byClient = new Map<string, SomeTokens[]>();
  for (const { machineClients = [], atLeast } of counts) {
    for (const { clientId, ...some } of machineClients) {
      byClient.set(clientId, [...(byClient.get(clientId) ?? []), { ...some, atLeast }]);
    }
  }
  const areAllNamed = isWhole && counts.every((count) => count.machineClients && count.moreMachineClients === 0);
  const all = [...byClient].map(([clientId, told]) => ({ clientId, tokens: rangeOf(told, areAllNamed) }));
  const sorted = all.sort((a, b) => b.tokens.atLeast - a.tokens.atLeast || (a.clientId < b.clientId ? -1 : 1));
  const named = sorted.slice(0, MACHINE_CLIENTS_MAX);
  // What one node left out another may have named.
  const seen = counts.map(({ machineClients: some = [], moreMachineClients: more = 0 }) => some.length + more);
  return { machineClients: named, moreMachineClients: Math.max(sorted.length, ...seen) - named.length };
}

/** Nodes of an older version count them with the others. */
function exceptedRange(counts: readonly LiveTokensCount[], at: number, isWhole: boolean): TokenRange | null {
  const told = counts.flatMap(({ excepted, atLeast }) => {
    const one = excepted?.[at];
    return one === undefined ? [] : [{ ...one, atLeast }];
  });
  return told.length === 0 ? null : rangeOf(told, isWhole && told.length === counts.length);
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
