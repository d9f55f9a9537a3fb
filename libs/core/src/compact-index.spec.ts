import { describe, expect, it } from '@jest/globals';
import {
  aLift,
  AN_ISSUER,
  aRevocation,
  firstDisagreement,
  type IndexStep,
  type RevocationParts,
  someFacts,
} from '@revocast/testing';
import fc from 'fast-check';
import { somePoorlyNamedSteps, someSteps } from '../test/index-arbitraries.js';
import { aSmallIndex, HASH_KEY, INDEX_MUTANTS, indexBehindAFullFilter } from '../test/index-mutants.js';
import { RECLAIM_AFTER_SECONDS, type RevocationIndex } from './revocation-index.js';
import { type Effect, type Revocation } from './revocation.js';
import { type TokenFacts } from './token.js';
import { type EpochMs, epochMs, type EpochSeconds, epochSeconds } from './units.js';
import { type Hit } from './verdict.js';

const anIndex = (...revocations: readonly Revocation[]): RevocationIndex => {
  const index = aSmallIndex();
  for (const revocation of revocations) index.apply(revocation);
  return index;
};

const T = epochSeconds(1_790_000_000);
const NOW = epochMs(T * 1000);
const at = (seconds: number): EpochMs => epochMs(seconds * 1000);

const before = (issuedBefore: EpochSeconds): Effect => ({ kind: 'issuedBefore', issuedBefore });
const cutoff = (issuedBefore: EpochSeconds, parts: RevocationParts = {}): Revocation =>
  aRevocation({ effect: before(issuedBefore), ...parts });

const find = (index: RevocationIndex, token: TokenFacts, now = NOW): Hit | undefined => index.find(token, now, 'iat');
const isHit = (index: RevocationIndex, parts: Partial<TokenFacts> = {}, now = NOW): boolean =>
  find(index, someFacts(parts), now) !== undefined;
const issuedAt = (seconds: number): Partial<TokenFacts> => ({ cutoffTime: epochSeconds(seconds) });

const disagreement =
  (makeIndex: () => RevocationIndex) =>
  (steps: readonly IndexStep[]): boolean =>
    firstDisagreement(makeIndex(), steps, HASH_KEY) === undefined;

describe('an index, beside a model that forgets nothing', () => {
  it('answers, names and counts alike, whatever is applied, lifted, reclaimed and asked', () => {
    fc.assert(
      fc.property(someSteps, (steps) => {
        expect(firstDisagreement(anIndex(), steps, HASH_KEY)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('counts both of two revocations that were given one id', () => {
    fc.assert(fc.property(somePoorlyNamedSteps, disagreement(anIndex)), { numRuns: 300 });
  });

  it('answers alike when its filter lets everything pass (D14)', () => {
    fc.assert(fc.property(someSteps, disagreement(indexBehindAFullFilter)), { numRuns: 300 });
  });

  it.each(INDEX_MUTANTS)('finds out an index %s', (_what, Mutant) => {
    const found = fc.check(
      fc.property(
        someSteps,
        disagreement(() => new Mutant()),
      ),
      { numRuns: 5000, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});

describe('merging records', () => {
  const isChange = (step: IndexStep): boolean => step.do === 'apply' || step.do === 'lift';
  const answers = (changes: readonly IndexStep[], probes: readonly IndexStep[]): unknown => {
    const index = anIndex();
    firstDisagreement(index, changes, HASH_KEY);
    return probes.map((step) =>
      step.do === 'find' ? [index.find(step.token, step.now, step.cutoffClaim), index.size(step.now).liveEntries] : [],
    );
  };
  const someChanges = someSteps.chain((steps) => {
    const changes = steps.filter(isChange);
    const probes = steps.filter((step) => step.do === 'find');
    const shuffled = fc.shuffledSubarray(changes, { minLength: changes.length, maxLength: changes.length });
    return fc.record({ changes: fc.constant(changes), shuffled, probes: fc.constant(probes) });
  });

  it('gives the same answers, to the id, in whatever order the records come', () => {
    fc.assert(
      fc.property(someChanges, ({ changes, shuffled, probes }) => {
        expect(answers(shuffled, probes)).toEqual(answers(changes, probes));
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same answers when everything is read a second time', () => {
    fc.assert(
      fc.property(someChanges, ({ changes, shuffled, probes }) => {
        expect(answers([...changes, ...shuffled], probes)).toEqual(answers(changes, probes));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a cut-off', () => {
  it('hits a token of the second before it and not one of its own second (D1)', () => {
    const index = anIndex(cutoff(T));
    expect(isHit(index, issuedAt(T - 1))).toBe(true);
    expect(isHit(index, issuedAt(T - 0.001))).toBe(true);
    expect(isHit(index, issuedAt(T))).toBe(false);
    expect(isHit(index, issuedAt(T + 0.001))).toBe(false);
  });

  it('hits a token that lacks the time it is compared with (D3)', () => {
    expect(isHit(anIndex(cutoff(T)), { cutoffTime: undefined })).toBe(true);
  });

  it('lets a token pass that was issued after it: who logs in again is in (D4)', () => {
    expect(isHit(anIndex(cutoff(T)), issuedAt(T + 1))).toBe(false);
  });

  it('is not lowered by an older one that comes later (D10)', () => {
    const index = anIndex(cutoff(T), cutoff(epochSeconds(T - 100)));
    expect(isHit(index, issuedAt(T - 1))).toBe(true);
  });

  it('holds until its own end, though a shorter one of the key has ended (D10)', () => {
    const short = cutoff(T, { retainUntil: epochSeconds(T + 10) });
    const long = cutoff(T, { retainUntil: epochSeconds(T + 1000) });
    const index = anIndex(short, long);
    expect(isHit(index, issuedAt(T - 1), at(T + 999))).toBe(true);
    expect(isHit(index, issuedAt(T - 1), at(T + 1000))).toBe(false);
  });

  it('comes back when the later one that supersedes it is lifted (D11)', () => {
    const early = cutoff(epochSeconds(T - 100));
    const late = cutoff(T, { supersedes: [early.id] });
    const index = anIndex(early, late);
    expect(index.size(NOW).liveEntries).toBe(2);
    index.lift(aLift(late));
    expect(isHit(index, issuedAt(T - 50))).toBe(false);
    expect(isHit(index, issuedAt(T - 101))).toBe(true);
    expect(index.size(NOW).liveEntries).toBe(1);
  });

  it('holds beside one of another key that wrongly claims to supersede it', () => {
    const alice = cutoff(T);
    const index = anIndex(alice, cutoff(T, { key: { scope: 'subject', sub: 'bob' }, supersedes: [alice.id] }));
    expect(isHit(index, issuedAt(T - 1))).toBe(true);
    expect(index.size(NOW).liveEntries).toBe(2);
  });
});

describe('a lift', () => {
  it('takes back its revocation, and no other of the same key', () => {
    const suspension = aRevocation({ effect: { kind: 'suspended' } });
    const kept = cutoff(T);
    const index = anIndex(suspension, kept);
    index.lift(aLift(suspension));
    expect(isHit(index, issuedAt(T + 1))).toBe(false);
    expect(find(index, someFacts(issuedAt(T - 1)))?.revocationId).toBe(kept.id);
    expect(index.size(NOW).liveEntries).toBe(1);
  });

  it('also works when it comes first, and when the revocation is read again later', () => {
    const revocation = cutoff(T);
    const index = anIndex();
    index.lift(aLift(revocation));
    index.apply(revocation);
    expect(isHit(index, issuedAt(T - 1))).toBe(false);
    expect(index.size(NOW)).toMatchObject({ liveEntries: 0, tombstones: 1 });
  });

  it('is kept as long as the longest of two that name its revocation', () => {
    const revocation = cutoff(T, { retainUntil: 'lifted' });
    const index = anIndex();
    index.lift({ id: revocation.id, retainUntil: epochSeconds(T + 9) });
    index.lift({ id: revocation.id, retainUntil: epochSeconds(T + 5) });
    const later = at(T + 5 + RECLAIM_AFTER_SECONDS);
    index.reclaim(later, later, 10);
    expect(index.size(later).tombstones).toBe(1);
  });
});

describe('the name of a hit', () => {
  const all = (['token', 'session', 'subject', 'client', 'grant', 'device', 'issuer', 'key'] as const).map((scope) =>
    aRevocation({ scope, effect: { kind: 'suspended' } }),
  );

  it('is that of the first scope that hits, in their fixed order', () => {
    const index = anIndex(...all);
    for (const { id, key } of all) {
      expect(find(index, someFacts())).toMatchObject({ scope: key.scope, revocationId: id, byAuthTime: false });
      index.lift({ id, retainUntil: T });
    }
    expect(find(index, someFacts())).toBeUndefined();
  });

  it('says that logging in again helps only if a cut-off on auth_time is all that hits', () => {
    const alone = cutoff(T);
    const index = anIndex(alone);
    const token = someFacts(issuedAt(T - 1));
    expect(index.find(token, NOW, 'auth_time')).toMatchObject({ revocationId: alone.id, byAuthTime: true });
    expect(index.find(token, NOW, 'iat')).toMatchObject({ byAuthTime: false });
    const suspension = aRevocation({ scope: 'issuer', effect: { kind: 'suspended' } });
    index.apply(suspension);
    expect(index.find(token, NOW, 'auth_time')).toMatchObject({ revocationId: suspension.id, byAuthTime: false });
  });
});

describe('a key', () => {
  it('is revoked by its thumbprint also when the token was verified by kid', () => {
    const stolen = aRevocation({ key: { scope: 'key', thumbprint: 't-1' } });
    const index = anIndex(stolen);
    expect(isHit(index, { kid: 'kid-1', thumbprint: 't-1' })).toBe(true);
    expect(isHit(index, { kid: 'kid-1', thumbprint: 't-2' })).toBe(false);
  });

  it('does not hit tokens of another issuer', () => {
    expect(isHit(anIndex(aRevocation({ scope: 'issuer' })), { issuer: `${AN_ISSUER}/`, ...issuedAt(0) })).toBe(false);
  });
});

describe('the end of an entry', () => {
  const ending = cutoff(epochSeconds(T - 1000), { retainUntil: T });
  const hour = RECLAIM_AFTER_SECONDS * 1000;
  const token = someFacts(issuedAt(T - 2000));

  it('comes with the very reading of its second, not a millisecond before', () => {
    const index = anIndex(ending);
    expect(find(index, token, epochMs(NOW - 1))).toBeDefined();
    expect(find(index, token, NOW)).toBeUndefined();
    expect(index.size(NOW).liveEntries).toBe(0);
  });

  it('is undone by a clock that is set back, also across a year (D13)', () => {
    const newYear = epochSeconds(Date.UTC(2027, 0, 1) / 1000);
    const index = anIndex(cutoff(newYear, { retainUntil: newYear }));
    expect(find(index, token, at(newYear))).toBeUndefined();
    expect(find(index, token, at(newYear - 1))).toBeDefined();
    expect(find(index, token, at(newYear - 300))).toBeDefined();
  });

  it('is no reason to forget it while the newest tick is older, however far the local clock was stepped (D13)', () => {
    const index = anIndex(ending);
    expect(index.reclaim(epochMs(NOW + 100 * hour), epochMs(NOW + hour - 1), 10)).toBe(0);
    expect(find(index, token, epochMs(NOW - 1))).toBeDefined();
    expect(index.reclaim(epochMs(NOW + hour - 1), epochMs(NOW + 100 * hour), 10)).toBe(0);
    expect(index.reclaim(epochMs(NOW + hour), epochMs(NOW + hour), 10)).toBe(1);
    expect(find(index, token, epochMs(NOW - 1))).toBeUndefined();
  });

  it('can lie 30 days and more ahead (D9)', () => {
    const far = epochSeconds(T + 400 * 86_400);
    const index = anIndex(cutoff(T, { retainUntil: far }));
    expect(isHit(index, issuedAt(T - 1), at(far - 1))).toBe(true);
  });
});

describe('reclaiming', () => {
  const LONG_AFTER = at(T + 2 * RECLAIM_AFTER_SECONDS);
  const many = (count: number): Revocation[] =>
    Array.from({ length: count }, (_, i) =>
      aRevocation({ key: { scope: 'token', jti: `jti-${i}` }, retainUntil: epochSeconds(T - i) }),
    );

  it('takes at most as many entries as allowed per call', () => {
    const index = anIndex(...many(5));
    expect(index.reclaim(LONG_AFTER, LONG_AFTER, 3)).toBe(3);
    expect(index.reclaim(LONG_AFTER, LONG_AFTER, 3)).toBe(2);
    expect(index.reclaim(LONG_AFTER, LONG_AFTER, 3)).toBe(0);
  });

  it('gives the memory back, that of the filter too', () => {
    const index = anIndex(...many(5000));
    const full = index.size(LONG_AFTER).indexBytes;
    expect(full).toBeGreaterThan(5000 * 36);
    while (index.reclaim(LONG_AFTER, LONG_AFTER, 1_000) > 0);
    for (let i = 0; i < 10; i++) index.reclaim(LONG_AFTER, LONG_AFTER, 1_000);
    expect(index.size(LONG_AFTER).indexBytes).toBeLessThan(full / 5);
  });

  it('loses nothing that still lives when the filter is made anew (D6)', () => {
    const living = aRevocation({ scope: 'device', effect: { kind: 'suspended' } });
    const index = anIndex(...many(3000), living);
    index.reclaim(LONG_AFTER, LONG_AFTER, 10_000);
    expect(find(index, someFacts(), LONG_AFTER)?.revocationId).toBe(living.id);
  });
});
