import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { type Algorithm, type PublicJwk } from '../src/index.js';

/** A key pair as an identity provider has it, or a shared secret. */
export interface SigningKey {
  readonly algorithm: Algorithm;
  readonly jwk: PublicJwk;
  readonly signatureOf: (input: string) => Buffer;
}

interface Scheme {
  readonly pair: () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly sign: (input: Buffer, key: KeyObject) => Buffer;
}

const rsaPair: Scheme['pair'] = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const { RSA_PKCS1_PSS_PADDING: padding } = constants;

const SCHEMES = {
  RS256: { pair: rsaPair, sign: (input, key) => sign('sha256', input, key) },
  PS256: { pair: rsaPair, sign: (input, key) => sign('sha256', input, { key, padding, saltLength: 32 }) },
  ES256: {
    pair: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    sign: (input, key) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
  },
  EdDSA: { pair: () => generateKeyPairSync('ed25519'), sign: (input, key) => sign(null, input, key) },
} as const satisfies Partial<Record<Algorithm, Scheme>>;

/** A new key pair; `kid` and other members go into its public JWK. */
export const signingKey = (algorithm: keyof typeof SCHEMES, members: Partial<PublicJwk> = {}): SigningKey => {
  const scheme: Scheme = SCHEMES[algorithm];
  const { publicKey, privateKey } = scheme.pair();
  const jwk = { ...publicKey.export({ format: 'jwk' }), ...members } as PublicJwk;
  return { algorithm, jwk, signatureOf: (input) => scheme.sign(Buffer.from(input), privateKey) };
};

/** Signs with HS256, whatever the bytes of the secret are: also with a public key, as an attacker would. */
export const secretSigner = (secret: string | Buffer): Omit<SigningKey, 'jwk'> => ({
  algorithm: 'HS256',
  signatureOf: (input) => createHmac('sha256', secret).update(input).digest(),
});

const part = (value: string | object): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token of exactly this header and payload: objects, or JSON text where an object could not say it. */
export const signExactly = (
  key: Pick<SigningKey, 'signatureOf'>,
  header: string | object,
  payload: string | object,
): string => {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${key.signatureOf(input).toString('base64url')}`;
};

/** A token as issuers make it: `alg` and `kid` of the key in the header, unless `header` says otherwise. */
export const issue = (
  key: Omit<SigningKey, 'jwk'> & { readonly jwk?: PublicJwk },
  claims: object,
  header: object = {},
): string => {
  const kid = key.jwk?.kid;
  return signExactly(key, { alg: key.algorithm, ...(kid === undefined ? {} : { kid }), ...header }, claims);
};

/** The order of the P-256 group. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The other signature that verifies the same ES256 token: (r, n - s) in place of (r, s). Anyone can compute it. */
export const malleated = (token: string): string => {
  const signature = token.lastIndexOf('.') + 1;
  const bytes = Buffer.from(token.slice(signature), 'base64url');
  const s = P256_ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  return token.slice(0, signature) + twin.toString('base64url');
};
