import { type Clock, type RevocationSource } from '@revocast/core';
import { createGate, type Gate, type IssuerConfig, type ReloadableGate } from '@revocast/gate';

/** The gate for the issuers of the moment. */
export class TokenTrust {
  #gate: ReloadableGate;

  constructor(source: RevocationSource, clock: Clock, issuers: readonly IssuerConfig[]) {
    this.#gate = createGate({ issuers, source, mode: 'strict', clock });
  }

  gate(): Gate {
    return this.#gate;
  }

  /** Issuers that stay keep the keys that were fetched for them. */
  replace(issuers: readonly IssuerConfig[]): void {
    this.#gate = this.#gate.withIssuers(issuers);
  }
}
