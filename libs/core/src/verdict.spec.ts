import { describe, expect, it } from '@jest/globals';
import { someFacts } from '@revocast/testing';
import fc from 'fast-check';
import { sequence } from './units.js';
import { decide, type Freshness, type Hit, type RevocationSource, type Verdict } from './verdict.js';

const HIT: Hit = { scope: 'subject', revocationId: 'r-1', byAuthTime: false };
const FRESH: Freshness = { fresh: true, watermark: sequence(7), stalenessMs: 3 };

const aHit = fc.option(fc.constant(HIT), { nil: undefined });
const aFreshness: fc.Arbitrary<Freshness> = fc.oneof(
  fc.constant(FRESH),
  fc.record({
    fresh: fc.constant(false as const),
    because: fc.constantFrom('neverCurrent', 'stale', 'failed', 'issuerUnreadable', 'issuerSettings'),
    everCurrent: fc.boolean(),
  }),
);

type Decide = typeof decide;

/** A source that notes in which order it is asked. */
const sourceOf = (hit: Hit | undefined, freshness: Freshness, asked: string[] = []): RevocationSource => ({
  find: () => {
    asked.push('find');
    return hit;
  },
  freshness: () => {
    asked.push('freshness');
    return freshness;
  },
});

/** The order of a check: a hit stands whatever our state is, and the clock is read after the look-up. */
const keepsOrder =
  (decideOne: Decide) =>
  (hit: Hit | undefined, freshness: Freshness): boolean => {
    const asked: string[] = [];
    const { kind } = decideOne(sourceOf(hit, freshness, asked), someFacts(), 1000);
    if (hit !== undefined) return kind === 'revoked';
    return asked.join() === 'find,freshness' && kind === (freshness.fresh ? 'active' : 'unknown');
  };

describe('the order of a check', () => {
  it('is look-up, then freshness: a hit is revoked in every state', () => {
    fc.assert(fc.property(aHit, aFreshness, keepsOrder(decide)));
  });

  const freshnessFirst: Decide = (source, token, boundMs): Verdict => {
    const freshness = source.freshness(token.issuer, boundMs);
    return freshness.fresh ? decide(source, token, boundMs) : { ...freshness, kind: 'unknown' };
  };
  const clockFirst: Decide = (source, token, boundMs) => {
    const freshness = source.freshness(token.issuer, boundMs);
    return decide({ find: (facts) => source.find(facts), freshness: () => freshness }, token, boundMs);
  };
  it.each([
    ['asks for freshness before it looks up', freshnessFirst],
    ['reads the clock before it looks up', clockFirst],
  ])('finds out a check that %s', (_what, mutant) => {
    expect(fc.check(fc.property(aHit, aFreshness, keepsOrder(mutant))).failed).toBe(true);
  });

  it('asks with the issuer of the token and the bound of the policy', () => {
    const asked: unknown[] = [];
    const source: RevocationSource = {
      find: () => undefined,
      freshness: (...args) => {
        asked.push(args);
        return FRESH;
      },
    };
    const verdict = decide(source, someFacts({ issuer: 'https://one.example' }), 30_000);
    expect(asked).toEqual([['https://one.example', 30_000]]);
    expect(verdict).toEqual({ kind: 'active', watermark: 7 });
  });

  it('names the revocation, or the reason why nobody knows', () => {
    expect(decide(sourceOf(HIT, FRESH), someFacts(), 1)).toEqual({ kind: 'revoked', ...HIT });
    const stale: Freshness = { fresh: false, because: 'stale', everCurrent: true };
    expect(decide(sourceOf(undefined, stale), someFacts(), 1)).toEqual({
      ...{ kind: 'unknown', because: 'stale', everCurrent: true },
    });
  });
});
