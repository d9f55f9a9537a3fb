import { type IssuerCoverage, type Scope, type TokenFacts } from '@revocast/core';

/** Only the latest tokens count: what an issuer sent before its settings changed says nothing about the next kill. */
export const COVERAGE_TOKENS_MAX = 10_000;

/** Scopes that hit a token only if it carries their claims; `issuer` and `key` hit every token. */
const CLAIM_SCOPES = ['token', 'session', 'subject', 'client', 'grant', 'device'] as const satisfies readonly Scope[];

/** One bit for each of them, in their order. */
export const carriedBy = ({ jti, sid, sub, clientId, deviceId }: TokenFacts): number =>
  (jti === undefined ? 0 : 1) |
  (sid === undefined ? 0 : 2) |
  (sub === undefined ? 0 : 4) |
  (clientId === undefined ? 0 : 8) |
  (sub === undefined || clientId === undefined ? 0 : 16) |
  (deviceId === undefined ? 0 : 32);

/** Which claims the latest tokens of one issuer carried: a ring of one byte per token. */
export class CoverageWindow {
  readonly #ring = new Uint8Array(COVERAGE_TOKENS_MAX);
  readonly #seen = CLAIM_SCOPES.map(() => 0);
  #next = 0;
  #tokens = 0;

  /** `carried` as `carriedBy` says it. */
  note(carried: number): void {
    const leaving = this.#ring[this.#next] ?? 0;
    // Tokens of one issuer nearly always carry the same claims, and this is paid by every request.
    if (carried !== leaving) {
      this.#count(leaving, -1);
      this.#count(carried, 1);
      this.#ring[this.#next] = carried;
    }
    this.#next = (this.#next + 1) % COVERAGE_TOKENS_MAX;
    this.#tokens = Math.min(this.#tokens + 1, COVERAGE_TOKENS_MAX);
  }

  counts(scopes: readonly Scope[]): Pick<IssuerCoverage, 'tokens' | 'seen'> {
    const counts = CLAIM_SCOPES.map((scope, bit) => [scope, this.#seen[bit] ?? 0] as const);
    return { tokens: this.#tokens, seen: Object.fromEntries(counts.filter(([scope]) => scopes.includes(scope))) };
  }

  #count(carried: number, by: 1 | -1): void {
    for (const bit of CLAIM_SCOPES.keys()) this.#seen[bit] = (this.#seen[bit] ?? 0) + by * ((carried >> bit) & 1);
  }
}
