import { describe, expect, it } from '@jest/globals';
import { anIssuer } from '@revocast/testing';
import { type IssuerSettings } from './issuer-settings.js';
import { parseKey } from './key.js';
import { SCOPES } from './scope.js';
import { enforceableScopes, isEnforceable, settingsDigest, settingsWeaknesses } from './settings.js';

const changes: readonly (readonly [string, Partial<IssuerSettings>])[] = [
  ['issuer', { issuer: 'https://other.example' }],
  ['maxLifetimeSeconds', { maxLifetimeSeconds: 86_401 }],
  ['sessionMaxSeconds', { sessionMaxSeconds: 1 }],
  ['clockSkewSeconds', { clockSkewSeconds: 61 }],
  ['cutoffClaim', { cutoffClaim: 'auth_time' }],
  ['issuedAtOffsetSeconds', { issuedAtOffsetSeconds: 300 }],
  ['leadSeconds', { leadSeconds: 5 }],
  ['claims', { claims: { session: ['sid'] } }],
  ['the order of claims', { claims: { ...anIssuer().claims, client: ['azp', 'client_id'] } }],
  ['require', { require: ['sid'] }],
];

describe('the digest of settings', () => {
  it.each(changes)('differs when %s differs', (_what, parts) => {
    expect(settingsDigest(anIssuer(parts))).not.toBe(settingsDigest(anIssuer()));
  });

  it('is the same for settings that mean the same', () => {
    const settings = anIssuer({ require: ['sid', 'jti'] });
    const reordered = Object.fromEntries(Object.entries(settings).reverse()) as unknown as IssuerSettings;
    expect(settingsDigest({ ...reordered, require: ['jti', 'sid', 'jti'] })).toBe(settingsDigest(settings));
    const unmapped = anIssuer({ claims: { session: ['sid'], device: [] } });
    expect(settingsDigest(unmapped)).toBe(settingsDigest(anIssuer({ claims: { session: ['sid'] } })));
  });

  it('stays what it is over versions: nodes and service are upgraded one by one', () => {
    expect(settingsDigest(anIssuer())).toBe('b1f8ee88a12d73e8806ba806ad4447d6');
  });
});

describe('weaker settings', () => {
  it('are none when both are the same, or the node is stricter throughout', () => {
    expect(settingsWeaknesses(anIssuer(), anIssuer())).toEqual([]);
    const stricter = anIssuer({
      ...{ maxLifetimeSeconds: 60, sessionMaxSeconds: 60, clockSkewSeconds: 0, issuedAtOffsetSeconds: -1 },
      ...{ cutoffClaim: 'auth_time' as const, require: ['sid'] },
    });
    expect(settingsWeaknesses(stricter, anIssuer())).toEqual([]);
    expect(settingsWeaknesses(anIssuer(), anIssuer({ claims: { session: ['sid'] } }))).toEqual([]);
  });

  it.each<[string, Partial<IssuerSettings>, Partial<IssuerSettings>]>([
    ['issuer', { issuer: 'https://other.example' }, {}],
    ['maxLifetimeSeconds', { maxLifetimeSeconds: 86_401 }, {}],
    ['sessionMaxSeconds', { sessionMaxSeconds: 2_592_001 }, {}],
    ['clockSkewSeconds', { clockSkewSeconds: 61 }, {}],
    ['issuedAtOffsetSeconds', { issuedAtOffsetSeconds: 1 }, {}],
    ['leadSeconds', { leadSeconds: 1 }, {}],
    ['cutoffClaim', {}, { cutoffClaim: 'auth_time' }],
    ['claims.device', { claims: { ...anIssuer().claims, device: ['did'] } }, {}],
    ['claims.client', { claims: { ...anIssuer().claims, client: ['azp', 'client_id'] } }, {}],
    ['require', { require: ['jti'] }, { require: ['sid'] }],
  ])('are named: %s', (name, mine, declared) => {
    expect(settingsWeaknesses(anIssuer(mine), anIssuer(declared))).toEqual([name]);
  });

  it('are all named at once', () => {
    const mine = anIssuer({ maxLifetimeSeconds: 86_401, claims: {} });
    expect(settingsWeaknesses(mine, anIssuer())).toEqual([
      ...['maxLifetimeSeconds', 'claims.tokenId', 'claims.session', 'claims.subject', 'claims.client', 'claims.device'],
    ]);
  });
});

describe('enforceable scopes', () => {
  it('are all when all claims are mapped', () => {
    expect(enforceableScopes(anIssuer())).toEqual([...SCOPES]);
  });

  it('are those that need no claim when none is mapped', () => {
    expect(enforceableScopes(anIssuer({ claims: { subject: [] } }))).toEqual(['token', 'issuer', 'key']);
  });

  it('have a grant only with both of its claims', () => {
    expect(enforceableScopes(anIssuer({ claims: { subject: ['sub'] } }))).not.toContain('grant');
    expect(enforceableScopes(anIssuer({ claims: { subject: ['sub'], client: ['azp'] } }))).toContain('grant');
  });

  it('tell a token named by jti from one named by its signing input', () => {
    const settings = anIssuer({ claims: {} });
    const signingInputHash = 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg';
    expect(isEnforceable(settings, parseKey('token', { jti: 'j' }))).toBe(false);
    expect(isEnforceable(settings, parseKey('token', { signingInputHash }))).toBe(true);
    expect(isEnforceable(anIssuer(), parseKey('token', { jti: 'j' }))).toBe(true);
  });
});
