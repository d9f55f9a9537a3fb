import { createHash } from 'node:crypto';
import { factsFrom, KeyMemo, RevocationError, type EpochMs, type TokenFacts } from '@revocast/core';
import { type TokenClaims, type Verified } from './answer.js';
import { readCompactToken } from './compact-token.js';
import { carriedBy } from './coverage.js';
import { type IssuerConfig } from './issuer-config.js';
import { IssuerFamilies } from './issuer-families.js';
import { findSigningKey, type SignedBy } from './signature.js';
import {
  type Known,
  type Proven,
  type Recalled,
  type RecentToken,
  type TokenCache,
  type TokenCacheStatus,
} from './token-cache.js';
import { checkClaims, checkHeader, checkNotBefore } from './token-rules.js';
import { byIss, trustsOf, type Trust } from './trust.js';
import { type TokenVerifier, type TokenVerifierOptions, type VerifyOptions } from './verify.js';

/** Makes a verifier with its own key sets; keys are fetched when the first token of an issuer asks for them. */
export const createTokenVerifier = (options: TokenVerifierOptions): TokenVerifier => createRecallingVerifier(options);

/** The verifier of a gate: what it has verified once it need not verify again. Without a cache it recalls nothing. */
export const createRecallingVerifier = (options: TokenVerifierOptions, cache?: TokenCache): RecallingVerifier =>
  new JwtVerifier(options, trustsOf(options.issuers, surroundings(options)), familiesOf(options), cache);

export interface RecallingVerifier extends TokenVerifier {
  /** What a token says that was verified before, if all that this rested on still holds. Checks no signature. */
  recall(token: string): Recalled | undefined;
  /** Verifies the token, and recalls it from now on. */
  learn(token: string): Promise<Recalled>;
  /** Whether a token that this verifier recalled or learnt has expired since. */
  isOver(known: Known): boolean;
  /** The token's key is revoked: an entry of it would be of no use, and tokens of a leaked key can be had in any number. */
  forget(token: string): void;
  cacheStatus(): TokenCacheStatus | undefined;
  /** Tokens that were asked for since then; undefined without a cache. */
  recent(sinceSeconds: number, tokensMax: number): RecentTokens | undefined;
  withIssuers(issuers: readonly IssuerConfig[]): RecallingVerifier;
}

export interface RecentTokens {
  readonly tokens: readonly RecentToken[];
  /** There may be more. */
  readonly atLeast: boolean;
}

const surroundings = ({ clock, fetch = globalThis.fetch, prng = Math.random }: TokenVerifierOptions) => ({
  ...{ clock, fetch, prng },
});

const familiesOf = (options: TokenVerifierOptions): IssuerFamilies =>
  new IssuerFamilies(options.issuers, surroundings(options));

const hashOf = (signingInput: string): string => createHash('sha256').update(signingInput, 'ascii').digest('base64url');

/** Computed only when asked for: a hash per request would cost more than the whole look-up. */
const lazyHash = (signingInput: string): (() => string) => {
  let hash: string | undefined;
  return () => (hash ??= hashOf(signingInput));
};

interface Judged extends Verified {
  readonly trust: Trust;
  readonly signedBy: SignedBy;
}

class JwtVerifier implements RecallingVerifier {
  readonly #byIss: ReadonlyMap<unknown, Trust>;
  readonly #holds = (proven: Proven): boolean => this.#stillHolds(proven);

  constructor(
    private readonly options: TokenVerifierOptions,
    private readonly trusts: readonly Trust[],
    private readonly families: IssuerFamilies,
    private readonly cache: TokenCache | undefined,
  ) {
    this.#byIss = byIss(trusts);
  }

  async verify(token: string, options?: VerifyOptions): Promise<Verified> {
    const { claims, header, facts } = await this.#judge(token, options);
    return { claims, header, facts };
  }

  recall(token: string): Recalled | undefined {
    return this.cache?.recall(token, this.#holds);
  }

  async learn(token: string): Promise<Recalled> {
    const judged = await this.#judge(token);
    if (this.cache === undefined) return { claims: judged.claims, known: knownOf(judged) };
    return this.cache.keep(token, judged.claims, provenOf(judged, this.options.clock.wall() / 1000));
  }

  forget(token: string): void {
    this.cache?.forget(token);
  }

  cacheStatus(): TokenCacheStatus | undefined {
    return this.cache?.status();
  }

  recent(sinceSeconds: number, tokensMax: number): RecentTokens | undefined {
    if (this.cache === undefined) return undefined;
    const tokens = this.cache.recent(sinceSeconds, tokensMax);
    return { tokens, atLeast: tokens.length >= tokensMax || this.cache.isFull };
  }

  isOver({ endsAt }: Known): boolean {
    return this.options.clock.wall() / 1000 >= endsAt;
  }

  refusalNow(facts: TokenFacts): 'ERR_TOKEN_ISSUER_UNKNOWN' | 'ERR_TOKEN_EXPIRED' | undefined {
    // By its settings alone: nothing need be kept of an issuer whose live connection is asked about.
    const config = this.#byIss.get(facts.issuer)?.config ?? this.families.configOf(facts.issuer);
    if (config === undefined) return 'ERR_TOKEN_ISSUER_UNKNOWN';
    return hasExpired(facts, config, this.options.clock.wall()) ? 'ERR_TOKEN_EXPIRED' : undefined;
  }

  withIssuers(issuers: readonly IssuerConfig[]): RecallingVerifier {
    const options = { ...this.options, issuers };
    const trusts = trustsOf(issuers, surroundings(options), this.trusts);
    const families = new IssuerFamilies(issuers, surroundings(options), this.families);
    const kept = new Set(trusts);
    this.cache?.retain(({ trust }) => kept.has(trust) || families.keeps(trust));
    return new JwtVerifier(options, trusts, families, this.cache);
  }

  async #judge(token: string, { ignoreExpiry = false }: VerifyOptions = {}): Promise<Judged> {
    const { header, claims, signingInput } = readCompactToken(token);
    const trust = this.#trustOf(claims);
    const { config, settings, keySet } = trust;
    const signedBy = await findSigningKey(keySet, { token, ...checkHeader(header, config) });
    if (signedBy === undefined) {
      throw new RevocationError('ERR_TOKEN_SIGNATURE', `no key of the issuer ${config.issuer} verifies the token`);
    }
    checkClaims(claims, config);
    const now = this.options.clock.wall();
    checkNotBefore(claims['nbf'], config, now / 1000);
    // An alias or a missing iss is this issuer's by its settings: facts name it in one way only.
    const named = { ...claims, iss: config.issuer };
    const read = factsFrom(named, settings, signedBy.key, lazyHash(signingInput), now);
    const facts = config.family === undefined ? read : { ...read, family: config.family };
    this.families.proved(trust);
    if (!ignoreExpiry && hasExpired(facts, config, now))
      throw new RevocationError('ERR_TOKEN_EXPIRED', 'the token expired');
    return { claims, header, facts, trust, signedBy };
  }

  #trustOf({ iss }: TokenClaims): Trust {
    const trust = this.#byIss.get(iss) ?? (typeof iss === 'string' ? this.families.trustOf(iss) : undefined);
    if (trust === undefined) throw new RevocationError('ERR_TOKEN_ISSUER_UNKNOWN', 'the token is of an unknown issuer');
    return trust;
  }

  /** The signature and the claims cannot change; the issuer's settings and keys and the time can. */
  #stillHolds(proven: Proven): boolean {
    const { trust, facts } = proven;
    // Another object means other settings: an audience or an algorithm may have been taken out.
    if ((this.#byIss.get(facts.issuer) ?? this.families.atHand(facts.issuer)) !== trust) return false;
    const now = this.options.clock.wall() / 1000;
    if (now >= proven.endsAt || now < proven.startsAt) return false;
    // Also sets the refresh off that is due: a key that was taken out must end while nothing but known tokens come.
    const keys = trust.keySet.atHand();
    if (keys === undefined) return false;
    if (keys !== proven.keys) {
      if (!keys.list.includes(proven.key)) return false;
      proven.keys = keys;
    }
    proven.usedAt = now;
    return true;
  }
}

const hasExpired = (facts: TokenFacts, { clockSkewSeconds }: IssuerConfig, now: EpochMs): boolean =>
  now / 1000 >= facts.expiresAt + clockSkewSeconds;

const knownOf = ({ facts, trust }: Pick<Judged, 'facts' | 'trust'>): Known => ({
  ...{ facts, endsAt: facts.expiresAt + trust.config.clockSkewSeconds, carried: carriedBy(facts) },
});

/** What requests share is frozen. The hash is computed now, so that no part of the raw token is kept for it. */
const provenOf = ({ claims, facts, trust, signedBy: { key, keys } }: Judged, usedAt: number): Proven => {
  const hash = facts.signingInputHash();
  const kept = Object.defineProperty({ ...facts, signingInputHash: () => hash }, 'keyMemo', { value: new KeyMemo() });
  const startsAt = notBeforeOf(claims, trust) - trust.config.clockSkewSeconds;
  return { ...knownOf({ facts: Object.freeze(kept), trust }), trust, key, keys, usedAt, startsAt };
};

/** All three were found to be numbers, where they are there. */
const notBeforeOf = (claims: TokenClaims, { settings }: Trust): number => {
  const names = ['nbf', 'iat', ...(settings.cutoffClaim === 'auth_time' ? ['auth_time'] : [])];
  return Math.max(...names.map((name) => claims[name]).filter((time) => typeof time === 'number'));
};
