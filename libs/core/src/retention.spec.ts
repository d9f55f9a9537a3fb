import { describe, expect, it } from '@jest/globals';
import { anIssuer } from '@revocast/testing';
import fc from 'fast-check';
import { cutoffForEvent } from './cut-off.js';
import { type IssuerSettings } from './issuer-settings.js';
import { isSpent, type Retention, retainUntil, type RetentionInput, tombstoneRetainUntil } from './retention.js';
import { type Effect } from './revocation.js';
import { type EpochMs, epochMs, epochSeconds } from './units.js';

const BASE = 1_790_000_000;
const NOW = epochMs(BASE * 1000);
const DAY = 86_400;

/** A token that the revocation hits, as its issuer makes it, and when a gate is asked about it. */
interface Case {
  readonly input: RetentionInput;
  readonly iat: number;
  readonly exp: number;
  readonly at: EpochMs;
}

const accepts = ({ clockSkewSeconds, maxLifetimeSeconds }: IssuerSettings, { iat, exp, at }: Case): boolean =>
  Math.floor(at / 1000) < exp + clockSkewSeconds &&
  iat <= at / 1000 + clockSkewSeconds &&
  exp - iat <= maxLifetimeSeconds;

/** Whether a gate accepts the token at a time when its revocation has ended already. */
const outlives = (retention: Retention, one: Case): boolean =>
  accepts(one.input.settings, one) && retention !== 'lifted' && one.at / 1000 >= retention;

const someSettings: fc.Arbitrary<IssuerSettings> = fc
  .record({
    maxLifetimeSeconds: fc.integer({ min: 1, max: 9 }),
    sessionMaxSeconds: fc.integer({ min: 0, max: 30 }),
    clockSkewSeconds: fc.integer({ min: 0, max: 4 }),
    cutoffClaim: fc.constantFrom('iat' as const, 'auth_time' as const),
    issuedAtOffsetSeconds: fc.integer({ min: -3, max: 3 }),
    leadSeconds: fc.integer({ min: 0, max: 6 }),
  })
  .map(anIssuer);

/** Mostly nothing, so that limits are met exactly; halves, since NumericDates may have fractions. */
const slack = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 20 }).map((halves) => halves / 2),
);

type Kind = 'cutoff' | 'session' | 'token' | 'verifiedToken';

const aCase = (kind: Kind): fc.Arbitrary<Case> =>
  fc
    .record({
      settings: someSettings,
      ...{ slacks: fc.tuple(slack, slack, slack), nowMs: fc.nat(1999) },
      // Around the last moment at which the gate accepts the token.
      atOffsetMs: fc.constantFrom(-2000, -1001, -1000, -999, -1, 0, 500, 999),
    })
    .map(({ settings, slacks: [early, late, short], nowMs, atOffsetMs }) => {
      const now = epochMs(NOW + nowMs);
      const ahead = now / 1000 + Math.max(settings.clockSkewSeconds, settings.leadSeconds);
      const cutoff = cutoffForEvent(now, settings.leadSeconds);
      const byAuthTime = settings.cutoffClaim === 'auth_time';
      // The latest session, and in it the latest token, that this revocation must still hit.
      const lastStart = kind === 'cutoff' ? cutoff - 0.5 - (byAuthTime ? 0 : settings.issuedAtOffsetSeconds) : ahead;
      const sessionStart = lastStart - early;
      const isRefreshed = kind === 'session' || (kind === 'cutoff' && byAuthTime);
      const iat = sessionStart + (isRefreshed ? Math.max(0, settings.sessionMaxSeconds - late) : 0);
      const exp = iat + Math.max(0, settings.maxLifetimeSeconds - short);
      return {
        input: inputFor(kind, settings, now, cutoff, exp),
        iat,
        exp,
        at: epochMs(Math.ceil(exp + settings.clockSkewSeconds) * 1000 + atOffsetMs),
      };
    });

const inputFor = (kind: Kind, settings: IssuerSettings, now: EpochMs, cutoff: number, exp: number): RetentionInput => {
  const effect: Effect =
    kind === 'cutoff' ? { kind: 'issuedBefore', issuedBefore: epochSeconds(cutoff) } : { kind: 'always' };
  const scope = kind === 'cutoff' ? 'subject' : kind === 'session' ? 'session' : 'token';
  return { scope, effect, settings, now, ...(kind === 'verifiedToken' && { tokenExpiresAt: epochSeconds(exp) }) };
};

const KINDS: readonly Kind[] = ['cutoff', 'session', 'token', 'verifiedToken'];
const anyCase = fc.oneof(...KINDS.map(aCase));

type Retain = typeof retainUntil;
const isSound =
  (retain: Retain) =>
  (one: Case): boolean =>
    !outlives(retain(one.input), one);

describe('retention', () => {
  it('ends when no gate can accept a token any more that the revocation hits (D8)', () => {
    fc.assert(fc.property(anyCase, isSound(retainUntil)), { numRuns: 5000 });
  });

  const withSettings =
    (parts: (settings: IssuerSettings) => Partial<IssuerSettings>): Retain =>
    (input) =>
      retainUntil({ ...input, settings: { ...input.settings, ...parts(input.settings) } });
  it.each<[string, Retain]>([
    ['ends a second early', (input) => epochSeconds((retainUntil(input) as number) - 1)],
    ['leaves out the skew', withSettings(() => ({ clockSkewSeconds: 0, leadSeconds: 0 }))],
    ['leaves out the lead', withSettings(() => ({ leadSeconds: 0 }))],
    ['leaves out the longest lifetime', withSettings(() => ({ maxLifetimeSeconds: 0 }))],
    ['leaves out the longest session', withSettings(() => ({ sessionMaxSeconds: 0 }))],
    ['takes auth_time for iat', withSettings(() => ({ cutoffClaim: 'iat' }))],
    ['leaves out a negative offset', withSettings(() => ({ issuedAtOffsetSeconds: 0 }))],
    [
      'believes an expiry that was not verified',
      (input) => retainUntil({ ...input, tokenExpiresAt: epochSeconds(BASE) }),
    ],
  ])('is found out if it %s', (_what, retain) => {
    expect(fc.check(fc.property(anyCase, isSound(retain)), { numRuns: 5000, endOnFailure: true }).failed).toBe(true);
  });

  const settings = anIssuer({ maxLifetimeSeconds: DAY, clockSkewSeconds: 60, sessionMaxSeconds: 30 * DAY });
  const cutoff: Effect = { kind: 'issuedBefore', issuedBefore: epochSeconds(BASE + 1) };

  it('of a cut-off is the cut-off, the longest lifetime and the skew', () => {
    expect(retainUntil({ scope: 'device', effect: cutoff, settings, now: NOW })).toBe(BASE + 1 + DAY + 60);
  });

  it('of a cut-off on auth_time also has the longest session, since refreshed tokens are hit', () => {
    const byAuthTime = { ...settings, cutoffClaim: 'auth_time' as const };
    expect(retainUntil({ scope: 'subject', effect: cutoff, settings: byAuthTime, now: NOW })).toBe(
      BASE + 1 + 31 * DAY + 60,
    );
  });

  it('of a verified token is its expiry and the skew, in whole seconds', () => {
    const tokenExpiresAt = epochSeconds(BASE + 100.25);
    const input: RetentionInput = { scope: 'token', effect: { kind: 'always' }, settings, now: NOW, tokenExpiresAt };
    expect(retainUntil(input)).toBe(BASE + 161);
  });

  it.each<[string, RetentionInput['scope'], Effect]>([
    ['a key, whose thief forges every time', 'key', { kind: 'always' }],
    ['a suspended account', 'subject', { kind: 'suspended' }],
    ['a suspended session', 'session', { kind: 'suspended' }],
  ])('of %s ends with the lift alone', (_what, scope, effect) => {
    expect(retainUntil({ scope, effect, settings, now: NOW, tokenExpiresAt: epochSeconds(BASE) })).toBe('lifted');
  });

  it.each<[RetentionInput['scope'], Effect]>([
    ['key', cutoff],
    ['token', cutoff],
    ['session', cutoff],
    ['subject', { kind: 'always' }],
    ['issuer', { kind: 'always' }],
  ])('does not exist for scope %s with effect %j', (scope, effect) => {
    expect(() => retainUntil({ scope, effect, settings, now: NOW })).toThrow(
      expect.objectContaining({ code: 'ERR_REVOCATION_INVALID' }),
    );
  });

  it('does not overflow with lifetimes of years (D9)', () => {
    const long = { ...settings, maxLifetimeSeconds: 10 * 365 * DAY };
    expect(retainUntil({ scope: 'client', effect: cutoff, settings: long, now: NOW })).toBe(BASE + 61 + 3650 * DAY);
  });

  it('is spent in the very second of its end: a useless cut-off is told apart (D2)', () => {
    expect(isSpent(epochSeconds(BASE), epochMs(NOW - 1))).toBe(false);
    expect(isSpent(epochSeconds(BASE), NOW)).toBe(true);
    expect(isSpent('lifted', NOW)).toBe(false);
    const old: Effect = { kind: 'issuedBefore', issuedBefore: epochSeconds(BASE - DAY - 61) };
    expect(isSpent(retainUntil({ scope: 'subject', effect: old, settings, now: NOW }), NOW)).toBe(true);
  });
});

describe('the retention of a tombstone', () => {
  it('is that of its revocation, which hits nothing afterwards wherever it comes from', () => {
    expect(tombstoneRetainUntil({ retainUntil: epochSeconds(BASE + 5), now: NOW, logMaxAgeSeconds: 90 * DAY })).toBe(
      BASE + 5,
    );
  });

  it('is longer than the log keeps the last record of a revocation without an end (D8)', () => {
    const end = tombstoneRetainUntil({ retainUntil: 'lifted', now: NOW, logMaxAgeSeconds: 90 * DAY });
    expect(end).toBeGreaterThan(BASE + 90 * DAY + 120);
  });
});
