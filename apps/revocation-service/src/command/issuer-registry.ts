import { type IssuerSettings, RevocationError } from '@revocast/core';
import { type IssuerConfig, issuerSettings } from '@revocast/gate';

/** One issuer as the service uses it: how to verify its tokens, and what travels in the log. */
export interface KnownIssuer {
  readonly config: IssuerConfig;
  readonly settings: IssuerSettings;
}

/** The issuers whose tokens can be revoked. They may change while the service runs. */
export class IssuerRegistry {
  #issuers = new Map<string, KnownIssuer>();
  readonly #listeners = new Set<(issuers: readonly KnownIssuer[]) => void>();

  constructor(configs: readonly IssuerConfig[]) {
    this.#issuers = byName(configs);
  }

  all(): readonly KnownIssuer[] {
    return [...new Set(this.#issuers.values())];
  }

  /** By name or alias, compared byte for byte. Throws ERR_ISSUER_UNKNOWN. */
  get(issuer: string): KnownIssuer {
    const known = this.find(issuer);
    if (known === undefined) throw new RevocationError('ERR_ISSUER_UNKNOWN', 'The issuer is not configured here.');
    return known;
  }

  find(issuer: string): KnownIssuer | undefined {
    return this.#issuers.get(issuer);
  }

  replace(configs: readonly IssuerConfig[]): void {
    this.#issuers = byName(configs);
    for (const listener of this.#listeners) listener(this.all());
  }

  onChange(listener: (issuers: readonly KnownIssuer[]) => void): void {
    this.#listeners.add(listener);
  }
}

function byName(configs: readonly IssuerConfig[]): Map<string, KnownIssuer> {
  const issuers = new Map<string, KnownIssuer>();
  for (const config of configs) {
    const known = { config, settings: issuerSettings(config) };
    for (const name of [config.issuer, ...config.aliases]) issuers.set(name, known);
  }
  return issuers;
}
