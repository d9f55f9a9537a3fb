import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { RevocationError } from '@revocast/core';

/** Public half of a record key: a JWK of RFC 8037. */
export interface RecordKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly kid: string;
  readonly x: string;
}

/** A record key with its private half: only the service holds one. */
export interface RecordSigningKey extends RecordKey {
  readonly d: string;
}

/** What nodes hold: during a rotation both the old and the new key. */
export interface RecordKeySet {
  readonly keys: readonly RecordKey[];
}

export interface Signer {
  readonly kid: string;
  /** The signature header's value for these bytes. */
  sign(bytes: Uint8Array): string;
}

export type SignatureVerdict = 'ours' | 'unsigned' | 'wrongKey';

export interface Verifier {
  /** Whether `signature`, the value of the signature header, was made over `bytes` by one of our keys. */
  verify(bytes: Uint8Array, signature: string): SignatureVerdict;
}

/** Visible in logs and header values, hence a narrow alphabet. */
const KID = /^[A-Za-z0-9._~-]{1,64}$/;
/** 32 and 64 bytes in base64url without padding. */
const KEY_BYTES = /^[A-Za-z0-9_-]{43}$/;
const SIGNATURE = /^([A-Za-z0-9._~-]{1,64})\.([A-Za-z0-9_-]{86})$/;

/** Makes the signer of the service from its private JWK. Throws ERR_CONFIG. */
export const createSigner = (jwk: unknown): Signer => {
  const key = readKey(jwk, 'signing key');
  if (!hasPrivateHalf(key)) throw new RevocationError('ERR_CONFIG', 'the record signing key has no private half "d"');
  const privateKey = privateKeyOf(key);
  return { kid: key.kid, sign: (bytes) => `${key.kid}.${sign(null, bytes, privateKey).toString('base64url')}` };
};

/** Makes a verifier from a JWKS, at least one key, each with its own kid. Throws ERR_CONFIG. */
export const createVerifier = (jwks: unknown): Verifier => {
  const keys = new Map<string, KeyObject>();
  for (const jwk of readKeySet(jwks)) {
    const key = readKey(jwk, 'record key');
    if (keys.has(key.kid)) throw new RevocationError('ERR_CONFIG', `two record keys have the kid ${key.kid}`);
    keys.set(key.kid, publicKeyOf(key));
  }
  return { verify: (bytes, signature) => verifyWith(keys, bytes, signature) };
};

/** A new key pair; without `kid` its RFC 7638 thumbprint is taken. */
export const generateSigningKey = (kid?: string): RecordSigningKey => {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  if (x === undefined || d === undefined) throw new RevocationError('ERR_INVARIANT', 'an Ed25519 JWK without x and d');
  return { kty: 'OKP', crv: 'Ed25519', kid: kid ?? thumbprint(x), x, d };
};

/** The half that may be given to nodes. */
export const publicRecordKey = ({ kty, crv, kid, x }: RecordKey): RecordKey => ({ kty, crv, kid, x });

const verifyWith = (keys: ReadonlyMap<string, KeyObject>, bytes: Uint8Array, signature: string): SignatureVerdict => {
  const [, kid, value] = SIGNATURE.exec(signature) ?? [];
  if (kid === undefined || value === undefined) return 'unsigned';
  const key = keys.get(kid);
  const ours = key !== undefined && verify(null, bytes, key, Buffer.from(value, 'base64url'));
  return ours ? 'ours' : 'wrongKey';
};

/** RFC 7638 section 3, members of RFC 8037 section 2. */
const thumbprint = (x: string): string =>
  createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const readKeySet = (jwks: unknown): readonly unknown[] => {
  const keys: unknown = isObject(jwks) ? jwks['keys'] : undefined;
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new RevocationError('ERR_CONFIG', 'the record keys are not a JWKS with at least one key');
  }
  return keys;
};

const readKey = (jwk: unknown, what: string): RecordKey | RecordSigningKey => {
  if (!isObject(jwk) || jwk['kty'] !== 'OKP' || jwk['crv'] !== 'Ed25519') {
    throw new RevocationError('ERR_CONFIG', `the ${what} is not a JWK of kty OKP and crv Ed25519`);
  }
  const { kid, x, d } = jwk;
  if (typeof kid !== 'string' || !KID.test(kid)) {
    throw new RevocationError('ERR_CONFIG', `the ${what} needs a kid of 1 to 64 characters A-Z a-z 0-9 . _ ~ -`);
  }
  if (typeof x !== 'string' || !KEY_BYTES.test(x))
    throw new RevocationError('ERR_CONFIG', `the ${what} ${kid} has no good "x"`);
  const key: RecordKey = { kty: 'OKP', crv: 'Ed25519', kid, x };
  return typeof d === 'string' && KEY_BYTES.test(d) ? { ...key, d } : key;
};

const hasPrivateHalf = (key: RecordKey | RecordSigningKey): key is RecordSigningKey => 'd' in key;

const publicKeyOf = (key: RecordKey): KeyObject => createPublicKey({ key: { ...publicRecordKey(key) }, format: 'jwk' });

/** Refuses a key whose halves do not belong together: everything it signed would be foreign to every node. */
const privateKeyOf = (key: RecordSigningKey): KeyObject => {
  const privateKey = createPrivateKey({ key: { ...key }, format: 'jwk' });
  if (createPublicKey(privateKey).export({ format: 'jwk' }).x !== key.x) {
    throw new RevocationError('ERR_CONFIG', `the halves of the record signing key ${key.kid} do not belong together`);
  }
  return privateKey;
};
