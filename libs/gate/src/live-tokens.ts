import { hash } from 'node:crypto';
import {
  type Clock,
  epochMs,
  type MarkedTokens,
  LIVE_TOKEN_MARKS_MAX,
  type LiveTokensCount,
  type LiveTokensQuestion,
  MACHINE_CLIENT_BYTES_MAX,
  MACHINE_CLIENTS_MAX,
  type RevocationSource,
  type TokenFacts,
  wouldHit,
} from '@revocast/core';
import { type RecallingVerifier } from './jwt-verifier.js';

/** Tokens that one question looks at: as many as the cache holds by default. */
export const LIVE_TOKENS_LOOKED_MAX = 20_000;
/** Tokens between two pauses, about a millisecond: requests go before. */
const LOOKED_AT_ONCE = 250;
/** 48 bits: of the few that are ever compared, no two agree by chance. */
const MARK_CHARACTERS = 12;

interface Surroundings {
  readonly source: Pick<RevocationSource, 'find'>;
  readonly clock: Clock;
  readonly verifier: Pick<RecallingVerifier, 'recent'>;
}

/** See {@link Gate.liveTokens}. */
export function* countLiveTokens(
  { id, windowMs, revocations }: LiveTokensQuestion,
  { source, clock, verifier }: Surroundings,
): Generator<void, LiveTokensCount | undefined> {
  const recent = verifier.recent((clock.wall() - windowMs) / 1000, LIVE_TOKENS_LOOKED_MAX);
  if (recent === undefined) return undefined;
  const issuer = revocations[0]?.issuer;
  const spared = exceptedClients(revocations);
  const hits = wouldHit(revocations.map(({ condition: _condition, ...plain }) => plain));
  const found = { machines: new Marks(id), others: new Marks(id) };
  const excepted = spared.map(() => new Marks(id));
  const machineClients = new Map<string, Marks>();
  let looked = 0;
  for (const { name, facts, endsAt } of recent.tokens) {
    if (++looked % LOOKED_AT_ONCE === 0) yield;
    const now = clock.wall();
    if (facts.issuer !== issuer || now / 1000 >= endsAt) continue;
    // One that is refused already is not live, and this revocation is not what ends it.
    if (!hits(facts, epochMs(now)) || source.find(facts) !== undefined) continue;
    const exception = excepted[facts.clientId === undefined ? -1 : spared.indexOf(facts.clientId)];
    if (exception !== undefined) exception.add(name);
    else if (!isMachine(facts)) found.others.add(name);
    else {
      found.machines.add(name);
      const marks = machineClients.get(facts.clientId) ?? new Marks(id);
      machineClients.set(facts.clientId, marks);
      marks.add(name);
    }
  }
  const { machines, others } = found;
  const tokens = machines.tokens + others.tokens;
  return {
    ...{ tokens, machines: machines.tokens, atLeast: recent.atLeast },
    ...(tokens <= LIVE_TOKEN_MARKS_MAX && { marks: [...machines.marks, ...others.marks] }),
    ...clientsTold(machineClients, tokens <= LIVE_TOKEN_MARKS_MAX),
    ...(excepted.length > 0 && { excepted: excepted.map((one) => one.told()) }),
  };
}

/** All revocations of one command have the same condition. */
const exceptedClients = ([first]: LiveTokensQuestion['revocations']): readonly string[] =>
  first?.condition !== undefined && 'exceptClients' in first.condition ? first.condition.exceptClients : [];

/** Tokens, and their marks as long as they are few. */
class Marks {
  tokens = 0;
  readonly marks: string[] = [];

  constructor(private readonly question: string) {}

  add(name: string): void {
    this.tokens += 1;
    if (this.tokens <= LIVE_TOKEN_MARKS_MAX) this.marks.push(markOf(this.question, name));
  }

  told(): MarkedTokens {
    return { tokens: this.tokens, ...(this.tokens <= LIVE_TOKEN_MARKS_MAX && { marks: this.marks }) };
  }
}

/** The busiest by name, the others by number. A long name is none that a person wrote. */
const clientsTold = (
  clients: ReadonlyMap<string, Marks>,
  withMarks: boolean,
): Pick<LiveTokensCount, 'machineClients' | 'moreMachineClients'> => {
  const short = [...clients].filter(([clientId]) => Buffer.byteLength(clientId) <= MACHINE_CLIENT_BYTES_MAX);
  const busiest = short.sort(([a, one], [b, other]) => other.tokens - one.tokens || (a < b ? -1 : 1));
  const named = busiest.slice(0, MACHINE_CLIENTS_MAX);
  return {
    machineClients: named.map(([clientId, { tokens, marks }]) => ({ clientId, tokens, ...(withMarks && { marks }) })),
    moreMachineClients: clients.size - named.length,
  };
};

/** Tokens of client credentials have no subject, or their client's name as one (RFC 9068 section 2.2). */
const isMachine = (facts: TokenFacts): facts is TokenFacts & { readonly clientId: string } =>
  facts.clientId !== undefined && (facts.sub === undefined || facts.sub === facts.clientId);

const markOf = (question: string, name: string): string =>
  hash('sha256', `${question}\n${Buffer.from(name, 'binary').toString('hex')}`, 'hex').slice(0, MARK_CHARACTERS);
