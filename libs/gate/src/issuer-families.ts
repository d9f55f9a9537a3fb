import {
  compileIssuerPattern,
  filledIn,
  isIssuerPattern,
  RevocationError,
  type Clock,
  type IssuerPattern,
  type PatternValues,
} from '@revocast/core';
import { LRUCache } from 'lru-cache';
import { type IssuerConfig, type IssuerRule, type KeySource } from './issuer-config.js';
import { issuerSettings } from './issuers.js';
import { createKeySet, type KeySet, type KeySetOptions } from './key-set.js';
import { wellKnownUrls } from './key-url.js';
import { type Trust } from './trust.js';

/** Issuers of patterns whose keys are kept, of all patterns together; the one not seen for longest goes and is fetched again. */
export const FAMILY_MEMBERS_MAX = 10_000;

/**
 * Issuers that no verified token has come from yet. They have a place of their own, so that names which somebody makes up
 * drive out nobody who is known; while they are there their failed fetches are remembered.
 */
export const FAMILY_UNPROVEN_MAX = 1_000;

/** How many issuers not at hand are asked for their keys: so many at once, then so many a second. More are told to come back. */
export const NEW_ISSUERS_AT_ONCE = 500;
export const NEW_ISSUERS_PER_SECOND = 50;

export interface Family {
  readonly config: IssuerConfig;
  readonly pattern: IssuerPattern;
  /** Where all its issuers have the same keys: one set for all of them. */
  readonly sharedKeys: KeySet | undefined;
}

interface Member {
  readonly family: Family;
  readonly values: PatternValues;
}

/** The issuers that patterns stand for. What is kept of them is bounded, whatever names tokens come with. */
export class IssuerFamilies {
  readonly #families: readonly Family[];
  readonly #proven: LRUCache<string, Trust>;
  readonly #unproven: LRUCache<string, Trust>;
  readonly #admission: Admission;

  constructor(
    configs: readonly IssuerConfig[],
    private readonly options: KeySetOptions,
    earlier?: IssuerFamilies,
  ) {
    this.#families = configs
      .filter(({ issuer }) => isIssuerPattern(issuer))
      .map((config) => earlier?.familyLike(config) ?? familyOf(config, options));
    const isNeeded = this.#families.length > 0;
    this.#proven = new LRUCache({ max: isNeeded ? FAMILY_MEMBERS_MAX : 1 });
    this.#unproven = new LRUCache({ max: isNeeded ? FAMILY_UNPROVEN_MAX : 1 });
    this.#admission = new Admission(options.clock);
    if (earlier !== undefined) this.#takeOver(earlier);
  }

  /** The trust that is kept for an issuer, which judged its tokens before. */
  atHand(issuer: string): Trust | undefined {
    return this.#proven.get(issuer) ?? this.#unproven.get(issuer);
  }

  /** The same, made if need be. Undefined = of no pattern. Throws ERR_KEYS_UNAVAILABLE when too many new ones come at once. */
  trustOf(issuer: string): Trust | undefined {
    const known = this.atHand(issuer);
    if (known !== undefined) return known;
    const member = this.#memberOf(issuer);
    if (member === undefined) return undefined;
    if (member.family.sharedKeys === undefined && !this.#admission.admits()) throw tooManyNew();
    const trust = trustIn(member, issuer, this.options);
    this.#unproven.set(issuer, trust);
    return trust;
  }

  /** The settings of an issuer's pattern, whether or not anything is kept of it. */
  configOf(issuer: string): IssuerConfig | undefined {
    return this.#memberOf(issuer)?.family.config;
  }

  /** A token of it was verified, so it is real. */
  proved(trust: Trust): void {
    const { issuer, family } = trust.config;
    if (family === undefined || this.#unproven.get(issuer) !== trust) return;
    this.#unproven.delete(issuer);
    this.#proven.set(issuer, trust);
  }

  /** A pattern that stays as it is keeps all that is known of it, also while its provider is out. */
  familyLike(config: IssuerConfig): Family | undefined {
    return this.#families.find((family) => isSame(family.config, config));
  }

  /** Those of a pattern that stays as it was, in their order, the oldest first. */
  #takeOver(earlier: IssuerFamilies): void {
    const staying = new Set(this.#families.filter((family) => earlier.#families.includes(family)));
    const names = new Set([...staying].map(({ config }) => config.issuer));
    const isStaying = ({ config }: Trust): boolean => config.family !== undefined && names.has(config.family);
    earlier.#proven.rforEach((trust, issuer) => isStaying(trust) && this.#proven.set(issuer, trust));
    earlier.#unproven.rforEach((trust, issuer) => isStaying(trust) && this.#unproven.set(issuer, trust));
  }

  /** Whether tokens that were verified for this issuer may go on being recalled. */
  keeps(trust: Trust): boolean {
    return this.atHand(trust.config.issuer) === trust;
  }

  #memberOf(issuer: string): Member | undefined {
    for (const family of this.#families) {
      const values = family.pattern.match(issuer);
      if (values !== undefined && isAllowed(family.config.allow, values, issuer)) return { family, values };
    }
    return undefined;
  }
}

const tooManyNew = (): RevocationError =>
  new RevocationError(
    'ERR_KEYS_UNAVAILABLE',
    'tokens of too many new issuers come at once: their keys are fetched later',
  );

/** A rule that is missing allows nobody. */
const isAllowed = (rule: IssuerRule | undefined, values: PatternValues, issuer: string): boolean => {
  if (rule === undefined) return false;
  if (rule === 'any') return true;
  // Whatever else a function in code gives, such as a promise, is no yes.
  if (typeof rule === 'function') return (rule(values, issuer) as unknown) === true;
  return Object.entries(rule).every(([name, allowed]) => allowed.includes(values[name] ?? ''));
};

const familyOf = (config: IssuerConfig, options: KeySetOptions): Family => ({
  config,
  pattern: compileIssuerPattern(config.issuer),
  sharedKeys: isShared(config.keys) ? createKeySet(config, options) : undefined,
});

const isShared = (keys: KeySource): boolean =>
  keys.kind === 'jwks' || (keys.kind === 'jwksUri' && !isIssuerPattern(keys.url));

const configIn = ({ config }: Pick<Family, 'config'>, issuer: string, values: PatternValues): IssuerConfig => {
  const { allow: _allow, ...rest } = config;
  return { ...rest, issuer, family: config.issuer, keys: keysOf(config.keys, issuer, values) };
};

const trustIn = ({ family, values }: Member, issuer: string, options: KeySetOptions): Trust => {
  const config = configIn(family, issuer, values);
  const keySet = family.sharedKeys ?? createKeySet(config, options);
  return { name: issuer, config, settings: issuerSettings(config), keySet };
};

/**
 * Finds the config of one issuer among those of patterns: what the gate judges its tokens by. `family` of the result names
 * the pattern, under which nodes report the issuer and its settings are declared. Undefined = no pattern allows it.
 */
export const familyMembers = (configs: readonly IssuerConfig[]): ((issuer: string) => IssuerConfig | undefined) => {
  const families = configs
    .filter(({ issuer }) => isIssuerPattern(issuer))
    .map((config) => ({ config, pattern: compileIssuerPattern(config.issuer) }));
  return (issuer) => {
    for (const { config, pattern } of families) {
      const values = pattern.match(issuer);
      if (values !== undefined && isAllowed(config.allow, values, issuer)) return configIn({ config }, issuer, values);
    }
    return undefined;
  };
};

/** Discovery is of the issuer that the token names, and what is found there must name it too. */
const keysOf = (keys: KeySource, issuer: string, values: PatternValues): KeySource => {
  if (keys.kind === 'jwksUri') return { ...keys, url: filledIn(keys.url, values) ?? keys.url };
  if (keys.kind !== 'discovery') return keys;
  return {
    kind: 'discovery',
    urls: keys.urls.length === 0 ? wellKnownUrls(issuer) : keys.urls.map((url) => filledIn(url, values) ?? url),
  };
};

/** The same settings and the same function: another function may allow others. */
const isSame = (a: IssuerConfig, b: IssuerConfig): boolean =>
  JSON.stringify(a) === JSON.stringify(b) && (typeof a.allow !== 'function' || a.allow === b.allow);

/** So many at once, then so many a second. */
class Admission {
  #free = NEW_ISSUERS_AT_ONCE;
  #at: number;

  constructor(private readonly clock: Clock) {
    this.#at = clock.monotonic();
  }

  admits(): boolean {
    const now = this.clock.monotonic();
    this.#free = Math.min(NEW_ISSUERS_AT_ONCE, this.#free + ((now - this.#at) / 1000) * NEW_ISSUERS_PER_SECOND);
    this.#at = now;
    if (this.#free < 1) return false;
    this.#free -= 1;
    return true;
  }
}
