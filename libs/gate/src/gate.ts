import {
  decide,
  enforceableScopes,
  isIssuerPattern,
  RevocationError,
  settingsDigest,
  STALENESS_MS_MAX_DEFAULT,
  type IssuerCoverage,
  type LiveTokensCount,
  type LiveTokensQuestion,
  type Mode,
  type RevocationSource,
  type Scope,
  type TokenFacts,
  type Verdict,
} from '@revocast/core';
import {
  type ClaimsAnswer,
  type GateAnswer,
  type RecheckAnswer,
  type Refusal,
  type TokenClaims,
  type Verified,
} from './answer.js';
import { MISSING, outlived, revoked, unavailable, unverified } from './challenge.js';
import { claimedFacts, claimScopes, decideSeen, NOT_COVERED, type ClaimsPolicy } from './claimed-facts.js';
import { carriedBy, CoverageWindow } from './coverage.js';
import { type IssuerConfig } from './issuer-config.js';
import { familyMembers } from './issuer-families.js';
import { issuerSettings } from './issuers.js';
import { countLiveTokens } from './live-tokens.js';
import { createRecallingVerifier, type RecallingVerifier } from './jwt-verifier.js';
import {
  TokenCache,
  tokenCacheBounds,
  type Recalled,
  type TokenCacheOptions,
  type TokenCacheStatus,
} from './token-cache.js';
import { type TokenVerifierOptions, type VerifyOptions } from './verify.js';

/** What one route may ask beyond the gate's own settings: it can only tighten them. */
export interface RoutePolicy {
  /** Milliseconds; a value above the gate's own has no effect. */
  readonly stalenessMsMax?: number;
  /** A mode weaker than the one in force has no effect: so one route may be strict while the others are still observed. */
  readonly mode?: Mode;
}

export interface GateOptions extends TokenVerifierOptions {
  readonly source: RevocationSource;
  /** A function is asked with every answer: for a mode that may change while the process runs. */
  readonly mode: Mode | (() => Mode);
  /** Milliseconds, default 300,000: how old the last proof of being at the head may be. */
  readonly stalenessMsMax?: number;
  /** Called with every answer, for metrics and logs. What it throws fails the request. */
  readonly onVerdict?: (answer: GateAnswer | RecheckAnswer) => void;
  /** Bounds of the verified-token cache, or `false` to verify the signature on every check. Default: on, with its defaults. */
  readonly tokenCache?: false | TokenCacheOptions;
}

/**
 * Verifies a token and checks it against revocations.
 *
 *     const gate = createGate({ issuers: parseIssuers([keycloak({ issuer })]), source: follower, mode: 'strict', clock });
 *     const answer = await gate.check(token);
 */
export interface Gate {
  /** `undefined` = the request brought no credentials. Rejects only on a defect, never because of the token. */
  check(token: string | undefined, policy?: RoutePolicy): Promise<GateAnswer>;
  /** The same answer, at once if the token was verified before: for a guard, whose every wait is paid by each request. */
  checkNow(token: string | undefined, policy?: RoutePolicy): GateAnswer | Promise<GateAnswer>;
  /** Asks again for a token that was verified before, such as that of a live connection. No I/O. */
  recheck(facts: TokenFacts, policy?: RoutePolicy): RecheckAnswer;
  /**
   * Checks claims that another guard verified, whatever it left. What cannot be read as the claims of a token of a configured
   * issuer is never active: it is refused as unknown, and `observe` lets it pass. No I/O.
   */
  checkClaims(claims: unknown, policy?: RoutePolicy & ClaimsPolicy): ClaimsAnswer;
  /** Throws RevocationError: an ERR_TOKEN_* code, or ERR_KEYS_UNAVAILABLE. */
  verify(token: string, options?: VerifyOptions): Promise<Verified>;
  /**
   * Which scopes each issuer's tokens can be hit by, and which claims the latest 10,000 tokens really carried. With
   * `claims`: where nothing but claims of that kind is seen.
   */
  coverage(claims?: ClaimsPolicy): readonly IssuerCoverage[];
  /** The verified-token cache; undefined = it is off. */
  tokenCache(): TokenCacheStatus | undefined;
  /**
   * Counts, some hundred tokens a step, the live tokens that a revocation would hit and that no other one hits already. Gives
   * undefined at its end when the cache is off: then nobody knows.
   */
  liveTokens(question: LiveTokensQuestion): Generator<void, LiveTokensCount | undefined>;
}

/** A gate whose issuers may change while the process runs. */
export interface ReloadableGate extends Gate {
  /** The gate to use from now on. Issuers that stay keep the keys they have fetched, also in an outage, and their counts. */
  withIssuers(issuers: readonly IssuerConfig[]): ReloadableGate;
}

const validBound = (stalenessMsMax: number): number => {
  if (Number.isFinite(stalenessMsMax) && stalenessMsMax > 0) return stalenessMsMax;
  throw new RevocationError('ERR_CONFIG', 'stalenessMsMax must be a number of milliseconds above 0');
};

/** How much a mode refuses. */
export const STRICTNESS: Readonly<Record<Mode, number>> = { observe: 0, bestEffort: 1, strict: 2 };

/** Whether the request may go on under `mode`; decides nothing about a token that did not verify. */
const passes = (verdict: Verdict, mode: Mode): boolean => {
  switch (mode) {
    case 'observe':
      return true;
    case 'bestEffort':
      return verdict.kind === 'active' || (verdict.kind === 'unknown' && verdict.everCurrent);
    case 'strict':
      return verdict.kind === 'active';
  }
};

interface Watched {
  readonly config: IssuerConfig;
  readonly window: CoverageWindow;
}
type Watches = ReadonlyMap<string, Watched>;

const watchesOf = (issuers: readonly IssuerConfig[], earlier: Watches): Watches =>
  new Map(
    issuers.map((config) => [
      config.issuer,
      { config, window: earlier.get(config.issuer)?.window ?? new CoverageWindow() },
    ]),
  );

class TokenGate implements ReloadableGate {
  readonly #stalenessMsMax: number;
  readonly #memberOf: (issuer: string) => IssuerConfig | undefined;

  constructor(
    private readonly options: GateOptions,
    private readonly verifier: RecallingVerifier,
    private readonly watches: Watches,
  ) {
    this.#stalenessMsMax = validBound(options.stalenessMsMax ?? STALENESS_MS_MAX_DEFAULT);
    this.#memberOf = familyMembers(options.issuers);
  }

  async check(token: string | undefined, policy?: RoutePolicy): Promise<GateAnswer> {
    return this.checkNow(token, policy);
  }

  checkNow(token: string | undefined, policy?: RoutePolicy): GateAnswer | Promise<GateAnswer> {
    if (token === undefined) return this.#reported(MISSING);
    const recalled = this.verifier.recall(token);
    return recalled === undefined ? this.#checkAnew(token, policy) : this.#answer(token, recalled, policy);
  }

  recheck(facts: TokenFacts, policy?: RoutePolicy): RecheckAnswer {
    const verdict = this.#verdictOn(facts, policy);
    return this.#reported(this.#conclude(facts, verdict, this.verifier.refusalNow(facts), policy));
  }

  checkClaims(claims: unknown, policy?: RoutePolicy & ClaimsPolicy): ClaimsAnswer {
    const isObserved = this.#modeUnder(policy) === 'observe';
    const facts = this.#factsOfClaims(claims, policy);
    if (facts === undefined) {
      // Reported as what the other modes answer: there are no facts to report.
      const refusal = this.#reported(unavailable('ERR_REVOCATION_UNKNOWN', this.#prng));
      return isObserved ? { outcome: 'pass', verdict: NOT_COVERED } : refusal;
    }
    this.watches.get(facts.family ?? facts.issuer)?.window.note(carriedBy(facts));
    const verdict = this.#verdictOn(facts, policy);
    // The other guard lets a token in or not; while we observe, it alone.
    const refusal = isObserved ? undefined : this.verifier.refusalNow(facts);
    return this.#reported(this.#conclude(facts, verdict, refusal, policy));
  }

  verify(token: string, options?: VerifyOptions): Promise<Verified> {
    return this.verifier.verify(token, options);
  }

  coverage(claims?: ClaimsPolicy): readonly IssuerCoverage[] {
    return [...this.watches.values()].map(({ config, window }) => {
      const settings = issuerSettings(config);
      const scopes = claims === undefined ? enforceableScopes(settings) : claimScopes(settings, claims);
      return { issuer: config.issuer, scopes, settingsDigest: settingsDigest(settings), ...window.counts(scopes) };
    });
  }

  tokenCache(): TokenCacheStatus | undefined {
    return this.verifier.cacheStatus();
  }

  liveTokens(question: LiveTokensQuestion): Generator<void, LiveTokensCount | undefined> {
    const { source, clock } = this.options;
    return countLiveTokens(question, { source, clock, verifier: this.verifier });
  }

  withIssuers(issuers: readonly IssuerConfig[]): ReloadableGate {
    const watches = watchesOf(issuers, this.watches);
    return new TokenGate({ ...this.options, issuers }, this.verifier.withIssuers(issuers), watches);
  }

  async #checkAnew(token: string, policy: RoutePolicy | undefined): Promise<GateAnswer> {
    const verified = await this.#verified(token);
    return 'outcome' in verified ? this.#reported(verified) : this.#answer(token, verified, policy);
  }

  async #verified(token: string): Promise<Recalled | Refusal> {
    try {
      return await this.verifier.learn(token);
    } catch (error) {
      return unverified(error, this.#prng);
    }
  }

  /** The same for a token just verified and for one verified earlier: the cache spares the signature and nothing else. */
  #answer(token: string, { known, claims }: Recalled, policy: RoutePolicy | undefined): GateAnswer {
    const { facts } = known;
    this.watches.get(facts.family ?? facts.issuer)?.window.note(known.carried);
    // Nothing is awaited from here on: a proof of freshness read before a wait could run out during it.
    const verdict = this.#verdictOn(facts, policy);
    const refusal = this.verifier.isOver(known) ? 'ERR_TOKEN_EXPIRED' : undefined;
    const answer = this.#conclude(facts, verdict, refusal, policy);
    if (scopeHit(answer) === 'key') this.verifier.forget(token);
    if (answer.outcome === 'refuse') return this.#reported(answer);
    return this.#reported({ outcome: 'pass', facts, verdict: answer.verdict, claims });
  }

  #verdictOn(facts: TokenFacts, policy: RoutePolicy | undefined): Verdict {
    return decideSeen(facts, () => decide(this.options.source, facts, this.#boundUnder(policy)));
  }

  #factsOfClaims(claims: unknown, policy: ClaimsPolicy | undefined): TokenFacts | undefined {
    if (typeof claims !== 'object' || claims === null) return undefined;
    const { iss } = claims as { readonly iss?: unknown };
    const config = typeof iss === 'string' ? this.#configOf(iss) : undefined;
    return config && claimedFacts(claims as TokenClaims, config, policy ?? {}, this.options.clock.wall());
  }

  #configOf(iss: string): IssuerConfig | undefined {
    for (const { config } of this.watches.values()) {
      if (config.issuer === iss || config.aliases.includes(iss)) return isIssuerPattern(iss) ? undefined : config;
    }
    return this.#memberOf(iss);
  }

  /**
   * `refusal` is asked for after the look-up: a revocation stops counting once its tokens have expired, and a clock read
   * before it could call a token alive that the look-up no longer finds revoked.
   */
  #conclude(
    facts: TokenFacts,
    verdict: Verdict,
    refusal: ReturnType<RecallingVerifier['refusalNow']>,
    policy: RoutePolicy | undefined,
  ): RecheckAnswer {
    if (refusal !== undefined) return outlived(refusal, facts);
    if (passes(verdict, this.#modeUnder(policy))) return { outcome: 'pass', facts, verdict };
    if (verdict.kind === 'revoked') return revoked(verdict, facts);
    return { ...unavailable('ERR_REVOCATION_UNKNOWN', this.#prng), facts };
  }

  #boundUnder(policy: RoutePolicy | undefined): number {
    const own = this.#stalenessMsMax;
    return policy?.stalenessMsMax === undefined ? own : Math.min(own, validBound(policy.stalenessMsMax));
  }

  #modeUnder(policy: RoutePolicy | undefined): Mode {
    const { mode } = this.options;
    const own = typeof mode === 'function' ? mode() : mode;
    const asked = policy?.mode;
    return asked !== undefined && STRICTNESS[asked] > STRICTNESS[own] ? asked : own;
  }

  get #prng(): () => number {
    return this.options.prng ?? Math.random;
  }

  #reported<Answer extends GateAnswer | RecheckAnswer>(answer: Answer): Answer {
    this.options.onVerdict?.(answer);
    return answer;
  }
}

/** By which scope a revocation hit, also where the mode let the token pass. */
const scopeHit = (answer: RecheckAnswer): Scope | undefined => {
  if (answer.outcome === 'refuse') return answer.scope;
  return answer.verdict.kind === 'revoked' ? answer.verdict.scope : undefined;
};

export const createGate = (options: GateOptions): ReloadableGate => {
  const bounds = tokenCacheBounds(options.tokenCache);
  return createGateWith(options, bounds && new TokenCache(bounds));
};

/** For tests of what a cache must not do. */
export const createGateWith = (options: GateOptions, cache: TokenCache | undefined): ReloadableGate =>
  new TokenGate(options, createRecallingVerifier(options, cache), watchesOf(options.issuers, new Map()));
