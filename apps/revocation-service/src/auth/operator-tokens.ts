import { type RevocationSource } from '@revocast/core';
import { type TokenVerifier, type Verified } from '@revocast/gate';
import { type Operator, type Verb } from './operator.js';

const VERB_OF_SCOPE: ReadonlyMap<string, Verb> = new Map([
  ['revocations.read', 'read'],
  ['revocations.write', 'write'],
]);

/**
 * The operator whose token this is. A revoked operator is refused; freshness is not asked for, since the kill switch has
 * to work while the feed is down. Throws ERR_TOKEN_* or ERR_KEYS_UNAVAILABLE.
 */
export async function operatorOfToken(
  verifier: TokenVerifier,
  source: Pick<RevocationSource, 'find'>,
  token: string,
): Promise<Operator | undefined> {
  const { claims, facts } = await verifier.verify(token);
  if (source.find(facts) !== undefined) return undefined;
  const verbs = scopesOf(claims).flatMap((scope) => VERB_OF_SCOPE.get(scope) ?? []);
  return {
    name: `${facts.issuer}#${printable(facts.sub ?? facts.clientId ?? 'unnamed')}`,
    verbs: new Set(verbs),
    issuers: undefined,
    scopes: undefined,
    expiresAt: facts.expiresAt * 1000,
    token: facts,
  };
}

/** Escapes control characters: the name stands in logs and in the journal. */
const printable = (text: string): string => JSON.stringify(text).slice(1, -1);

/** `scope` of RFC 8693 section 4.2, or `scp` as some issuers name it; text or a list. */
function scopesOf(claims: Verified['claims']): readonly string[] {
  const value = claims['scope'] ?? claims['scp'];
  if (typeof value === 'string') return value.split(' ');
  return Array.isArray(value) ? value.filter((scope) => typeof scope === 'string') : [];
}
