import {
  type Condition,
  CONDITION_SCOPES,
  type CutoffClaim,
  type Effect,
  type EpochMs,
  epochMs,
  type EpochSeconds,
  epochSeconds,
  KEY_KINDS,
  type KeyKind,
  type Lift,
  type Revocation,
  type RevocationKey,
  type TokenFacts,
} from '@revocast/core';
import { type IndexStep } from '@revocast/testing';
import fc from 'fast-check';

/** Everything happens near this second, so that boundaries meet. */
export const BASE = 1_790_000_000;
/** Later than any other time here. */
const LATE = epochSeconds(BASE + 100_000);

const near = (least: number, most: number): fc.Arbitrary<EpochSeconds> =>
  fc.integer({ min: least, max: most }).map((offset) => epochSeconds(BASE + offset));

const anIssuer = fc.constantFrom('https://a.example', 'https://b.example');
const aName = fc.constantFrom('x', 'y');

const keyOfKind = (kind: KeyKind, first: string, second: string): RevocationKey => {
  switch (kind) {
    case 'jti':
      return { scope: 'token', jti: first };
    case 'signingInputHash':
      return { scope: 'token', signingInputHash: first };
    case 'session':
      return { scope: 'session', sid: first };
    case 'subject':
      return { scope: 'subject', sub: first };
    case 'client':
      return { scope: 'client', clientId: first };
    case 'grant':
      return { scope: 'grant', sub: first, clientId: second };
    case 'device':
      return { scope: 'device', deviceId: first };
    case 'issuer':
      return { scope: 'issuer' };
    case 'kid':
      return { scope: 'key', kid: first };
    case 'thumbprint':
      return { scope: 'key', thumbprint: first };
  }
};

const aKey = fc.tuple(fc.constantFrom(...KEY_KINDS), aName, aName).map((parts) => keyOfKind(...parts));

const anEffect: fc.Arbitrary<Effect> = fc.oneof(
  fc.constant<Effect>({ kind: 'always' }),
  fc.constant<Effect>({ kind: 'suspended' }),
  near(0, 4).map((issuedBefore): Effect => ({ kind: 'issuedBefore', issuedBefore })),
  near(0, 4).map((issuedBefore): Effect => ({ kind: 'issuedBefore', issuedBefore })),
);

const anEnd = fc.oneof(fc.constant('lifted' as const), near(0, 8), near(0, 8));

const aCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc
    .uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1 })
    .map((exceptClients): Condition => ({ exceptClients })),
  fc
    .tuple(near(-1, 4), fc.integer({ min: 1, max: 5 }))
    .map(([from, length]): Condition => ({ spread: { from, until: epochSeconds(from + length) } })),
);

/** Half of those that may have one. */
const withCondition = (revocation: Revocation): fc.Arbitrary<Revocation> =>
  CONDITION_SCOPES.includes(revocation.key.scope)
    ? fc
        .option(aCondition, { nil: undefined, freq: 2 })
        .map((condition) => (condition ? { ...revocation, condition } : revocation))
    : fc.constant(revocation);

/** Any combination, also those that no service makes: only a miss hurts, and nothing may cause one. */
const aRevocation = (id: fc.Arbitrary<string>): fc.Arbitrary<Revocation> =>
  fc
    .record({
      id,
      issuer: anIssuer,
      key: aKey,
      effect: anEffect,
      retainUntil: anEnd,
      supersedes: fc.oneof(fc.constant([]), fc.array(id, { maxLength: 3 })),
    })
    .chain(withCondition);

/** The record that ends its condition. */
const withoutCondition = ({ condition: _condition, ...rest }: Revocation): Revocation => rest;

const liftOf = ({ id, retainUntil }: Revocation): Lift => ({
  id,
  retainUntil: retainUntil === 'lifted' ? LATE : retainUntil,
});

const maybeName = fc.option(aName, { nil: undefined });

export const aToken: fc.Arbitrary<TokenFacts> = fc
  .record({
    issuer: anIssuer,
    cutoffTime: fc.option(near(-1, 5), { nil: undefined, freq: 4 }),
    names: fc.record({
      ...{ jti: maybeName, sid: maybeName, sub: maybeName, clientId: maybeName },
      ...{ deviceId: maybeName, kid: maybeName, thumbprint: maybeName },
    }),
    hash: aName,
  })
  .map(({ issuer, cutoffTime, names, hash }) => ({
    issuer,
    issuedAt: epochSeconds(BASE),
    expiresAt: LATE,
    cutoffTime,
    ...Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined)),
    signingInputHash: () => hash,
  }));

/** Close to the ends of entries, on both sides of full seconds, and around an hour later, when they may be reclaimed. */
const aTime: fc.Arbitrary<EpochMs> = fc
  .tuple(fc.integer({ min: -1, max: 9 }), fc.constantFrom(0, 1, 500, 999), fc.constantFrom(0, 0, 0, 3600))
  .map(([seconds, ms, later]) => epochMs((BASE + seconds + later) * 1000 + ms));

const aCutoffClaim = fc.constantFrom<CutoffClaim>('iat', 'auth_time');

const aFind: fc.Arbitrary<IndexStep> = fc
  .record({ token: aToken, now: aTime, cutoffClaim: aCutoffClaim })
  .map((parts) => ({ do: 'find', ...parts }));

const aReclaim: fc.Arbitrary<IndexStep> = fc
  .record({ now: aTime, newestTick: aTime, entriesMax: fc.integer({ min: 0, max: 4 }) })
  .map((parts) => ({ do: 'reclaim', ...parts }));

const anId = fc.constantFrom('r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7');

/**
 * Revocations whose ids differ, as services make them, with their lifts before and after them, looked up all the while. A lift
 * is kept as long as its revocation: a shorter one would be a fault of the service.
 */
export const someSteps: fc.Arbitrary<readonly IndexStep[]> = fc
  .uniqueArray(aRevocation(anId), { selector: ({ id }) => id, minLength: 1, maxLength: 8 })
  .chain((revocations) => fc.array(aStep(revocations), { minLength: 4, maxLength: 40 }));

const aStep = (revocations: readonly Revocation[]): fc.Arbitrary<IndexStep> => {
  const one = fc.constantFrom(...revocations);
  return fc.oneof(
    { weight: 4, arbitrary: one.map((revocation): IndexStep => ({ do: 'apply', revocation })) },
    {
      weight: 1,
      arbitrary: one.map((revocation): IndexStep => ({ do: 'apply', revocation: withoutCondition(revocation) })),
    },
    { weight: 1, arbitrary: one.map((revocation): IndexStep => ({ do: 'lift', lift: liftOf(revocation) })) },
    { weight: 1, arbitrary: aReclaim },
    { weight: 8, arbitrary: aFind },
    { weight: 4, arbitrary: one.chain((revocation) => aFindOf(revocation)) },
  );
};

/** A token that the revocation names: random ones are seldom named by anything. */
const aFindOf = ({ issuer, key }: Revocation): fc.Arbitrary<IndexStep> =>
  fc.record({ token: aToken, now: aTime, cutoffClaim: aCutoffClaim }).map(({ token, now, cutoffClaim }) => {
    const { scope: _scope, ...fields } = key;
    const hash = 'signingInputHash' in key ? key.signingInputHash : token.signingInputHash();
    return { do: 'find', now, cutoffClaim, token: { ...token, ...fields, issuer, signingInputHash: () => hash } };
  });

/** As `someSteps`, but two records may have been given one id by mistake. */
export const somePoorlyNamedSteps: fc.Arbitrary<readonly IndexStep[]> = fc
  .array(aRevocation(fc.constantFrom('r0', 'r1')), { minLength: 1, maxLength: 6 })
  .chain((revocations) => fc.array(aStep(revocations), { minLength: 4, maxLength: 30 }))
  // One lift takes back all that have its id, so it is kept as long as the longest of them.
  .map((steps) =>
    steps.map((step) => (step.do === 'lift' ? { ...step, lift: { ...step.lift, retainUntil: LATE } } : step)),
  );
