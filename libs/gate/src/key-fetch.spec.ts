import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startKeyServer, type Answer, type KeyServer } from '../test/key-server.js';
import { fetchKeys, KEYS_RESPONSE_BYTES_MAX, type KeyRequest } from './key-fetch.js';
import { wellKnownUrls } from './key-url.js';

const KEYS = [{ kty: 'OKP', crv: 'Ed25519', x: 'x' }];

let server: KeyServer;
let other: KeyServer;
beforeEach(async () => {
  server = await startKeyServer();
  other = await startKeyServer();
});
afterEach(async () => {
  await server.close();
  await other.close();
});

const request = (source: KeyRequest['source'], more: Partial<KeyRequest> = {}): KeyRequest => ({
  source,
  issuers: [server.url],
  fetch: globalThis.fetch,
  ...more,
});

const atUri = (): KeyRequest => request({ kind: 'jwksUri', url: `${server.url}/keys` });
const discovered = (issuer: string): KeyRequest =>
  request({ kind: 'discovery', urls: wellKnownUrls(issuer) }, { issuers: [issuer] });

describe('fetching keys', () => {
  it('takes them from the given place', async () => {
    server.answer('/keys', { keys: KEYS });
    await expect(fetchKeys(atUri())).resolves.toEqual(KEYS);
  });

  it('finds them by OIDC discovery, behind the path of the issuer and also on another host', async () => {
    const issuer = `${server.url}/realms/shop`;
    other.answer('/keys', { keys: KEYS });
    server.answer('/realms/shop/.well-known/openid-configuration', { issuer, jwks_uri: `${other.url}/keys` });
    await expect(fetchKeys(discovered(issuer))).resolves.toEqual(KEYS);
  });

  it('finds them by RFC 8414, in front of the path of the issuer', async () => {
    const issuer = `${server.url}/tenant/`;
    server.answer('/.well-known/oauth-authorization-server/tenant', { issuer, jwks_uri: `${server.url}/keys` });
    server.answer('/keys', { keys: KEYS });
    await expect(fetchKeys(discovered(issuer))).resolves.toEqual(KEYS);
  });

  it.each([
    ['names another issuer', () => ({ issuer: 'https://evil.example', jwks_uri: `${server.url}/keys` })],
    ['names no issuer', () => ({ jwks_uri: `${server.url}/keys` })],
    ['names no keys', () => ({ issuer: server.url })],
    ['names keys on plain http', () => ({ issuer: server.url, jwks_uri: 'http://id.example/keys' })],
    ['is no JSON object', () => '"text"'],
    ['is no JSON', () => '<html>'],
  ])('does not believe metadata that %s', async (_title, metadata) => {
    server.answer('/keys', { keys: KEYS });
    server.answer('/.well-known/openid-configuration', metadata());
    await expect(fetchKeys(discovered(server.url))).rejects.toThrow('no metadata of the issuer');
  });

  it('follows a redirect on the same host', async () => {
    server.answer('/keys', (response) => response.writeHead(302, { location: '/newer' }).end());
    server.answer('/newer', { keys: KEYS });
    await expect(fetchKeys(atUri())).resolves.toEqual(KEYS);
  });

  it('does not follow a redirect to another host', async () => {
    other.answer('/keys', { keys: KEYS });
    server.answer('/keys', (response) => response.writeHead(302, { location: `${other.url}/keys` }).end());
    await expect(fetchKeys(atUri())).rejects.toThrow('redirected to another host');
    expect(other.asked).toEqual([]);
  });

  it('ends a circle of redirects', async () => {
    server.answer('/keys', (response) => response.writeHead(302, { location: '/keys' }).end());
    await expect(fetchKeys(atUri())).rejects.toThrow('redirects more than 3 times');
  });

  it('gives up on an answer that is too large, whatever its length was said to be', async () => {
    server.answer('/keys', (response) => {
      response.on('error', () => undefined);
      response.end(' '.repeat(KEYS_RESPONSE_BYTES_MAX + 1));
    });
    await expect(fetchKeys(atUri())).rejects.toThrow('larger than');
  });

  it('gives up on an answer that does not end', async () => {
    server.answer('/keys', (response) => void response.write('{'));
    await expect(fetchKeys({ ...atUri(), timeoutMs: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('refuses an error and what is no key set', async () => {
    const answers: Answer[] = [(response) => response.writeHead(500).end(), {}, { keys: 'none' }];
    for (const answer of answers) {
      server.answer('/keys', answer);
      await expect(fetchKeys(atUri())).rejects.toThrow('answered');
    }
  });
});
