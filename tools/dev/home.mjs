// The development home: every key, secret and data folder of a local fleet, made once and kept over restarts.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';

export const DEV_ISSUER = 'https://issuer.dev.revocast.test';
/** A second issuer whose cut-offs read `auth_time`, so that refreshed tokens are hit too. */
export const DEV_ISSUER_AUTH_TIME = 'https://auth-time.dev.revocast.test';
export const DEV_AUDIENCE = 'revocast-dev';

const readOr = async (file, make) => {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT')
      throw new Error(`${file} is not readable JSON; mend it or remove it`, { cause: error });
  }
  const made = await make();
  // Written beside and renamed: a start that is killed half-way leaves no half key behind.
  await writeFile(`${file}.new`, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return made;
};

const makeJwk = async (alg, kid) => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg, use: 'sig' };
};

const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi']);
export const publicJwk = (jwk) =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.has(name)));

const devIssuers = (keys) => {
  const jwks = { keys: keys.map(publicJwk) };
  const shared = { jwks, audience: DEV_AUDIENCE, algorithms: ['ES256', 'RS256'] };
  return [
    { issuer: DEV_ISSUER, ...shared },
    { issuer: DEV_ISSUER_AUTH_TIME, ...shared, cutoffClaim: 'auth_time' },
  ];
};

const makeSecrets = () => ({
  apiKey: `rvk_${randomBytes(24).toString('base64url')}`,
  hashKey: randomBytes(16).toString('hex'),
});

const paths = (dir) => ({
  issuers: join(dir, 'issuers.json'),
  recordKeys: join(dir, 'keys', 'record-keys.jwks.json'),
  apiKeys: join(dir, 'keys', 'api-keys.json'),
  signingKey: join(dir, 'keys', 'record-signing.jwk.json'),
  journal: join(dir, 'journal'),
  nats: join(dir, 'nats'),
});

/**
 * The private keys of the development issuers, made when missing: all that minting a token needs.
 * @param {string} dir
 */
export const openIssuerKeys = async (dir) => {
  await mkdir(join(dir, 'keys'), { recursive: true, mode: 0o700 });
  const { keys } = await readOr(join(dir, 'keys', 'issuer.jwks.json'), async () => ({
    keys: [await makeJwk('ES256', 'dev-es256'), await makeJwk('RS256', 'dev-rs256')],
  }));
  return keys;
};

/**
 * Opens the home in `dir`, making what is missing, and writes the settings that the apps of a fleet read.
 * @param {string} dir
 * @param {readonly object[]} moreIssuers issuer settings added to the two development issuers
 */
export const openHome = async (dir, moreIssuers = []) => {
  const files = paths(dir);
  const issuerKeys = await openIssuerKeys(dir);
  const secrets = await readOr(join(dir, 'keys', 'secrets.json'), makeSecrets);
  const signingKey = await readOr(files.signingKey, () => makeJwk('EdDSA', 'records-1'));
  const sha256 = createHash('sha256').update(secrets.apiKey).digest('hex');
  await writeJson(files.issuers, [...devIssuers(issuerKeys), ...moreIssuers]);
  await writeJson(files.recordKeys, { keys: [publicJwk(signingKey)] });
  await writeJson(files.apiKeys, [{ name: 'dev', sha256, verbs: ['read', 'write'] }]);
  return { dir, files, issuerKeys, apiKey: secrets.apiKey, hashKey: secrets.hashKey };
};

const writeJson = (file, value) => writeFile(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
