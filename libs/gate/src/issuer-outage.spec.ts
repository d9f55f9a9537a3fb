import { describe, expect, it } from '@jest/globals';
import { type Freshness } from '@revocast/core';
import { issue, signingKey } from '../test/signing.js';
import { FRESH, goodClaims, goodIssuer, handClock, handSource, ISSUER } from '../test/world.js';
import { createGate, parseIssuers, type IssuerInput } from './index.js';

const WELL = 'https://well.example';
const key = signingKey('ES256', { kid: 'k1' });
const [ofSick, ofWell] = [issue(key, goodClaims()), issue(key, goodClaims({ iss: WELL }))];

/** A gate for two issuers, the first of which may be sick. */
function aGate(sick: IssuerInput, freshness?: (issuer: string) => Freshness) {
  const clock = handClock();
  const source = { ...handSource(clock), ...(freshness && { freshness }) };
  const fetch = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));
  const issuers = parseIssuers([sick, { ...goodIssuer([key.jwk]), issuer: WELL }]);
  return createGate({ issuers, source, mode: 'strict', clock, fetch, prng: () => 0.5 });
}

const outcomes = async (gate: ReturnType<typeof aGate>) =>
  (await Promise.all([gate.check(ofSick), gate.check(ofWell)])).map((answer) =>
    answer.outcome === 'refuse' ? [answer.status, answer.code] : answer.outcome,
  );

describe('D17: one issuer in trouble', () => {
  it('whose keys cannot be fetched gets 503 for its own tokens, and no other issuer does', async () => {
    const gate = aGate({ issuer: ISSUER, audience: 'orders' });
    expect(await outcomes(gate)).toEqual([[503, 'ERR_KEYS_UNAVAILABLE'], 'pass']);
  });

  it('whose key set lacks the key gets 401 for its own tokens, and no other issuer does', async () => {
    const gate = aGate(goodIssuer([signingKey('ES256', { kid: 'k2' }).jwk]));
    expect(await outcomes(gate)).toEqual([[401, 'ERR_TOKEN_SIGNATURE'], 'pass']);
  });

  it.each(['issuerUnreadable', 'issuerSettings'] as const)(
    'whose state is %s gets 503 for its own tokens, and no other issuer does',
    async (because) => {
      const gate = aGate(goodIssuer([key.jwk]), (issuer) =>
        issuer === ISSUER ? { fresh: false, because, everCurrent: true } : FRESH,
      );
      expect(await outcomes(gate)).toEqual([[503, 'ERR_REVOCATION_UNKNOWN'], 'pass']);
    },
  );
});
