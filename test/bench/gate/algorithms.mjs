import { decide } from '@revocast/core';
import { ASYMMETRIC_ALGORITHMS, createGate, parseIssuers, SYMMETRIC_ALGORITHMS } from '@revocast/gate';
import { compactVerify } from 'jose';
import { issuerWith } from './issuer.mjs';
import { compare } from './measure.mjs';
import { clock } from './node.mjs';

const ALGORITHMS = [...ASYMMETRIC_ALGORITHMS, ...SYMMETRIC_ALGORITHMS];

/**
 * Per algorithm: jose's check of the signature alone, the whole check of the gate without the cache, and with it. The
 * revocations of `follower` are looked up in each of the gate's.
 */
export async function measureAlgorithms(follower, { turns, calls, tokens, algorithm }) {
  const results = {};
  for (const alg of algorithm === undefined ? ALGORITHMS : [algorithm]) {
    const issuer = await issuerWith(alg, tokens);
    const shared = { issuers: parseIssuers([issuer.input]), source: follower, mode: 'strict', clock };
    const [cached, uncached] = [createGate(shared), createGate({ ...shared, tokenCache: false })];
    for (let at = 0; at < tokens; at++) await passing(cached, issuer.tokenAt(at));
    const { facts } = await cached.verify(issuer.tokenAt(0));
    const { jose, gateUncached, gateCached, revocationCheck } = await compare(
      {
        jose: { call: (at) => compactVerify(issuer.tokenAt(at), issuer.verifyKey, { algorithms: [alg] }), calls },
        gateUncached: { call: (at) => uncached.checkNow(issuer.tokenAt(at)), calls },
        gateCached: { call: (at) => cached.checkNow(issuer.tokenAt(at)), calls: calls * 20 },
        revocationCheck: { call: () => decide(follower, facts, 300_000), calls: calls * 20 },
      },
      { turns, baseline: 'jose' },
    );
    results[alg] = {
      ...{ joseMicros: jose.micros, gateUncachedMicros: gateUncached.micros, gateCachedMicros: gateCached.micros },
      ...{ revocationCheckMicros: revocationCheck.micros },
      ...{ joseToUncached: gateUncached.ratio, joseToCached: gateCached.ratio, joseToCheck: revocationCheck.ratio },
    };
  }
  return results;
}

/** A bench of refusals would look splendid. */
async function passing(gate, token) {
  const answer = await gate.check(token);
  if (answer.outcome !== 'pass') throw new Error(`a token of the bench is refused: ${answer.code}`);
}
