import { describe, expect, it } from '@jest/globals';
import {
  epochSeconds,
  MODES,
  settingsDigest,
  type Effect,
  type Freshness,
  type Mode,
  type RevocationKey,
} from '@revocast/core';
import { issue, malleated, secretSigner, signingKey } from '../test/signing.js';
import {
  goodClaims,
  goodIssuer,
  handClock,
  handSource,
  ISSUER,
  NOW_SECONDS,
  type HandClock,
  type HandSource,
} from '../test/world.js';
import {
  createGate,
  issuerSettings,
  parseIssuers,
  type GateAnswer,
  type GateOptions,
  type IssuerInput,
  type RecheckAnswer,
  type ReloadableGate,
} from './index.js';

const key = signingKey('ES256', { kid: 'k1' });
const token = issue(key, goodClaims());

const STALE: Freshness = { fresh: false, because: 'stale', everCurrent: true };
const NEVER_CURRENT: Freshness = { fresh: false, because: 'neverCurrent', everCurrent: false };

interface World {
  readonly gate: ReloadableGate;
  readonly source: HandSource;
  readonly clock: HandClock;
  readonly reported: (GateAnswer | RecheckAnswer)[];
}

const world = (options: Partial<GateOptions> = {}, issuer: IssuerInput = goodIssuer([key.jwk])): World => {
  const clock = handClock();
  const source = handSource(clock, issuer.cutoffClaim);
  const issuers = parseIssuers([issuer]);
  const reported: World['reported'] = [];
  const onVerdict: GateOptions['onVerdict'] = (answer) => reported.push(answer);
  const gate = createGate({ issuers, source, mode: 'strict', clock, prng: () => 0.5, onVerdict, ...options });
  return { gate, source, clock, reported };
};

const refused = (status: number, code: string, more: object = {}): unknown =>
  expect.objectContaining({ outcome: 'refuse', status, code, ...more });
const REVOKED = refused(401, 'ERR_TOKEN_REVOKED');
const PASS = expect.objectContaining({ outcome: 'pass' });

describe('a token that nothing hits', () => {
  it('passes with its claims while the source is fresh', async () => {
    const { gate } = world();
    expect(await gate.check(token)).toMatchObject({
      outcome: 'pass',
      claims: { sub: 'alice' },
      facts: { issuer: ISSUER, jti: 'token-1' },
      verdict: { kind: 'active', watermark: 7 },
    });
  });
});

describe('a revoked token', () => {
  const always: Effect = { kind: 'always' };
  const suspended: Effect = { kind: 'suspended' };
  const cutOff: Effect = { kind: 'issuedBefore', issuedBefore: epochSeconds(NOW_SECONDS) };
  const kills: readonly [RevocationKey, Effect][] = [
    [{ scope: 'token', jti: 'token-1' }, always],
    [{ scope: 'session', sid: 'session-1' }, always],
    [{ scope: 'subject', sub: 'alice' }, cutOff],
    [{ scope: 'subject', sub: 'alice' }, suspended],
    [{ scope: 'client', clientId: 'app-1' }, cutOff],
    [{ scope: 'grant', sub: 'alice', clientId: 'app-1' }, cutOff],
    [{ scope: 'issuer' }, cutOff],
    [{ scope: 'key', kid: 'k1' }, always],
  ];

  it.each(kills)('is refused with 401 invalid_token: %j %j', async (revocationKey, effect) => {
    const { gate, source } = world();
    const revocationId = source.revoke(revocationKey, effect);
    expect(await gate.check(token)).toMatchObject({
      outcome: 'refuse',
      status: 401,
      code: 'ERR_TOKEN_REVOKED',
      challenge: 'Bearer error="invalid_token", error_description="The access token is revoked"',
      revocationId,
      scope: revocationKey.scope,
      facts: { jti: 'token-1' },
    });
  });

  it.each([STALE, NEVER_CURRENT])('is refused with 401 also when the source is $because', async (freshness) => {
    for (const mode of ['strict', 'bestEffort'] as const) {
      const { gate, source } = world({ mode });
      source.revoke({ scope: 'token', jti: 'token-1' });
      source.freshnessIs(freshness);
      expect(await gate.check(token)).toEqual(REVOKED);
    }
  });

  it('by the hash of its signing input is refused whichever of its two ECDSA signatures it shows', async () => {
    const { gate, source } = world();
    const unnamed = issue(key, goodClaims({ jti: undefined }));
    const { facts } = await gate.verify(unnamed);
    source.revoke({ scope: 'token', signingInputHash: facts.signingInputHash() });
    expect(await gate.check(unnamed)).toEqual(REVOKED);
    expect(await gate.check(malleated(unnamed))).toEqual(REVOKED);
  });

  it('by its key is refused although its header names no key', async () => {
    const { gate, source } = world();
    const unnamed = issue(key, goodClaims(), { kid: undefined });
    const { facts } = await gate.verify(unnamed);
    expect(await gate.check(unnamed)).toEqual(PASS);
    source.revoke({ scope: 'key', thumbprint: facts.thumbprint! });
    expect(await gate.check(unnamed)).toEqual(REVOKED);
  });

  it('by a cut-off on auth_time asks the user to authenticate again, as RFC 9470 says it', async () => {
    const { gate, source } = world({}, goodIssuer([key.jwk], { cutoffClaim: 'auth_time' }));
    const issuedBefore = epochSeconds(NOW_SECONDS - 100);
    source.revoke({ scope: 'subject', sub: 'alice' }, { kind: 'issuedBefore', issuedBefore });
    const refreshed = issue(key, goodClaims({ auth_time: NOW_SECONDS - 500 }));
    expect(await gate.check(refreshed)).toMatchObject({
      status: 401,
      code: 'ERR_TOKEN_REVOKED',
      challenge:
        'Bearer error="insufficient_user_authentication", ' +
        'error_description="The access token is revoked until the user authenticates again", max_age="0"',
    });
    expect(await gate.check(issue(key, goodClaims({ auth_time: NOW_SECONDS - 50 })))).toEqual(PASS);
  });

  it('D3: without auth_time is hit by a cut-off on auth_time, never passed over', async () => {
    const { gate, source } = world({}, goodIssuer([key.jwk], { cutoffClaim: 'auth_time' }));
    const issuedBefore = epochSeconds(NOW_SECONDS - 100);
    source.revoke({ scope: 'subject', sub: 'alice' }, { kind: 'issuedBefore', issuedBefore });
    expect(await gate.check(token)).toEqual(REVOKED);
    expect(await gate.check(issue(key, goodClaims({ auth_time: 0 })))).toEqual(REVOKED);
  });

  it('D4: does not keep the next login out', async () => {
    const { gate, source, clock } = world();
    const issuedBefore = epochSeconds(NOW_SECONDS + 1);
    source.revoke({ scope: 'subject', sub: 'alice' }, { kind: 'issuedBefore', issuedBefore });
    expect(await gate.check(token)).toEqual(REVOKED);
    clock.advance(1000);
    expect(await gate.check(issue(key, goodClaims({ iat: NOW_SECONDS + 1 })))).toEqual(PASS);
  });

  it('is refused up to the end of its clock skew, when it counts as expired instead', async () => {
    const { gate, source, clock } = world();
    source.revoke({ scope: 'token', jti: 'token-1' });
    clock.advance((3600 + 60) * 1000 - 1);
    expect(await gate.check(token)).toEqual(REVOKED);
    clock.advance(1);
    expect(await gate.check(token)).toEqual(refused(401, 'ERR_TOKEN_EXPIRED'));
  });

  it('is refused when it expires between the look-up and the answer', async () => {
    const { source, clock } = world();
    const forgetful: HandSource = {
      ...source,
      find: () => {
        clock.advance(3660 * 1000);
        return undefined;
      },
    };
    const { gate } = world({ source: forgetful, clock });
    expect(await gate.check(token)).toEqual(refused(401, 'ERR_TOKEN_EXPIRED'));
  });
});

describe('when nobody knows whether the token is revoked', () => {
  it('strict answers 503 with a jittered Retry-After and no challenge', async () => {
    const answers = await Promise.all(
      [0, 0.5, 0.999].map(async (random) => {
        const { gate, source } = world({ prng: () => random });
        source.freshnessIs(STALE);
        return gate.check(token);
      }),
    );
    expect(answers).toEqual(
      [1, 3, 5].map((retryAfterSeconds) => refused(503, 'ERR_REVOCATION_UNKNOWN', { retryAfterSeconds })),
    );
    expect(answers.some((answer) => 'challenge' in answer)).toBe(false);
  });

  it.each([
    ['strict', STALE, refused(503, 'ERR_REVOCATION_UNKNOWN')],
    ['strict', NEVER_CURRENT, refused(503, 'ERR_REVOCATION_UNKNOWN')],
    ['bestEffort', STALE, PASS],
    ['bestEffort', NEVER_CURRENT, refused(503, 'ERR_REVOCATION_UNKNOWN')],
    ['observe', STALE, PASS],
    ['observe', NEVER_CURRENT, PASS],
  ] as const)('%s with a source that is %o answers accordingly', async (mode, freshness, expected) => {
    const { gate, source } = world({ mode });
    source.freshnessIs(freshness);
    expect(await gate.check(token)).toEqual(expected);
  });
});

describe('observe', () => {
  it('lets a revoked token pass and reports what it would have been', async () => {
    const { gate, source, reported } = world({ mode: 'observe' });
    const revocationId = source.revoke({ scope: 'token', jti: 'token-1' });
    expect(await gate.check(token)).toMatchObject({ outcome: 'pass', verdict: { kind: 'revoked', revocationId } });
    expect(reported).toEqual([expect.objectContaining({ verdict: expect.objectContaining({ kind: 'revoked' }) })]);
  });

  it.each(MODES)('D15: no mode turns the verification of tokens off: %s', async (mode: Mode) => {
    const { gate } = world({ mode });
    const forged = issue(signingKey('ES256', { kid: 'k1' }), goodClaims());
    expect(await gate.check(forged)).toEqual(refused(401, 'ERR_TOKEN_SIGNATURE'));
    expect(await gate.check(undefined)).toEqual(refused(401, 'ERR_TOKEN_MISSING'));
  });
});

describe('D15: secrets', () => {
  it('have no default: a token that is signed with an empty or usual one is refused', async () => {
    const { gate } = world({}, { issuer: ISSUER, audience: 'orders', secret: 'a secret of at least 32 bytes of text' });
    for (const guess of ['', 'secret', 'changeme']) {
      const forged = issue(secretSigner(guess), goodClaims());
      expect(await gate.check(forged)).toEqual(refused(401, 'ERR_TOKEN_SIGNATURE'));
    }
  });
});

describe('a request that cannot be let in', () => {
  it('without credentials gets a challenge without an error code', async () => {
    expect(await world().gate.check(undefined)).toEqual(refused(401, 'ERR_TOKEN_MISSING', { challenge: 'Bearer' }));
  });

  it.each([
    ['no token at all', 'nonsense', 'ERR_TOKEN_MALFORMED', 'The access token is not valid'],
    [
      'an expired token',
      issue(key, goodClaims({ iat: NOW_SECONDS - 900, exp: NOW_SECONDS - 300 })),
      'ERR_TOKEN_EXPIRED',
      'The access token expired',
    ],
    [
      'a token for others',
      issue(key, goodClaims({ aud: 'other' })),
      'ERR_TOKEN_AUDIENCE',
      'The access token is meant for another audience',
    ],
  ])('gets 401 invalid_token for %s', async (_title, bad, code, description) => {
    const challenge = `Bearer error="invalid_token", error_description="${description}"`;
    expect(await world().gate.check(bad)).toEqual({ outcome: 'refuse', status: 401, code, challenge });
  });

  it('gets 503 while the keys of its issuer cannot be had, whatever the mode', async () => {
    const fetch = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));
    for (const mode of MODES) {
      const { gate } = world({ mode, fetch }, { issuer: ISSUER, audience: 'orders' });
      const answer = await gate.check(token);
      expect(answer).toEqual(refused(503, 'ERR_KEYS_UNAVAILABLE', { retryAfterSeconds: 3 }));
    }
  });

  it('tells no more than RFC 6750 lets a description say', async () => {
    const challenges = await Promise.all(
      ['nonsense', issue(key, goodClaims({ sub: '"\\\r\nX-Evil: 1' })), issue(key, goodClaims({ iss: '"evil"' }))].map(
        async (bad) => (await world({ mode: 'strict' }).gate.check(bad)) as { challenge?: string },
      ),
    );
    for (const { challenge = 'Bearer' } of challenges) {
      expect(challenge).toMatch(
        /^Bearer(?: error="invalid_token", error_description="[\x20-\x21\x23-\x5b\x5d-\x7e]+")?$/,
      );
    }
  });

  it('is not answered at all when a clock is broken: that says nothing about the token', async () => {
    const clock = {
      ...handClock(),
      wall: () => {
        throw new Error('broken');
      },
    };
    await expect(world({ clock }).gate.check(token)).rejects.toThrow('broken');
  });

  it('is not answered at all when the source is broken: that is a defect, not a verdict', async () => {
    const { source } = world();
    const broken: HandSource = {
      ...source,
      find: () => {
        throw new Error('broken');
      },
    };
    await expect(world({ source: broken }).gate.check(token)).rejects.toThrow('broken');
  });
});

describe('the bound of staleness', () => {
  it('of a route can only tighten that of the gate', async () => {
    const { gate, source } = world({ stalenessMsMax: 60_000 });
    await gate.check(token);
    await gate.check(token, { stalenessMsMax: 5_000 });
    await gate.check(token, { stalenessMsMax: 600_000 });
    expect(source.bounds).toEqual([60_000, 5_000, 60_000]);
  });

  it('is five minutes when nothing is said', async () => {
    const { gate, source } = world();
    await gate.check(token, {});
    expect(source.bounds).toEqual([300_000]);
  });

  it.each([0, -1, NaN, Infinity])('is never %d', async (stalenessMsMax) => {
    expect(() => world({ stalenessMsMax })).toThrow('stalenessMsMax');
    await expect(world().gate.check(token, { stalenessMsMax })).rejects.toMatchObject({ code: 'ERR_CONFIG' });
  });
});

describe('asking again about a live connection', () => {
  it('passes, then is refused once its token is revoked, unknown or expired', async () => {
    const { gate, source, clock } = world();
    const { facts } = await gate.verify(token);
    expect(gate.recheck(facts)).toEqual(PASS);
    source.freshnessIs(STALE);
    expect(gate.recheck(facts)).toEqual(refused(503, 'ERR_REVOCATION_UNKNOWN'));
    source.revoke({ scope: 'session', sid: 'session-1' });
    expect(gate.recheck(facts)).toEqual(REVOKED);
    clock.advance(3660 * 1000);
    expect(gate.recheck(facts)).toEqual(refused(401, 'ERR_TOKEN_EXPIRED'));
  });
});

describe('other issuers', () => {
  const OTHER = 'https://other.example';

  it('leave those that stay with their counts, and end the connections of those that go', async () => {
    const { gate } = world();
    const { facts } = await gate.verify(token);
    await gate.check(token);
    const both = gate.withIssuers(parseIssuers([goodIssuer([key.jwk]), goodIssuer([key.jwk], { issuer: OTHER })]));
    expect(both.coverage().map(({ issuer, tokens }) => [issuer, tokens])).toEqual([
      [ISSUER, 1],
      [OTHER, 0],
    ]);
    expect(both.recheck(facts)).toEqual(PASS);
    const without = both.withIssuers(parseIssuers([goodIssuer([key.jwk], { issuer: OTHER })]));
    expect(without.recheck(facts)).toEqual(refused(401, 'ERR_TOKEN_ISSUER_UNKNOWN'));
    expect(await without.check(token)).toEqual(refused(401, 'ERR_TOKEN_ISSUER_UNKNOWN'));
  });
});

describe('coverage', () => {
  it('names the scopes of each issuer and the claims its tokens carried, whatever the verdict was', async () => {
    const issuer = goodIssuer([key.jwk], { claims: { device: [] } });
    const { gate, source } = world({}, issuer);
    await gate.check(token);
    source.revoke({ scope: 'token', jti: 'token-1' });
    await gate.check(token);
    await gate.check(issue(key, goodClaims({ sid: undefined })));
    await gate.check('nonsense');
    const [config] = parseIssuers([issuer]);
    expect(gate.coverage()).toEqual([
      {
        issuer: ISSUER,
        scopes: ['token', 'session', 'subject', 'client', 'grant', 'issuer', 'key'],
        settingsDigest: settingsDigest(issuerSettings(config!)),
        tokens: 3,
        seen: { token: 3, session: 2, subject: 3, client: 3, grant: 3 },
      },
    ]);
  });
});

describe('the report of answers', () => {
  it('has every answer, in the order they were given', async () => {
    const { gate, source, reported } = world();
    const { facts } = await gate.verify(token);
    const answers: unknown[] = [await gate.check(undefined), await gate.check(token)];
    source.revoke({ scope: 'token', jti: 'token-1' });
    answers.push(gate.recheck(facts));
    expect(answers).toEqual([refused(401, 'ERR_TOKEN_MISSING'), PASS, REVOKED]);
    expect(reported).toEqual(answers);
  });
});
