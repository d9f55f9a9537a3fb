import { decide, epochSeconds, sequence, createIndex, type RevocationKey, type RevocationSource } from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import { describe, expect, it } from '@jest/globals';
import { signingKey } from '../test/signing.js';
import { createGate, type GateOptions } from './gate.js';
import { parseIssuers } from './issuers.js';

const ISSUER = 'https://issuer.example';
const time = new ManualTime();
const { jwk } = signingKey('ES256', { kid: 'kid-1', alg: 'ES256' });
const now = Math.floor(time.wall() / 1000);
const WHOLE = { iss: ISSUER, sub: 'alice', jti: 'jti-1', sid: 'sid-1', client_id: 'app', iat: now, exp: now + 600 };

interface Setting {
  readonly mode?: GateOptions['mode'];
  readonly require?: object;
  readonly fresh?: boolean;
}

function aGate({ mode = 'strict', require = {}, fresh = true }: Setting = {}) {
  const index = createIndex({ hashKey: new Uint8Array(16) });
  const source: RevocationSource = {
    find: (facts) => index.find(facts, time.wall(), 'iat'),
    freshness: () =>
      fresh
        ? { fresh: true, watermark: sequence(1), stalenessMs: 0 }
        : { fresh: false, because: 'stale', everCurrent: true },
  };
  const jwks = { keys: [jwk] };
  const issuers = parseIssuers([
    { issuer: ISSUER, audience: 'orders', jwks, require: { ...require }, claims: { session: 'sid' } },
  ]);
  const gate = createGate({ issuers, source, mode, clock: time });
  let ids = 0;
  const revoke = (key: RevocationKey, issuer = ISSUER): void =>
    index.apply({
      ...{ id: `revocation-${ids++}`, issuer, key, effect: { kind: 'always' } },
      retainUntil: epochSeconds(now + 3600),
    });
  return { gate, revoke, source };
}

const UNKNOWN = { outcome: 'refuse', status: 503, code: 'ERR_REVOCATION_UNKNOWN' };
const without = (...names: (keyof typeof WHOLE)[]): object =>
  Object.fromEntries(Object.entries(WHOLE).filter(([name]) => !(names as string[]).includes(name)));

describe('claims that another guard left', () => {
  it('are active when nothing hits them, and revoked by each of their keys', () => {
    const keys: RevocationKey[] = [
      { scope: 'token', jti: 'jti-1' },
      { scope: 'session', sid: 'sid-1' },
      { scope: 'subject', sub: 'alice' },
      { scope: 'issuer' },
    ];
    for (const key of keys) {
      const { gate, revoke } = aGate();
      expect(gate.checkClaims(WHOLE)).toMatchObject({ outcome: 'pass', verdict: { kind: 'active' } });
      revoke(key);
      expect(gate.checkClaims(WHOLE)).toMatchObject({ status: 401, code: 'ERR_TOKEN_REVOKED', scope: key.scope });
    }
  });

  const unreadable: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['text', 'alice'],
    ['what a validate() made of them', { userId: 'alice', username: 'alice' }],
    ['claims without an issuer', without('iss')],
    ['claims of an unknown issuer', { ...WHOLE, iss: 'https://else.example' }],
    ['claims without a time', without('iat')],
    ['claims without an end', without('exp')],
    ['a session that is no text', { ...WHOLE, sid: 7 }],
  ];
  it.each(unreadable)(
    'are unknown when they are %s, also by the last state, and pass where we observe',
    (_what, claims) => {
      expect(aGate().gate.checkClaims(claims)).toMatchObject(UNKNOWN);
      expect(aGate({ mode: 'bestEffort' }).gate.checkClaims(claims)).toMatchObject(UNKNOWN);
      const observed = aGate({ mode: 'observe' }).gate.checkClaims(claims);
      expect(observed).toEqual({
        outcome: 'pass',
        verdict: { kind: 'unknown', because: 'notCovered', everCurrent: false },
      });
    },
  );

  it('are refused once they have expired, whatever the other guard thinks of that', () => {
    const claims = { ...WHOLE, iat: now - 900, exp: now - 300 };
    expect(aGate().gate.checkClaims(claims)).toMatchObject({ status: 401, code: 'ERR_TOKEN_EXPIRED' });
  });

  it('are unknown while a key is revoked, since nobody saw which key signed them', () => {
    const { gate, revoke } = aGate();
    revoke({ scope: 'key', kid: 'key-1' });
    expect(gate.checkClaims(WHOLE, { whole: true })).toMatchObject(UNKNOWN);
    const stale = aGate({ mode: 'bestEffort', fresh: false });
    expect(stale.gate.checkClaims(WHOLE)).toMatchObject({ outcome: 'pass' });
    stale.revoke({ scope: 'key', thumbprint: 'x'.repeat(43) });
    expect(stale.gate.checkClaims(WHOLE)).toMatchObject(UNKNOWN);
  });

  it('are unknown without a jti while a token is revoked by its hash, and known with one', () => {
    const { gate, revoke } = aGate();
    revoke({ scope: 'token', signingInputHash: 'x'.repeat(43) });
    expect(gate.checkClaims(without('jti'), { whole: true })).toMatchObject(UNKNOWN);
    expect(gate.checkClaims(WHOLE)).toMatchObject({ outcome: 'pass' });
  });

  it('are unknown without a claim that a live revocation asks for, unless they are said to be whole', () => {
    const { gate, revoke } = aGate();
    const claims = without('sid');
    expect(gate.checkClaims(claims)).toMatchObject({ verdict: { kind: 'active' } });
    revoke({ scope: 'session', sid: 'sid-2' });
    expect(gate.checkClaims(claims)).toMatchObject(UNKNOWN);
    expect(gate.checkClaims(claims, { whole: true })).toMatchObject({ verdict: { kind: 'active' } });
    expect(gate.checkClaims(WHOLE)).toMatchObject({ verdict: { kind: 'active' } });
  });

  it('are as unknown when they are asked about again, for a live connection', () => {
    const { gate, revoke } = aGate();
    const answer = gate.checkClaims(without('sid'));
    if (answer.outcome === 'refuse' || answer.facts === undefined) throw new Error('was to pass');
    revoke({ scope: 'session', sid: 'sid-2' });
    expect(gate.recheck(answer.facts)).toMatchObject(UNKNOWN);
  });

  it('are revoked by what is seen, whatever is not', () => {
    const { gate, revoke } = aGate();
    revoke({ scope: 'key', kid: 'key-1' });
    revoke({ scope: 'subject', sub: 'alice' });
    expect(gate.checkClaims(without('sid', 'jti'))).toMatchObject({ code: 'ERR_TOKEN_REVOKED' });
  });

  it('a reading of missing claims as "not there" would be seen: the facts alone are active', () => {
    const { source, revoke, gate } = aGate();
    const answer = gate.checkClaims(without('sid'));
    if (answer.outcome === 'refuse' || answer.facts === undefined) throw new Error('was to pass');
    revoke({ scope: 'session', sid: 'sid-2' });
    // What the gate would say without decideSeen: this is the mutant that the cases above fail.
    expect(decide(source, { ...answer.facts }, 1_000)).toMatchObject({ kind: 'active' });
  });

  it('cover no key, and of the other scopes those whose claims are certain', () => {
    const scopesOf = (require: object, whole?: boolean) =>
      aGate({ require }).gate.coverage(whole === undefined ? {} : { whole })[0]?.scopes;
    // `sub` is required of every token unless the issuer says otherwise.
    expect(scopesOf({})).toEqual(['subject', 'issuer']);
    expect(scopesOf({ sid: true })).toEqual(['session', 'subject', 'issuer']);
    expect(scopesOf({}, true)).toEqual(['session', 'subject', 'client', 'grant', 'device', 'issuer']);
    expect(scopesOf({ jti: true }, true)).toContain('token');
    expect(aGate().gate.coverage()[0]?.scopes).toContain('key');
  });
});

describe('claims of an issuer that a pattern stands for', () => {
  const family = 'https://{tenant}.id.example';
  const acme = { ...WHOLE, iss: 'https://acme.id.example' };
  const aFamilyGate = (freshness: RevocationSource['freshness']) => {
    const index = createIndex({ hashKey: new Uint8Array(16) });
    const source: RevocationSource = { find: (facts) => index.find(facts, time.wall(), 'iat'), freshness };
    const pattern = { issuer: family, allow: { tenant: ['acme'] }, audience: 'orders', jwks: { keys: [jwk] } };
    return { index, gate: createGate({ issuers: parseIssuers([pattern]), source, mode: 'strict', clock: time }) };
  };
  const fresh = { fresh: true, watermark: sequence(1), stalenessMs: 0 } as const;

  it('are judged by their own issuer, under the name of the pattern', () => {
    const asked: unknown[] = [];
    const { index, gate } = aFamilyGate((...args) => {
      asked.push(args);
      return fresh;
    });
    expect(gate.checkClaims(acme)).toMatchObject({ outcome: 'pass', verdict: { kind: 'active' } });
    expect(asked).toEqual([[acme.iss, expect.any(Number), family]]);
    index.apply({
      ...{ id: 'r-1', issuer: acme.iss, key: { scope: 'subject', sub: 'alice' }, effect: { kind: 'always' } },
      retainUntil: epochSeconds(now + 3600),
    });
    expect(gate.checkClaims(acme)).toMatchObject({ status: 401, code: 'ERR_TOKEN_REVOKED' });
  });

  it.each(['https://other.id.example', 'https://acme.id.example.evil.example', family])(
    'are unknown where the pattern does not allow their issuer: %s',
    (iss) => {
      expect(aFamilyGate(() => fresh).gate.checkClaims({ ...WHOLE, iss })).toMatchObject(UNKNOWN);
    },
  );
});
