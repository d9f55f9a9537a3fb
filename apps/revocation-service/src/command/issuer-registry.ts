import { isIssuerPattern, type IssuerSettings, RevocationError } from '@revocast/core';
import { familyMembers, type IssuerConfig, issuerSettings } from '@revocast/gate';

/** One issuer as the service uses it: how to verify its tokens, and what travels in the log. */
export interface KnownIssuer {
  readonly config: IssuerConfig;
  readonly settings: IssuerSettings;
  /** The same settings under the name that they have in the log and that nodes report: of one of many, its pattern's. */
  readonly declaredAs: IssuerSettings;
}

/** The issuers whose tokens can be revoked. They may change while the service runs. */
export class IssuerRegistry {
  #configured: readonly KnownIssuer[] = [];
  #issuers: ReadonlyMap<string, KnownIssuer> = new Map();
  #memberOf: (issuer: string) => IssuerConfig | undefined = () => undefined;
  readonly #listeners = new Set<(issuers: readonly KnownIssuer[]) => void>();

  constructor(configs: readonly IssuerConfig[]) {
    this.#take(configs);
  }

  /** As configured: a pattern counts as one. */
  all(): readonly KnownIssuer[] {
    return this.#configured;
  }

  /** By name or alias, compared byte for byte. Throws ERR_ISSUER_UNKNOWN. */
  get(issuer: string): KnownIssuer {
    const known = this.find(issuer);
    if (known === undefined && isIssuerPattern(issuer)) {
      throw new RevocationError(
        'ERR_ISSUER_UNKNOWN',
        'Name one issuer, as its tokens do in iss: a pattern has no tokens.',
      );
    }
    if (known === undefined) throw new RevocationError('ERR_ISSUER_UNKNOWN', 'The issuer is not configured here.');
    return known;
  }

  find(issuer: string): KnownIssuer | undefined {
    const known = this.#issuers.get(issuer);
    if (known !== undefined) return known;
    const config = this.#memberOf(issuer);
    if (config === undefined) return undefined;
    const settings = issuerSettings(config);
    return { config, settings, declaredAs: { ...settings, issuer: config.family ?? issuer } };
  }

  replace(configs: readonly IssuerConfig[]): void {
    this.#take(configs);
    for (const listener of this.#listeners) listener(this.all());
  }

  onChange(listener: (issuers: readonly KnownIssuer[]) => void): void {
    this.#listeners.add(listener);
  }

  #take(configs: readonly IssuerConfig[]): void {
    this.#configured = configs.map(knownOf);
    this.#issuers = byName(this.#configured);
    this.#memberOf = familyMembers(configs);
  }
}

function knownOf(config: IssuerConfig): KnownIssuer {
  const settings = issuerSettings(config);
  return { config, settings, declaredAs: settings };
}

/** Single issuers alone: nobody's token names a pattern. */
function byName(configured: readonly KnownIssuer[]): Map<string, KnownIssuer> {
  const issuers = new Map<string, KnownIssuer>();
  for (const known of configured) {
    const { config } = known;
    if (isIssuerPattern(config.issuer)) continue;
    for (const name of [config.issuer, ...config.aliases]) issuers.set(name, known);
  }
  return issuers;
}
