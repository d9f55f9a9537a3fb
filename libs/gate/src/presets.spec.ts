import { describe, expect, it } from '@jest/globals';
import { enforceableScopes, type TokenFacts } from '@revocast/core';
import { issue, secretSigner, signingKey } from '../test/signing.js';
import { expectRefused, verifyWith } from '../test/verifying.js';
import { NOW_SECONDS } from '../test/world.js';
import {
  auth0,
  cognito,
  entra,
  issuerSettings,
  keycloak,
  nestJwt,
  oidc,
  okta,
  parseIssuers,
  type IssuerInput,
  type Preset,
} from './index.js';

/** All of these issuers sign with RS256 by default. */
const key = signingKey('RS256', { kid: 'rsa-1', use: 'sig', alg: 'RS256' });
const jwks = { keys: [key.jwk] };

const iat = NOW_SECONDS - 10;
const factsOf = async (issuer: IssuerInput, token: string): Promise<TokenFacts> =>
  (await verifyWith([issuer], token)).facts;
const scopesOf = (issuer: IssuerInput): readonly string[] =>
  parseIssuers([issuer]).flatMap((config) => enforceableScopes(issuerSettings(config)));

describe('keycloak', () => {
  const realm = 'https://kc.example/realms/shop';
  const issuer = keycloak({ issuer: realm, jwks });
  /** Keycloak 26, authorization code flow, default client scopes. */
  const claims = {
    exp: iat + 300,
    iat,
    auth_time: iat - 1,
    jti: 'onrtac:2b4e4e6c-6a5b-4b0b-8f2f-0d1f0d3c4a55',
    iss: realm,
    aud: 'account',
    sub: '5c3f3c0e-6ac1-4b6f-9c7e-3f7d3a1b2c4d',
    typ: 'Bearer',
    azp: 'shop-web',
    sid: 'b9d1c9b6-0f43-4d6c-9d1a-6f6f0c5f7a11',
    acr: '1',
    'allowed-origins': ['https://shop.example'],
    realm_access: { roles: ['offline_access', 'default-roles-shop'] },
    resource_access: { account: { roles: ['manage-account'] } },
    scope: 'openid email profile',
    email_verified: true,
    preferred_username: 'alice',
  };
  const typ = 'JWT';

  it('reads an access token', async () => {
    const facts = await factsOf(issuer, issue(key, claims, { typ }));
    expect(facts).toMatchObject({ jti: claims.jti, sub: claims.sub, sid: claims.sid, clientId: 'shop-web' });
    expect(scopesOf(issuer)).toEqual(['token', 'session', 'subject', 'client', 'grant', 'issuer', 'key']);
  });

  it.each([
    ['an ID token', { typ: 'ID', at_hash: 'x', aud: 'shop-web' }, 'ERR_TOKEN_TYPE'],
    ['a refresh token', { typ: 'Refresh', aud: realm }, 'ERR_TOKEN_TYPE'],
    ['an action token', { typ: 'reset-credentials' }, 'ERR_TOKEN_CLAIMS'],
    ['a token without its subject', { sub: undefined }, 'ERR_TOKEN_CLAIMS'],
  ] as const)('refuses %s of the same realm', async (_title, other, code) => {
    await expectRefused(verifyWith([issuer], issue(key, { ...claims, ...other }, { typ })), code);
  });
});

describe('auth0', () => {
  const tenant = 'https://shop.eu.auth0.com/';
  const issuer = auth0({ issuer: tenant, audience: 'https://orders.example', jwks });
  /** Default access token profile: neither jti nor sid. */
  const claims = {
    iss: tenant,
    sub: 'auth0|64f1c0ffee',
    aud: ['https://orders.example', `${tenant}userinfo`],
    iat,
    exp: iat + 86_400,
    scope: 'openid profile email',
    azp: 'XyZ123client',
  };

  it('reads an access token, which only its hash can name', async () => {
    const facts = await factsOf(issuer, issue(key, claims, { typ: 'JWT' }));
    expect(facts).toMatchObject({ sub: 'auth0|64f1c0ffee', clientId: 'XyZ123client' });
    expect(facts.jti).toBeUndefined();
    expect(facts.signingInputHash()).toMatch(/^[\w-]{43}$/);
    expect(scopesOf(issuer)).toEqual(['token', 'subject', 'client', 'grant', 'issuer', 'key']);
  });

  it('reads sessions from the namespaced claim that an Action adds', async () => {
    const namespaced = { ...issuer, claims: { session: 'https://orders.example/sid' } };
    const token = issue(key, { ...claims, 'https://orders.example/sid': 's-1' }, { typ: 'JWT' });
    expect((await factsOf(namespaced, token)).sid).toBe('s-1');
  });
});

describe('entra', () => {
  const tenant = 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0';
  const issuer = entra({ issuer: tenant, audience: '6e74172b-be56-4843-9ff4-e66a39bb12e3', jwks });
  /** Version 2.0, delegated; `iat` is five minutes before the token was made. */
  const claims = {
    aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
    iss: tenant,
    iat: iat - 300,
    nbf: iat - 300,
    exp: iat + 4_200,
    aio: 'AXQAi/8IAAAA',
    azp: '9d5f8f6a-1111-4c7e-a6a3-2d7cd011db47',
    azpacr: '0',
    oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
    rh: '0.ARoA',
    scp: 'access_as_user',
    sid: '00a1b2c3-session',
    sub: 'pairwise-HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
    tid: '72f988bf-86f1-41af-91ab-2d7cd011db47',
    uti: 'fqiBqXLPj0eQa82S-IYFAA',
    ver: '2.0',
  };

  it('reads an access token: the user by oid, the token by uti, iat corrected', async () => {
    const facts = await factsOf(issuer, issue(key, claims, { typ: 'JWT' }));
    expect(facts).toMatchObject({ sub: claims.oid, jti: claims.uti, sid: claims.sid, clientId: claims.azp });
    expect(facts.cutoffTime).toBe(iat);
  });

  it('reads a token of 28 hours, as continuous access evaluation makes them', async () => {
    const exp = iat + 28 * 3600;
    await expect(factsOf(issuer, issue(key, { ...claims, exp }, { typ: 'JWT' }))).resolves.toBeDefined();
  });

  it('refuses an ID token, and a token whose user could not be named', async () => {
    const idToken = { ...claims, nonce: 'n-1', scp: undefined };
    await expectRefused(verifyWith([issuer], issue(key, idToken, { typ: 'JWT' })), 'ERR_TOKEN_TYPE');
    const nobody = { ...claims, oid: undefined };
    await expectRefused(verifyWith([issuer], issue(key, nobody, { typ: 'JWT' })), 'ERR_TOKEN_CLAIMS');
  });
});

describe('cognito', () => {
  const pool = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf';
  const issuer = cognito({ issuer: pool, jwks });
  const claims = {
    sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    device_key: 'eu-central-1_device-1',
    'cognito:groups': ['buyers'],
    iss: pool,
    version: 2,
    client_id: 'xxxxxxxxxxxxexample',
    origin_jti: 'origin-1',
    event_id: 'event-1',
    token_use: 'access',
    scope: 'aws.cognito.signin.user.admin',
    auth_time: iat,
    exp: iat + 3600,
    iat,
    jti: 'jti-1',
    username: 'alice',
  };

  it('reads an access token, which names no audience and has no typ', async () => {
    const facts = await factsOf(issuer, issue(key, claims));
    const expected = { sid: 'origin-1', deviceId: claims.device_key, clientId: claims.client_id, jti: 'jti-1' };
    expect(facts).toMatchObject(expected);
  });

  it('refuses an ID token of the same pool', async () => {
    const idToken = { ...claims, token_use: 'id', aud: claims.client_id, client_id: undefined };
    await expectRefused(verifyWith([issuer], issue(key, idToken)), 'ERR_TOKEN_TYPE');
    await expectRefused(verifyWith([issuer], issue(key, { ...claims, token_use: undefined })), 'ERR_TOKEN_CLAIMS');
  });

  it('keeps its own requirement whatever a team adds', async () => {
    const laxer = { ...issuer, require: { token_use: true } } as const;
    await expectRefused(verifyWith([laxer], issue(key, { ...claims, token_use: 'other' })), 'ERR_TOKEN_CLAIMS');
    const stricter = { ...issuer, require: ['device_key'] };
    await expectRefused(verifyWith([stricter], issue(key, { ...claims, token_use: undefined })), 'ERR_TOKEN_CLAIMS');
    await expectRefused(verifyWith([stricter], issue(key, { ...claims, device_key: undefined })), 'ERR_TOKEN_CLAIMS');
  });
});

describe('okta', () => {
  const server = 'https://shop.okta.com/oauth2/default';
  const issuer = okta({ issuer: server, audience: 'api://default', jwks });
  const claims = {
    ver: 1,
    jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
    iss: server,
    aud: 'api://default',
    iat,
    exp: iat + 3600,
    cid: '0oabskvc6442nkvQO0h7',
    uid: '00u5t60iloOHN9pBi0h7',
    scp: ['openid', 'offline_access'],
    auth_time: iat,
    sub: 'alice@example.com',
  };

  it('reads the token of a user by uid', async () => {
    expect(await factsOf(issuer, issue(key, claims))).toMatchObject({ sub: claims.uid, clientId: claims.cid });
  });

  it('reads the token of a machine, which has no uid, by sub', async () => {
    const machine = { ...claims, uid: undefined, auth_time: undefined, sub: claims.cid };
    expect((await factsOf(issuer, issue(key, machine))).sub).toBe(claims.cid);
  });
});

describe('oidc', () => {
  const server = 'https://as.example';
  const issuer = oidc({ issuer: server, audience: 'https://rs.example', profile: 'rfc9068', jwks });
  /** RFC 9068 section 2.2 and its example. */
  const claims = {
    iss: server,
    sub: '5ba552d67',
    aud: 'https://rs.example',
    exp: iat + 600,
    iat,
    jti: 'dbe39bf3a3ba4238a513f51d6e1691c4',
    client_id: 's6BhdRkqt3',
    scope: 'openid profile reademail',
  };

  it('reads an access token of the profile of RFC 9068', async () => {
    const facts = await factsOf(issuer, issue(key, claims, { typ: 'at+JWT' }));
    expect(facts).toMatchObject({ jti: claims.jti, clientId: 's6BhdRkqt3' });
  });

  it.each(['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'])(
    'with that profile refuses a token without %s',
    async (claim) => {
      const token = issue(key, { ...claims, [claim]: undefined }, { typ: 'at+jwt' });
      await expect(verifyWith([issuer], token)).rejects.toMatchObject({ name: 'RevocationError' });
    },
  );

  it('asks for the type at+jwt with that profile only', async () => {
    const token = issue(key, claims, { typ: 'JWT' });
    await expectRefused(verifyWith([issuer], token), 'ERR_TOKEN_TYPE');
    const plain = oidc({ issuer: server, audience: 'https://rs.example', jwks });
    await expect(verifyWith([plain], token)).resolves.toBeDefined();
  });
});

describe('nestJwt', () => {
  const secret = 'at least 32 bytes that nobody guesses';
  const issuer = nestJwt({ issuer: 'local', secret });
  /** As the authentication chapter of the NestJS documentation signs it. */
  const claims = { sub: 1, username: 'john', iat, exp: iat + 60 };

  it('reads the token of the tutorial: no iss, a number as subject', async () => {
    const facts = await factsOf(issuer, issue(secretSigner(secret), claims, { typ: 'JWT' }));
    expect(facts).toMatchObject({ issuer: 'local', sub: '1' });
    expect(facts.kid).toBeUndefined();
  });

  it('refuses the token of somebody who only guesses the secret', async () => {
    const guess = issue(secretSigner('another secret of 32 bytes or more'), claims, { typ: 'JWT' });
    await expectRefused(verifyWith([issuer], guess), 'ERR_TOKEN_SIGNATURE');
  });
});

describe('a preset', () => {
  const presets: readonly [string, Preset][] = Object.entries({ keycloak, auth0, entra, cognito, okta, oidc });

  it.each(presets)('%s is the same by name as by its function', (name, preset) => {
    const input = { issuer: 'https://id.example', audience: 'orders' };
    expect(parseIssuers([{ ...input, preset: name }])).toEqual(parseIssuers([preset(input)]));
  });
});
