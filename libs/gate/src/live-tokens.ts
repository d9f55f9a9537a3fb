import { hash } from 'node:crypto';
import {
  type Clock,
  epochMs,
  LIVE_TOKEN_MARKS_MAX,
  type LiveTokensCount,
  type LiveTokensQuestion,
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
  const hits = wouldHit(revocations);
  const marks = { machines: [] as string[], others: [] as string[] };
  const counts = { tokens: 0, machines: 0 };
  let looked = 0;
  for (const { name, facts, endsAt } of recent.tokens) {
    if (++looked % LOOKED_AT_ONCE === 0) yield;
    const now = clock.wall();
    if (facts.issuer !== issuer || now / 1000 >= endsAt) continue;
    // One that is refused already is not live, and this revocation is not what ends it.
    if (!hits(facts, epochMs(now)) || source.find(facts) !== undefined) continue;
    counts.tokens += 1;
    const ofMachine = isMachine(facts);
    if (ofMachine) counts.machines += 1;
    if (counts.tokens <= LIVE_TOKEN_MARKS_MAX) marks[ofMachine ? 'machines' : 'others'].push(markOf(id, name));
  }
  const hasFew = counts.tokens <= LIVE_TOKEN_MARKS_MAX;
  return { ...counts, atLeast: recent.atLeast, ...(hasFew && { marks: [...marks.machines, ...marks.others] }) };
}

/** Tokens of client credentials have no subject, or their client's name as one (RFC 9068 section 2.2). */
const isMachine = ({ sub, clientId }: TokenFacts): boolean =>
  clientId !== undefined && (sub === undefined || sub === clientId);

const markOf = (question: string, name: string): string =>
  hash('sha256', `${question}\n${Buffer.from(name, 'binary').toString('hex')}`, 'hex').slice(0, MARK_CHARACTERS);
