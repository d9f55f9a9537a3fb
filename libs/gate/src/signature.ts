import { type Keys, type KeySet } from './key-set.js';
import { type VerificationKey } from './jwk.js';
import { loadJose } from './jose.js';

/** A token without `kid` is tried with this many keys at most: each try costs a signature check. */
export const KEYS_TRIED_MAX = 16;

/** A token whose header and algorithm are allowed. */
export interface SignedToken {
  readonly token: string;
  readonly algorithm: string;
  /** `kid` of the header: it picks among the issuer's keys and is never believed beyond that. */
  readonly kid: string | undefined;
}

/** Keys named alike are all tried: some issuers give several keys one `kid`. */
const candidates = (keys: readonly VerificationKey[], { algorithm, kid }: SignedToken): readonly VerificationKey[] =>
  keys.filter((key) => key.suits(algorithm, kid)).slice(0, KEYS_TRIED_MAX);

const verifies = async (key: VerificationKey, { token, algorithm }: SignedToken): Promise<boolean> => {
  const material = await key.material(algorithm);
  if (material === undefined) return false;
  const { compactVerify, errors } = await loadJose();
  try {
    await compactVerify(token, material, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
};

/** The key that made a signature, and the keys among which it was found. */
export interface SignedBy {
  readonly key: VerificationKey;
  readonly keys: Keys;
}

const firstThatVerifies = async (keys: Keys, signed: SignedToken): Promise<SignedBy | undefined> => {
  for (const key of candidates(keys.list, signed)) if (await verifies(key, signed)) return { key, keys };
  return undefined;
};

/**
 * The issuer's key that made the signature; undefined = none did. Asks for newer keys before it says so, unless the
 * token names a key we have: then the signature is simply wrong.
 */
export const findSigningKey = async (keySet: KeySet, signed: SignedToken): Promise<SignedBy | undefined> => {
  const keys = await keySet.current();
  const found = await firstThatVerifies(keys, signed);
  if (found !== undefined || keys.list.some((key) => key.kid !== undefined && key.kid === signed.kid)) return found;
  const newer = await keySet.newer(keys);
  return newer === undefined ? undefined : firstThatVerifies(newer, signed);
};
