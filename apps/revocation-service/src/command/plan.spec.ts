import { describe, expect, it } from '@jest/globals';
import { epochMs, epochSeconds } from '@revocast/core';
import { type IssuerInput, parseIssuers } from '@revocast/gate';
import { revocationCommandSchema } from './command-schema.js';
import { IssuerRegistry, type KnownIssuer } from './issuer-registry.js';
import { type PlannedRevocation, planRevocations } from './plan.js';

const ISSUER = 'https://login.example';
const NOW = epochMs(Date.UTC(2026, 10, 21, 12, 0, 0, 500));
const NOW_SECONDS = Math.floor(NOW / 1000);
const [L, SKEW, SESSION] = [3_600, 60, 86_400];

const issuerWith = (more: Partial<IssuerInput> = {}): KnownIssuer => {
  const input = {
    issuer: ISSUER,
    audience: false,
    maxLifetimeSeconds: L,
    clockSkewSeconds: SKEW,
    sessionMaxSeconds: SESSION,
    ...more,
  };
  return new IssuerRegistry(parseIssuers([input])).get(ISSUER);
};
const plan = (command: object, issuer = issuerWith()): readonly PlannedRevocation[] => {
  const parsed = revocationCommandSchema.parse({ issuer: ISSUER, ...command });
  return planRevocations({ command: parsed, issuer, token: undefined, now: NOW });
};

describe('A command', () => {
  it('without a time cuts off after the present second, and lives as long as a token it hits', () => {
    const issuedBefore = NOW_SECONDS + 1;
    expect(plan({ scope: 'subject', sub: 'alice' })).toEqual([
      {
        issuer: ISSUER,
        key: { scope: 'subject', sub: 'alice' },
        effect: { kind: 'issuedBefore', issuedBefore },
        retainUntil: issuedBefore + L + SKEW,
        moot: false,
      },
    ]);
  });

  it('adds the lead of an issuer whose clock runs ahead to the time of an event, and not to a literal cut-off', () => {
    const issuer = issuerWith({ leadSeconds: 5 });
    const at = NOW_SECONDS - 10;
    expect(plan({ scope: 'subject', sub: 'a', at }, issuer)[0]?.effect).toMatchObject({ issuedBefore: at + 1 + 5 });
    expect(plan({ scope: 'subject', sub: 'a', issuedBefore: at }, issuer)[0]?.effect).toMatchObject({
      issuedBefore: at,
    });
  });

  it('of one session or one token has no cut-off', () => {
    expect(plan({ scope: 'session', sid: 's' })[0]?.effect).toEqual({ kind: 'always' });
    expect(plan({ scope: 'token', jti: 't' })[0]).toMatchObject({ effect: { kind: 'always' }, moot: false });
  });

  it('of a key holds until it is lifted: a stolen key forges every time', () => {
    const issuer = issuerWith({ discovery: true });
    expect(plan({ scope: 'key', kid: 'k' }, issuer)[0]).toMatchObject({
      effect: { kind: 'always' },
      retainUntil: 'lifted',
    });
  });

  it('with until suspends; with until and a time it also cuts off', () => {
    expect(plan({ scope: 'subject', sub: 'a', until: 'lifted' }).map(({ effect }) => effect.kind)).toEqual([
      'suspended',
    ]);
    const both = plan({ scope: 'subject', sub: 'a', until: 'lifted', at: NOW_SECONDS });
    expect(both.map(({ effect }) => effect.kind)).toEqual(['suspended', 'issuedBefore']);
  });

  it('is moot from the very second in which the last token it hits has ended', () => {
    const issuedBefore = NOW_SECONDS - L - SKEW;
    expect(plan({ scope: 'client', clientId: 'c', issuedBefore })[0]?.moot).toBe(true);
    expect(plan({ scope: 'client', clientId: 'c', issuedBefore: issuedBefore + 1 })[0]?.moot).toBe(false);
  });

  it('is not moot that early where the cut-off is compared with auth_time: sessions go on issuing tokens', () => {
    const issuer = issuerWith({ cutoffClaim: 'auth_time' });
    const issuedBefore = NOW_SECONDS - L - SKEW;
    expect(plan({ scope: 'subject', sub: 'a', issuedBefore }, issuer)[0]?.moot).toBe(false);
  });

  it('with an unverified expiry is kept longer, never shorter, and never for ever', () => {
    const until = (expiresAt: number): unknown => plan({ scope: 'token', jti: 't', expiresAt })[0]?.retainUntil;
    const [unverified] = plan({ scope: 'token', jti: 't' });
    expect(until(NOW_SECONDS - 1_000)).toBe(unverified?.retainUntil);
    expect(until(NOW_SECONDS + 10_000)).toBe(NOW_SECONDS + 10_000 + SKEW);
    expect(until(8e12)).toBe(Math.ceil(NOW / 1000 + SESSION + L + SKEW));
  });

  it('with the verified expiry of its token is kept exactly as long as that', () => {
    const key = { scope: 'token', jti: 't' } as const;
    const command = revocationCommandSchema.parse({ issuer: ISSUER, scope: 'token', token: 'x' });
    const token = { key, expiresAt: epochSeconds(NOW_SECONDS + 5) };
    expect(planRevocations({ command, issuer: issuerWith(), token, now: NOW })[0]).toMatchObject({
      key,
      retainUntil: NOW_SECONDS + 5 + SKEW,
    });
  });

  it.each([
    ['at', { scope: 'subject', sub: 'a', at: NOW_SECONDS + SKEW + 1 }],
    ['issuedBefore', { scope: 'subject', sub: 'a', issuedBefore: NOW_SECONDS + SKEW + 10 }],
    ['at of a session', { scope: 'session', sid: 's', at: NOW_SECONDS + SKEW + 1 }],
  ])('D2: with %s in the future is refused', (_, command) => {
    expect(() => plan(command)).toThrow(expect.objectContaining({ code: 'ERR_CUTOFF_IN_FUTURE' }));
  });

  it.each<readonly [string, object, Partial<IssuerInput>]>([
    ['by a session that the issuer does not name', { scope: 'session', sid: 's' }, { claims: { session: [] } }],
    ['by a jti that the issuer does not give', { scope: 'token', jti: 't' }, { claims: { tokenId: [] } }],
    ['by a sub that differs from app to app', { scope: 'subject', sub: 's' }, { pairwise: true }],
    ['by such a sub within one app', { scope: 'grant', sub: 's', clientId: 'c' }, { pairwise: true }],
    ['by the key of a shared secret', { scope: 'key', kid: 'k' }, { secret: 'x'.repeat(32), algorithms: ['HS256'] }],
  ])('%s is refused, since it could hit nothing or not all', (_, command, issuer) => {
    expect(() => plan(command, issuerWith(issuer))).toThrow(
      expect.objectContaining({ code: 'ERR_SCOPE_UNENFORCEABLE' }),
    );
  });

  it('by a stable claim is taken although sub is pairwise', () => {
    const issuer = issuerWith({ pairwise: true, claims: { subject: 'oid' } });
    expect(plan({ scope: 'subject', sub: 'oid-1' }, issuer)).toHaveLength(1);
  });

  it('with exceptions carries them, in both revocations of a deactivation', () => {
    const made = plan({ scope: 'issuer', until: 'lifted', at: NOW_SECONDS, exceptClients: ['b', 'a'] });
    expect(made.map(({ condition }) => condition)).toEqual([
      { exceptClients: ['a', 'b'] },
      { exceptClients: ['a', 'b'] },
    ]);
  });

  it('with waves says when they begin and end, and is kept until their end can be proven', () => {
    const [one] = plan({ scope: 'issuer', spread: '10h' });
    const until = NOW_SECONDS + 36_000;
    expect(one).toMatchObject({ condition: { spread: { from: NOW_SECONDS, until } }, retainUntil: until + 3_600 });
    expect(plan({ scope: 'issuer', spread: '1m' })[0]?.retainUntil).toBe(NOW_SECONDS + 1 + L + SKEW);
  });

  it.each([
    [{ exceptClients: ['batch'] }, { client: [] }],
    [{ spread: '10m' }, { subject: [] }],
  ])('that would spare nobody, for want of a claim, is refused: %j', (command, claims) => {
    expect(() => plan({ scope: 'issuer', ...command }, issuerWith({ claims }))).toThrow(
      expect.objectContaining({ code: 'ERR_SCOPE_UNENFORCEABLE' }),
    );
  });
});
