import { createHash } from 'node:crypto';
import {
  factsFrom,
  RevocationError,
  type Clock,
  type EpochMs,
  type IssuerSettings,
  type Prng,
  type TokenFacts,
} from '@revocast/core';
import { type TokenClaims, type Verified } from './answer.js';
import { readCompactToken } from './compact-token.js';
import { type IssuerConfig } from './issuer-config.js';
import { issuerSettings } from './issuers.js';
import { type Fetch } from './key-fetch.js';
import { createKeySet, type KeySet } from './key-set.js';
import { findSigningKey } from './signature.js';
import { checkClaims, checkHeader, checkNotBefore } from './token-rules.js';

export interface TokenVerifierOptions {
  readonly issuers: readonly IssuerConfig[];
  readonly clock: Clock;
  /** For key sets; default the global one. */
  readonly fetch?: Fetch;
  /** Jitter of the back-off; default `Math.random`. */
  readonly prng?: Prng;
}

export interface VerifyOptions {
  /** For tokens that are to be revoked or explained, not let in. */
  readonly ignoreExpiry?: boolean;
}

/** Verifies tokens without asking for revocations: for the gate, and for operators of the service. */
export interface TokenVerifier {
  /** Throws RevocationError: an ERR_TOKEN_* code, or ERR_KEYS_UNAVAILABLE. */
  verify(token: string, options?: VerifyOptions): Promise<Verified>;
  /** Whether a token verified earlier would be refused now: its issuer was taken out, or `exp` plus clock skew is reached. */
  refusalNow(facts: TokenFacts): 'ERR_TOKEN_ISSUER_UNKNOWN' | 'ERR_TOKEN_EXPIRED' | undefined;
  /** A verifier of other issuers. Those whose keys are to be had as before keep the ones they have, also in an outage. */
  withIssuers(issuers: readonly IssuerConfig[]): TokenVerifier;
}

interface Trust {
  readonly config: IssuerConfig;
  readonly settings: IssuerSettings;
  readonly keySet: KeySet;
}

type KeySets = ReadonlyMap<string, KeySet>;

/** What a key set rests on. It may hold a secret, so it never leaves this file. */
const keySetName = ({ issuer, aliases, keys }: IssuerConfig): string => JSON.stringify([issuer, aliases, keys]);

const keySetsOf = (options: TokenVerifierOptions, earlier: KeySets): KeySets => {
  const { clock, fetch = globalThis.fetch, prng = Math.random } = options;
  return new Map(
    options.issuers.map((config) => {
      const name = keySetName(config);
      return [name, earlier.get(name) ?? createKeySet(config, { clock, fetch, prng })];
    }),
  );
};

/** Compared byte for byte: an alias is another spelling that somebody allowed, never a guess of ours. */
const trustByIss = (issuers: readonly IssuerConfig[], keySets: KeySets): ReadonlyMap<unknown, Trust> => {
  const byIss = new Map<unknown, Trust>();
  for (const config of issuers) {
    const keySet = keySets.get(keySetName(config));
    if (keySet === undefined) throw new RevocationError('ERR_INVARIANT', `no key set of the issuer ${config.issuer}`);
    const trust = { config, settings: issuerSettings(config), keySet };
    for (const iss of [config.issuer, ...config.aliases]) byIss.set(iss, trust);
    if (config.assumeIssuer) byIss.set(undefined, trust);
  }
  return byIss;
};

/** Computed only when asked for: a hash per request would cost more than the whole look-up. */
const lazyHash = (signingInput: string): (() => string) => {
  let hash: string | undefined;
  return () => (hash ??= createHash('sha256').update(signingInput, 'ascii').digest('base64url'));
};

const trustOf = (byIss: ReadonlyMap<unknown, Trust>, claims: TokenClaims): Trust => {
  const trust = byIss.get(claims['iss']);
  if (trust === undefined) throw new RevocationError('ERR_TOKEN_ISSUER_UNKNOWN', 'the token is of an unknown issuer');
  return trust;
};

/** Makes a verifier with its own key sets; keys are fetched when the first token of an issuer asks for them. */
export const createTokenVerifier = (options: TokenVerifierOptions): TokenVerifier =>
  new JwtVerifier(options, keySetsOf(options, new Map()));

class JwtVerifier implements TokenVerifier {
  readonly #byIss: ReadonlyMap<unknown, Trust>;

  constructor(
    private readonly options: TokenVerifierOptions,
    private readonly keySets: KeySets,
  ) {
    this.#byIss = trustByIss(options.issuers, keySets);
  }

  async verify(token: string, { ignoreExpiry = false }: VerifyOptions = {}): Promise<Verified> {
    const { header, claims, signingInput } = readCompactToken(token);
    const { config, settings, keySet } = trustOf(this.#byIss, claims);
    const key = await findSigningKey(keySet, { token, ...checkHeader(header, config) });
    if (key === undefined) {
      throw new RevocationError('ERR_TOKEN_SIGNATURE', `no key of the issuer ${config.issuer} verifies the token`);
    }
    checkClaims(claims, config);
    const now = this.options.clock.wall();
    checkNotBefore(claims['nbf'], config, now / 1000);
    // An alias or a missing iss is this issuer's by its settings: facts name it in one way only.
    const facts = factsFrom({ ...claims, iss: config.issuer }, settings, key, lazyHash(signingInput), now);
    if (!ignoreExpiry && hasExpired(facts, config, now))
      throw new RevocationError('ERR_TOKEN_EXPIRED', 'the token expired');
    return { claims, header, facts };
  }

  refusalNow(facts: TokenFacts): 'ERR_TOKEN_ISSUER_UNKNOWN' | 'ERR_TOKEN_EXPIRED' | undefined {
    const trust = this.#byIss.get(facts.issuer);
    if (trust === undefined) return 'ERR_TOKEN_ISSUER_UNKNOWN';
    return hasExpired(facts, trust.config, this.options.clock.wall()) ? 'ERR_TOKEN_EXPIRED' : undefined;
  }

  withIssuers(issuers: readonly IssuerConfig[]): TokenVerifier {
    const options = { ...this.options, issuers };
    return new JwtVerifier(options, keySetsOf(options, this.keySets));
  }
}

const hasExpired = (facts: TokenFacts, { clockSkewSeconds }: IssuerConfig, now: EpochMs): boolean =>
  now / 1000 >= facts.expiresAt + clockSkewSeconds;
