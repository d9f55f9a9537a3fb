import { RevocationError, type Clock, type MonotonicMs, type Prng } from '@revocast/core';
import { type IssuerConfig, type KeySource } from './issuer-config.js';
import { fetchKeys, type Fetch } from './key-fetch.js';
import { publicKeys, secretKey, type VerificationKey } from './jwk.js';

/** Keys of one issuer as they were at one time. */
export interface Keys {
  readonly list: readonly VerificationKey[];
}

/**
 * The keys of one issuer. The promises reject with ERR_KEYS_UNAVAILABLE when nobody can say which keys the issuer has:
 * that is an outage (503), whereas a key that is absent from a fresh set is the token's fault (401).
 */
export interface KeySet {
  current(): Promise<Keys>;
  /** The keys that `current()` would give without waiting, and what it sets off behind the request; undefined = it would wait. */
  atHand(): Keys | undefined;
  /** For a token that no key of `seen` verifies: a newer set; undefined = `seen` is fresh. */
  newer(seen: Keys): Promise<Keys | undefined>;
}

/** An unknown key makes us fetch at most this often, or every forged token would be a request to the issuer. Milliseconds. */
export const KEYS_COOLDOWN_MS = 30_000;
/** From this age on keys are fetched again behind the request that notices: a key that was taken out ends. Milliseconds. */
export const KEYS_REFRESH_MS = 600_000;
/** From this age on the request waits for newer ones, as on a node that was idle over night. Milliseconds. */
export const KEYS_AGE_MS_MAX = 3_600_000;
/** Waits between failed fetches: doubled from the first up to the second, and jittered. Milliseconds. */
export const KEYS_RETRY_MS = { min: 1_000, max: 30_000 } as const;

export interface KeySetOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly fetch: Fetch;
}

/** Keys that stand in the settings never become newer. */
const fixedKeySet = (load: () => Promise<readonly VerificationKey[]>): KeySet => {
  let keys: Promise<Keys> | undefined;
  let loaded: Keys | undefined;
  return {
    current: () => (keys ??= load().then((list) => (loaded = { list }))),
    atHand: () => loaded,
    newer: () => Promise.resolve(undefined),
  };
};

type Remote = Extract<KeySource, { readonly kind: 'jwksUri' | 'discovery' }>;

/** Fetched lazily, one fetch at a time; the last good set is kept over errors. Owns no timer. */
class RemoteKeySet implements KeySet {
  #keys: (Keys & { readonly fetchedAt: MonotonicMs }) | undefined;
  #fetching: Promise<Keys> | undefined;
  #failures = 0;
  #retryAt = 0;
  #lastFailure: unknown;

  constructor(
    private readonly issuer: IssuerConfig,
    private readonly source: Remote,
    private readonly options: KeySetOptions,
  ) {}

  async current(): Promise<Keys> {
    const keys = this.atHand();
    if (keys !== undefined) return keys;
    const old = this.#keys;
    return old === undefined ? this.#fetch() : this.#fetch().catch(() => old);
  }

  atHand(): Keys | undefined {
    const keys = this.#keys;
    if (keys === undefined) return undefined;
    const age = this.options.clock.monotonic() - keys.fetchedAt;
    if (age < KEYS_REFRESH_MS || this.#backingOff()) return keys;
    if (age >= KEYS_AGE_MS_MAX) return undefined;
    // Its failure is noted where it happens; the keys we have stay good.
    this.#fetch().catch(() => undefined);
    return keys;
  }

  async newer(seen: Keys): Promise<Keys | undefined> {
    const keys = this.#keys;
    if (keys !== undefined && keys !== seen) return keys;
    const fresh = keys !== undefined && this.options.clock.monotonic() - keys.fetchedAt < KEYS_COOLDOWN_MS;
    return fresh ? undefined : this.#fetch();
  }

  #backingOff(): boolean {
    return this.#failures > 0 && this.options.clock.monotonic() < this.#retryAt;
  }

  #fetch(): Promise<Keys> {
    if (this.#fetching === undefined && this.#backingOff()) return Promise.reject(this.#unavailable());
    this.#fetching ??= this.#load().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #load(): Promise<Keys> {
    // Dated by the moment of asking: keys that were added while the answer was under way are not in it.
    const fetchedAt = this.options.clock.monotonic();
    const { source, issuer, options } = this;
    try {
      const issuers = [issuer.issuer, ...issuer.aliases];
      const list = await publicKeys(await fetchKeys({ source, issuers, fetch: options.fetch }), this.#keys?.list);
      // A mistake on the other side: taking it at its word would turn every good token away.
      if (list.length === 0) throw new Error('the key set holds no usable key');
      this.#failures = 0;
      this.#keys = { list, fetchedAt };
      return this.#keys;
    } catch (error) {
      this.#noteFailure(error);
      throw this.#unavailable();
    }
  }

  #noteFailure(error: unknown): void {
    const wait = Math.min(KEYS_RETRY_MS.max, KEYS_RETRY_MS.min * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryAt = this.options.clock.monotonic() + wait * (0.5 + this.options.prng() / 2);
    this.#lastFailure = error;
  }

  #unavailable(): RevocationError {
    const message = `the keys of the issuer ${this.issuer.issuer} cannot be had`;
    return new RevocationError('ERR_KEYS_UNAVAILABLE', message, { cause: this.#lastFailure });
  }
}

/** Each issuer gets a set of its own, so a `kid` of one never verifies a token of another (RFC 8725 section 3.8). */
export const createKeySet = (issuer: IssuerConfig, options: KeySetOptions): KeySet => {
  const source = issuer.keys;
  switch (source.kind) {
    case 'jwks':
      return fixedKeySet(() => publicKeys(source.jwks));
    case 'secret':
      return fixedKeySet(() => Promise.resolve([secretKey(source.secret)]));
    case 'jwksUri':
    case 'discovery':
      return new RemoteKeySet(issuer, source, options);
  }
};
