import {
  type Condition,
  createIndex,
  createWave,
  cutoffForEvent,
  type CutoffClaim,
  decide,
  type Effect,
  epochMs,
  epochSeconds,
  type Freshness,
  isCutoffInFuture,
  keyOf,
  type Lift,
  type Revocation,
  type RevocationKey,
  sequence,
  type TokenFacts,
  type Verdict,
} from '@revocast/core';
import { ISSUER } from './signing.js';

const HASH = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';

const KEYS: readonly RevocationKey[] = [
  { scope: 'token', jti: 'token-1' },
  { scope: 'token', signingInputHash: HASH },
  { scope: 'session', sid: 'session-1' },
  { scope: 'subject', sub: 'Zoë 😀' },
  { scope: 'client', clientId: 'app' },
  { scope: 'grant', sub: 'a', clientId: 'b.c' },
  { scope: 'grant', sub: 'a.b', clientId: 'c' },
  { scope: 'device', deviceId: 'phone' },
  { scope: 'issuer' },
  { scope: 'key', kid: 'k-1' },
  { scope: 'key', thumbprint: HASH },
];

export const keyVectors = (): unknown => ({
  cases: KEYS.map((key) => ({ issuer: ISSUER, key, text: keyOf(ISSUER, key) })),
});

const EVENTS = [
  [1764000000000, 0],
  [1764000000999, 0],
  [1764000001000, 0],
  [1764000000123, 5],
  [1764000000123, 0.5],
  [0, 0],
] as const;
const NOW = epochMs(1764000000123);
const FUTURES = [
  [1764000061, 60, 0],
  [1764000062, 60, 0],
  [1764000066, 60, 5],
  [1764000067, 60, 5],
  [1764000001, 0, 0],
  [1764000001.5, 0, 0],
] as const;

export const cutoffVectors = (): unknown => ({
  ofEvents: EVENTS.map(([at, leadSeconds]) => ({ at, leadSeconds, cutoff: cutoffForEvent(epochMs(at), leadSeconds) })),
  inFuture: FUTURES.map(([issuedBefore, clockSkewSeconds, leadSeconds]) => ({
    issuedBefore,
    now: NOW,
    clockSkewSeconds,
    leadSeconds,
    refused: isCutoffInFuture(epochSeconds(issuedBefore), NOW, { clockSkewSeconds, leadSeconds }),
  })),
});

/** Facts of a token, as JSON can say them. */
type Token = Omit<TokenFacts, 'signingInputHash' | 'keyMemo' | 'cutoffTime'> & {
  readonly cutoffTime?: number;
  readonly signingInputHash: string;
};

interface Case {
  readonly about: string;
  readonly revocations?: readonly Revocation[];
  readonly lifts?: readonly Lift[];
  readonly token?: Token;
  readonly now?: number;
  readonly cutoffClaim?: CutoffClaim;
  readonly freshness?: Freshness;
}

const T = 1764000000;
const TOKEN: Token = {
  issuer: ISSUER,
  issuedAt: epochSeconds(T),
  expiresAt: epochSeconds(T + 300),
  cutoffTime: T,
  jti: 'token-1',
  sid: 'session-1',
  sub: 'alice',
  clientId: 'app',
  deviceId: 'phone',
  kid: 'k-1',
  thumbprint: HASH,
  signingInputHash: HASH,
};
const FRESH: Freshness = { fresh: true, watermark: sequence(42), stalenessMs: 3 };
const STALE: Freshness = { fresh: false, because: 'stale', everCurrent: true };
const before = (seconds: number): Effect => ({ kind: 'issuedBefore', issuedBefore: epochSeconds(seconds) });
const ALWAYS: Effect = { kind: 'always' };

const one = (id: string, key: RevocationKey, effect: Effect, retain: number | 'lifted' = T + 600): Revocation => ({
  id,
  issuer: ISSUER,
  key,
  effect,
  retainUntil: retain === 'lifted' ? retain : epochSeconds(retain),
});
const ALICE: RevocationKey = { scope: 'subject', sub: 'alice' };
const SESSION: RevocationKey = { scope: 'session', sid: 'session-1' };
const lift = (id: string): Lift => ({ id, retainUntil: epochSeconds(T + 600) });
const without = (...names: readonly (keyof Token)[]): Token =>
  Object.fromEntries(
    Object.entries(TOKEN).filter(([name]) => !names.includes(name as keyof Token)),
  ) as unknown as Token;
const everyScope: readonly RevocationKey[] = [
  { scope: 'token', jti: 'token-1' },
  { scope: 'token', signingInputHash: HASH },
  SESSION,
  ALICE,
  { scope: 'client', clientId: 'app' },
  { scope: 'grant', sub: 'alice', clientId: 'app' },
  { scope: 'device', deviceId: 'phone' },
  { scope: 'issuer' },
  { scope: 'key', kid: 'k-1' },
  { scope: 'key', thumbprint: HASH },
];
const effectOf = ({ scope }: RevocationKey): Effect =>
  scope === 'token' || scope === 'session' || scope === 'key' ? ALWAYS : before(T + 1);

const HITS: readonly Case[] = [
  { about: 'nothing is revoked' },
  ...everyScope.map((key) => ({
    about: `revoked by ${Object.keys(key).join(' ')}: ${key.scope}`,
    revocations: [one('r', key, effectOf(key))],
  })),
  ...everyScope.slice(0, 9).map((key, at) => ({
    about: `of two hits the narrower names the verdict: ${key.scope} ${String(at)}`,
    revocations: everyScope.slice(at, at + 2).map((each, index) => one(`r${String(index)}`, each, effectOf(each))),
  })),
  { about: 'a cut-off is exclusive', revocations: [one('r', ALICE, before(T))] },
  { about: 'half a second counts', revocations: [one('r', ALICE, before(T + 0.5))] },
  {
    about: 'a token without the time is hit',
    revocations: [one('r', ALICE, before(1))],
    token: without('cutoffTime'),
  },
  { about: 'a token without the claim is not hit', revocations: [one('r', SESSION, ALWAYS)], token: without('sid') },
  {
    about: 'a grant needs both claims',
    revocations: [one('r', { scope: 'grant', sub: 'alice', clientId: 'app' }, before(T + 1))],
    token: without('clientId'),
  },
  {
    about: 'another issuer is another key',
    revocations: [one('r', ALICE, before(T + 1))],
    token: { ...TOKEN, issuer: 'https://other.example' },
  },
  { about: 'suspended, whatever the times', revocations: [one('r', ALICE, { kind: 'suspended' }, 'lifted')] },
];

const ENDS: readonly Case[] = [
  { about: 'a millisecond before its end', revocations: [one('r', SESSION, ALWAYS)], now: (T + 600) * 1000 - 1 },
  { about: 'at its end', revocations: [one('r', SESSION, ALWAYS)], now: (T + 600) * 1000 },
  { about: 'lifted', revocations: [one('r', SESSION, ALWAYS)], lifts: [lift('r')] },
  { about: 'a lift of another', revocations: [one('r', SESSION, ALWAYS)], lifts: [lift('s')] },
  {
    about: 'one of two is lifted',
    revocations: [one('r', SESSION, ALWAYS), one('s', SESSION, ALWAYS)],
    lifts: [lift('r')],
  },
  {
    about: 'what supersedes does not end the other one by itself',
    revocations: [one('r', ALICE, before(T + 9)), { ...one('s', ALICE, before(T)), supersedes: ['r'] }],
  },
  {
    about: 'the farthest reaching names the hit',
    revocations: [one('a', ALICE, before(T + 1)), one('z', ALICE, before(T + 9))],
  },
  { about: 'then the lesser id', revocations: [one('b', SESSION, ALWAYS), one('a', SESSION, ALWAYS)] },
];

const LOGINS: readonly Case[] = [
  { about: 'a new login helps', revocations: [one('r', ALICE, before(T + 1))], cutoffClaim: 'auth_time' },
  {
    about: 'a new login does not help where something else hits',
    revocations: [
      one('r', ALICE, before(T + 1)),
      one('s', { scope: 'device', deviceId: 'phone' }, { kind: 'suspended' }),
    ],
    cutoffClaim: 'auth_time',
  },
  {
    about: 'a new login does not help who is suspended, too',
    revocations: [one('r', ALICE, before(T + 1)), one('s', ALICE, { kind: 'suspended' }, 'lifted')],
    cutoffClaim: 'auth_time',
  },
];

/** Of the verdicts that have waves. */
const HASH_KEY = '000102030405060708090a0b0c0d0e0f';

const APP: RevocationKey = { scope: 'client', clientId: 'app' };
const ALL: RevocationKey = { scope: 'issuer' };
const except = (...exceptClients: readonly string[]): Condition => ({ exceptClients });
const spread = (from: number, until: number): Condition => ({
  spread: { from: epochSeconds(from), until: epochSeconds(until) },
});
const wide = (id: string, condition: Condition | undefined, key: RevocationKey = ALL): Revocation => ({
  ...one(id, key, before(T + 1)),
  ...(condition && { condition }),
});
const WAVES = spread(T, T + 100);
const inWaves = (about: string, parts: Partial<Case> & { readonly revocations: readonly Revocation[] }): Case => ({
  about,
  ...parts,
});

/** When the wave of each of these subjects comes, to the millisecond before it and to it. */
const SUBJECTS = ['alice', 'bob', 'Zoë 😀', 'x'.repeat(300)];
const waveMs = (id: string, sub: string): number =>
  Math.ceil(T * 1000 + (createWave(Buffer.from(HASH_KEY, 'hex'))(id, ISSUER, sub) / 2 ** 32) * 100_000);

const CONDITIONS: readonly Case[] = [
  { about: 'an excepted client is let off', revocations: [wide('r', except('batch', 'app'))] },
  { about: 'another client is not', revocations: [wide('r', except('batch'))] },
  { about: 'clients are compared byte for byte', revocations: [wide('r', except('App'))] },
  {
    about: 'a token without a client is excepted by nobody',
    revocations: [wide('r', except('app'))],
    token: without('clientId'),
  },
  {
    about: 'by the key that signed',
    revocations: [{ ...one('r', { scope: 'key', kid: 'k-1' }, ALWAYS), condition: except('app') }],
  },
  {
    about: 'who is let off may be hit by the next entry of the key, which then names the hit',
    revocations: [{ ...one('a', ALL, before(T + 9)), condition: except('app') }, wide('b', undefined)],
  },
  {
    about: 'who is let off may be hit by another scope',
    revocations: [wide('r', except('app')), one('s', SESSION, ALWAYS)],
  },
  {
    about: 'two exceptions let off only whom both let off',
    revocations: [wide('r', except('app')), wide('s', except('batch'))],
  },
  { about: 'a record without the condition ends it', revocations: [wide('r', except('app')), wide('r', undefined)] },
  { about: 'also one that came before', revocations: [wide('r', undefined), wide('r', except('app'))] },
  {
    about: 'a lift takes back both',
    revocations: [wide('r', except('app')), wide('r', undefined)],
    lifts: [lift('r')],
  },
  ...SUBJECTS.flatMap((sub) => [
    inWaves(`a millisecond before the wave of ${sub.slice(0, 9)}`, {
      ...{ revocations: [wide('r', WAVES)], token: { ...TOKEN, sub }, now: waveMs('r', sub) - 1 },
    }),
    inWaves(`in the wave of ${sub.slice(0, 9)}`, {
      ...{ revocations: [wide('r', WAVES)], token: { ...TOKEN, sub }, now: waveMs('r', sub) },
    }),
  ]),
  inWaves('another revocation has other waves', { revocations: [wide('s', WAVES, APP)], now: waveMs('r', 'alice') }),
  inWaves('a token without a subject is hit at once', {
    ...{ revocations: [wide('r', spread(T + 50, T + 100))], token: without('sub') },
  }),
  inWaves('a clock before the first wave', { revocations: [wide('r', spread(T + 50, T + 100))] }),
  inWaves('at the end of the waves', { revocations: [wide('r', spread(T - 100, T + 5))] }),
  inWaves('the record that ends the waves reaches a clock that is behind', {
    revocations: [wide('r', spread(T + 50, T + 100)), wide('r', undefined)],
  }),
];

const REASONS = ['neverCurrent', 'stale', 'failed', 'issuerUnreadable', 'issuerSettings'] as const;
const FRESHNESS: readonly Case[] = [
  ...REASONS.map((because) => ({
    about: `unknown: ${because}`,
    freshness: { fresh: false, because, everCurrent: because !== 'neverCurrent' } as const,
  })),
  { about: 'a hit stands when stale', revocations: [one('r', SESSION, ALWAYS)], freshness: STALE },
  {
    about: 'what has ended leaves staleness',
    revocations: [one('r', SESSION, ALWAYS)],
    freshness: STALE,
    now: (T + 600) * 1000,
  },
];

const verdictOf = ({ revocations, lifts, token, now, cutoffClaim, freshness }: Required<Case>): Verdict => {
  const index = createIndex({ hashKey: Buffer.from(HASH_KEY, 'hex'), capacity: 64 });
  for (const revocation of revocations) index.apply(revocation);
  for (const each of lifts) index.lift(each);
  const { cutoffTime, signingInputHash, ...rest } = token;
  const facts: TokenFacts = {
    ...rest,
    cutoffTime: cutoffTime === undefined ? undefined : epochSeconds(cutoffTime),
    signingInputHash: () => signingInputHash,
  };
  const find = () => index.find(facts, epochMs(now), cutoffClaim);
  return decide({ find, freshness: () => freshness }, facts, 1000);
};

export const verdictVectors = (): unknown => ({
  hashKey: HASH_KEY,
  cases: [...HITS, ...ENDS, ...LOGINS, ...CONDITIONS, ...FRESHNESS].map((given) => {
    const whole: Required<Case> = {
      revocations: [],
      lifts: [],
      token: TOKEN,
      now: T * 1000 + 5_000,
      cutoffClaim: 'iat',
      freshness: FRESH,
      ...given,
    };
    return { ...whole, verdict: verdictOf(whole) };
  }),
});
