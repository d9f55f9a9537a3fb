import { type CryptoKey, type JWK } from 'jose';
import { type Algorithm, type PublicJwk } from './issuer-config.js';
import { loadJose } from './jose.js';

/** More keys of one issuer are not looked at: a set without a limit would let it take our memory. */
export const KEYS_MAX = 100;

/** A key that may verify tokens, with what a revocation of it is keyed by. */
export interface VerificationKey {
  /** All of a JWK that we look at: a key of the same name in a later key set is this very object. Absent for shared secrets. */
  readonly name?: string;
  readonly kid?: string;
  /** base64url RFC 7638 SHA-256 thumbprint; absent for shared secrets, which must not be guessable from an index. */
  readonly thumbprint?: string;
  /** Whether a token with this header may have been signed by it: its name, key type, curve, `use`, `alg`, `key_ops`. */
  suits(algorithm: string, kid: string | undefined): boolean;
  /** The imported key, or undefined when its material is no good. */
  material(algorithm: string): Promise<CryptoKey | Uint8Array | undefined>;
}

/** Which key type and curve each algorithm needs (RFC 7518 section 3, RFC 8037, RFC 9864). */
const KEY_OF_ALGORITHM: Readonly<Record<Algorithm, string>> = {
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
  PS256: 'RSA',
  PS384: 'RSA',
  PS512: 'RSA',
  ES256: 'EC P-256',
  ES384: 'EC P-384',
  ES512: 'EC P-521',
  EdDSA: 'OKP Ed25519',
  Ed25519: 'OKP Ed25519',
  HS256: 'oct',
  HS384: 'oct',
  HS512: 'oct',
};

const keyOfAlgorithm = (algorithm: string): string | undefined =>
  Object.hasOwn(KEY_OF_ALGORITHM, algorithm) ? KEY_OF_ALGORITHM[algorithm as Algorithm] : undefined;

/** RFC 7518 section 3.3: at least 2048 bits; 3 characters of base64url hold 18. */
const RSA_MODULUS_CHARACTERS_MIN = 342;

const MEMBERS = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
} as const;

const isKeyType = (kty: unknown): kty is PublicJwk['kty'] => typeof kty === 'string' && Object.hasOwn(MEMBERS, kty);

/** What is wrong with `value` as a public key of an issuer; undefined = nothing. */
export const publicJwkProblem = (value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null) return 'must be a JWK';
  const jwk = value as Readonly<Record<string, unknown>>;
  if ('d' in jwk || 'k' in jwk) return 'is a private or shared key: give the public key only';
  if (!isKeyType(jwk['kty'])) return 'has a kty other than RSA, EC and OKP';
  const missing = MEMBERS[jwk['kty']].find((member) => typeof jwk[member] !== 'string');
  if (missing !== undefined) return `lacks the member ${missing}`;
  if (jwk['kty'] === 'RSA' && String(jwk['n']).length < RSA_MODULUS_CHARACTERS_MIN) return 'is shorter than 2048 bits';
  const mistyped = ['kid', 'use', 'alg'].find((member) => !['string', 'undefined'].includes(typeof jwk[member]));
  if (mistyped !== undefined) return `has a ${mistyped} that is no text`;
  return jwk['key_ops'] === undefined || Array.isArray(jwk['key_ops']) ? undefined : 'has key_ops that are no list';
};

export const isPublicJwk = (value: unknown): value is PublicJwk => publicJwkProblem(value) === undefined;

/** Only the members that make the key: `use`, `key_ops` and `alg` are judged by us, not by the importer. */
const keyMembers = (jwk: PublicJwk): JWK =>
  Object.fromEntries(['kty', ...MEMBERS[jwk.kty]].map((member) => [member, jwk[member as keyof PublicJwk]]));

const importPublic = async (jwk: PublicJwk, algorithm: string): Promise<CryptoKey | Uint8Array | undefined> => {
  const { importJWK } = await loadJose();
  try {
    return await importJWK(keyMembers(jwk), algorithm);
  } catch {
    // A point that is not on its curve, a modulus that is no number: one bad key must not disable its whole set.
    return undefined;
  }
};

const suits = (jwk: PublicJwk, algorithm: string, kid: string | undefined): boolean =>
  (kid === undefined || kid === jwk.kid) &&
  keyOfAlgorithm(algorithm) === (jwk.kty === 'RSA' ? 'RSA' : `${jwk.kty} ${jwk.crv ?? ''}`) &&
  (jwk.use ?? 'sig') === 'sig' &&
  (jwk.alg ?? algorithm) === algorithm &&
  (jwk.key_ops?.includes('verify') ?? true);

const nameOf = (jwk: PublicJwk): string => JSON.stringify([keyMembers(jwk), jwk.kid, jwk.use, jwk.alg, jwk.key_ops]);

const publicKey = async (jwk: PublicJwk, earlier: readonly VerificationKey[]): Promise<VerificationKey> => {
  const name = nameOf(jwk);
  const known = earlier.find((key) => key.name === name);
  if (known !== undefined) return known;
  const { calculateJwkThumbprint } = await loadJose();
  const imported = new Map<string, Promise<CryptoKey | Uint8Array | undefined>>();
  return {
    name,
    ...(jwk.kid === undefined ? {} : { kid: jwk.kid }),
    thumbprint: await calculateJwkThumbprint(keyMembers(jwk)),
    suits: (algorithm, kid) => suits(jwk, algorithm, kid),
    material: (algorithm) => {
      const known = imported.get(algorithm) ?? importPublic(jwk, algorithm);
      imported.set(algorithm, known);
      return known;
    },
  };
};

/**
 * Makes the usable ones of `keys` ready; others, such as encryption or shared keys, are passed over. A key that is among
 * the `earlier` ones unchanged stays the object it is: what was verified with it stays verified over a refresh.
 */
export const publicKeys = (
  keys: readonly unknown[],
  earlier: readonly VerificationKey[] = [],
): Promise<readonly VerificationKey[]> =>
  Promise.all(
    keys
      .filter(isPublicJwk)
      .slice(0, KEYS_MAX)
      .map((jwk) => publicKey(jwk, earlier)),
  );

/** The key of an issuer that shares a secret with us: it has no name, so no revocation can be keyed by it. */
export const secretKey = (secret: string): VerificationKey => {
  const bytes = new TextEncoder().encode(secret);
  return {
    // Whatever name the token gives it: there is only this one.
    suits: (algorithm) => keyOfAlgorithm(algorithm) === 'oct',
    material: () => Promise.resolve(bytes),
  };
};
