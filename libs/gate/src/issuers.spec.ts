import { describe, expect, it } from '@jest/globals';
import { RevocationError } from '@revocast/core';
import { signingKey } from '../test/signing.js';
import { ASYMMETRIC_ALGORITHMS, entra, issuersFrom, issuerSettings, nestJwt, parseIssuers } from './index.js';

const { jwk } = signingKey('ES256');
const good = { issuer: 'https://id.example', audience: 'orders', jwks: { keys: [jwk] } };

const problemsOf = (parse: () => unknown): readonly string[] => {
  try {
    parse();
  } catch (error) {
    if (error instanceof RevocationError && error.code === 'ERR_CONFIG') return error.message.split('\n');
    throw error;
  }
  return [];
};
const problems = (...issuers: readonly object[]): readonly string[] => problemsOf(() => parseIssuers(issuers));

describe('the settings of an issuer', () => {
  it('need little: the rest has defaults', () => {
    expect(parseIssuers([good])).toEqual([
      {
        issuer: 'https://id.example',
        aliases: [],
        keys: { kind: 'jwks', jwks: [jwk] },
        audience: ['orders'],
        algorithms: ASYMMETRIC_ALGORITHMS,
        tokenTypes: ['at+jwt', 'jwt', null],
        maxLifetimeSeconds: 86_400,
        sessionMaxSeconds: 2_592_000,
        clockSkewSeconds: 60,
        cutoffClaim: 'iat',
        issuedAtOffsetSeconds: 0,
        leadSeconds: 0,
        claims: {
          tokenId: ['jti'],
          session: ['sid'],
          subject: ['sub'],
          client: ['client_id', 'azp', 'cid', 'appid'],
          device: ['device_id'],
        },
        require: ['sub'],
        requireValues: {},
        assumeIssuer: false,
        pairwise: false,
      },
    ]);
  });

  it('find their keys by discovery when no other place is given', () => {
    const [config] = parseIssuers([{ issuer: 'https://id.example/t1/', audience: false }]);
    expect(config?.keys).toEqual({
      kind: 'discovery',
      urls: [
        'https://id.example/t1/.well-known/openid-configuration',
        'https://id.example/.well-known/oauth-authorization-server/t1',
      ],
    });
  });

  it('take single claims over those of a preset, and none where the list is empty', () => {
    const [config] = parseIssuers([entra({ ...good, claims: { device: 'deviceid_2', session: [] } })]);
    expect(config?.claims).toEqual({
      tokenId: ['uti'],
      subject: ['oid'],
      client: ['azp', 'appid'],
      device: ['deviceid_2'],
    });
  });

  it('map no subject to a pairwise sub', () => {
    const [config] = parseIssuers([{ ...good, pairwise: true }]);
    expect(config?.claims.subject).toBeUndefined();
    expect(config?.require).toEqual([]);
  });

  it('that travel in the log hold neither keys nor secrets', () => {
    const [config] = parseIssuers([nestJwt({ issuer: 'local', secret: 'x'.repeat(32) })]);
    expect(Object.keys(issuerSettings(config!))).toEqual([
      'issuer',
      'maxLifetimeSeconds',
      'sessionMaxSeconds',
      'clockSkewSeconds',
      'cutoffClaim',
      'issuedAtOffsetSeconds',
      'leadSeconds',
      'claims',
      'require',
    ]);
  });
});

describe('wrong settings', () => {
  it('are named all at once, each with its place and what to do', () => {
    expect(
      problems(
        { ...good, audience: undefined, clockSkewSeconds: -1, leadSeconds: 90, sessionMaxSeconds: 60 },
        { issuer: 'https://b.example', audiance: 'orders', preset: 'keycloack', jwksUri: 'http://b.example/keys' },
      ),
    ).toEqual([
      'issuers[0].clockSkewSeconds: must not be negative',
      'issuers[0].audience: must name your API as tokens name it, or be false to accept tokens for any audience',
      'issuers[0].sessionMaxSeconds: must be at least maxLifetimeSeconds: a session lives as long as its tokens',
      expect.stringContaining('issuers[1].preset: '),
      'issuers[1].jwksUri: must be https (http only on loopback)',
      expect.stringContaining('audiance'),
      'issuers[1].audience: must name your API as tokens name it, or be false to accept tokens for any audience',
    ]);
  });

  it.each([
    ['two places of keys', { jwksUri: 'https://id.example/keys' }, 'issuers[0].issuer: takes its keys from one place'],
    ['no place of keys', { issuer: 'local', jwks: undefined }, 'issuers[0].issuer: is no https URL'],
    [
      'discovery of no URL',
      { issuer: 'local', jwks: undefined, discovery: true },
      'issuers[0].issuer: is no https URL',
    ],
    ['a symmetric algorithm without secret', { algorithms: ['HS256'] }, 'issuers[0].algorithms: must be HS256'],
    ['the algorithm none', { algorithms: ['none'] }, 'issuers[0].algorithms[0]: '],
    ['no algorithm', { algorithms: [] }, 'issuers[0].algorithms: must name one'],
    ['a private key', { jwks: { keys: [{ ...jwk, d: 'x' }] } }, 'issuers[0].jwks.keys[0]: is a private or shared key'],
    [
      'a shared key',
      { jwks: { keys: [{ kty: 'oct', k: 'x' }] } },
      'issuers[0].jwks.keys[0]: is a private or shared key',
    ],
    ['half a key', { jwks: { keys: [{ ...jwk, x: undefined }] } }, 'issuers[0].jwks.keys[0]: lacks the member x'],
    [
      'a short RSA key',
      { jwks: { keys: [{ kty: 'RSA', n: 'x'.repeat(171), e: 'AQAB' }] } },
      'issuers[0].jwks.keys[0]: is shorter',
    ],
    ['an empty key set', { jwks: { keys: [] } }, 'issuers[0].jwks.keys: must hold a key'],
    [
      'a password in a URL',
      { jwks: undefined, jwksUri: 'https://u:p@id.example' },
      'issuers[0].jwksUri: must not contain',
    ],
    ['logout tokens as tokens', { tokenTypes: ['logout+jwt'] }, 'issuers[0].tokenTypes[0]: is a type of tokens that'],
    [
      'a lifetime in milliseconds',
      { maxLifetimeSeconds: 86_400_000_000 },
      'issuers[0].maxLifetimeSeconds: must be at most',
    ],
    ['a lifetime of nothing', { maxLifetimeSeconds: 0 }, 'issuers[0].maxLifetimeSeconds: must be above 0'],
    ['a lead beyond the skew', { leadSeconds: 61 }, 'issuers[0].leadSeconds: must be at most clockSkewSeconds'],
    [
      'an offset on auth_time',
      { cutoffClaim: 'auth_time', issuedAtOffsetSeconds: 300 },
      'issuers[0].issuedAtOffsetSeconds: ',
    ],
    [
      'auth_time where there is none',
      { preset: 'auth0', cutoffClaim: 'auth_time' },
      'issuers[0].cutoffClaim: must be iat',
    ],
    [
      'a pairwise sub as subject',
      { pairwise: true, claims: { subject: 'sub' } },
      'issuers[0].claims: must not map subject',
    ],
    ['a profile without its preset', { profile: 'rfc9068' }, 'issuers[0].profile: goes with the preset oidc only'],
    ['a claim field that is none', { claims: { user: 'sub' } }, 'issuers[0].claims: '],
    ['a requirement of nothing', { require: { typ: false } }, 'issuers[0].require'],
  ])('are refused: %s', (_title, wrong, expected) => {
    expect(problems({ ...good, ...wrong })).toEqual([expect.stringContaining(expected)]);
  });

  it('of a secret never show the secret', () => {
    const short = { issuer: 'local', audience: false, secret: 'only 29 bytes, so not enough!' };
    expect(problems(short)).toEqual([expect.stringContaining('issuers[0].secret: is too short')]);
    expect(problems(short).join()).not.toContain('only 29');
    const longer = { ...short, secret: 'x'.repeat(32), algorithms: ['HS512'] };
    expect(problems(longer)).toEqual([expect.stringContaining('issuers[0].secret: is too short')]);
    const mixed = { ...short, secret: 'x'.repeat(64), algorithms: ['HS512', 'ES256'] };
    expect(problems(mixed)).toEqual([expect.stringContaining('issuers[0].algorithms: ')]);
    expect(problems({ ...good, jwks: undefined, secret: 7 }).join()).toContain('issuers[0].secret');
  });

  it('between issuers are found: a name twice, two that take tokens without iss', () => {
    const alias = { ...good, issuer: 'https://b.example', aliases: ['https://id.example'] };
    expect(problems(good, alias)).toEqual([expect.stringContaining('https://id.example is named twice')]);
    const local = { ...good, assumeIssuer: true };
    const problem = expect.stringContaining('only one issuer may have assumeIssuer');
    expect(problems(local, { ...local, issuer: 'b' })).toEqual([problem]);
  });

  it.each([[undefined], [{}], [[]], ['https://id.example']])('are refused when the list is %j', (input) => {
    expect(problemsOf(() => parseIssuers(input))).toEqual(['issuers: must be a list of 1 to 1000 issuers']);
  });

  it.each([[null], ['https://id.example'], [7], [[]]])('are refused when an issuer is %j', (input) => {
    expect(problemsOf(() => parseIssuers([input]))).toEqual([expect.stringMatching(/^issuers\[0\]: /)]);
  });
});

describe('issuers as text', () => {
  it('are read from JSON', () => {
    expect(issuersFrom(JSON.stringify([good]), 'REVOCAST_ISSUERS')).toEqual(parseIssuers([good]));
  });

  it('that is no JSON are refused without quoting it', () => {
    const text = '[{ "secret": "hush"';
    const problem = 'REVOCAST_ISSUERS: must be JSON, a list of issuers';
    expect(problemsOf(() => issuersFrom(text, 'REVOCAST_ISSUERS'))).toEqual([problem]);
  });

  it('name the setting they come from in every problem', () => {
    const found = problemsOf(() => issuersFrom('[{}]', 'REVOCAST_OPERATOR_ISSUERS'));
    expect(found.every((problem) => problem.startsWith('REVOCAST_OPERATOR_ISSUERS[0].'))).toBe(true);
  });
});
