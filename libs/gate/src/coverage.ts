import { type IssuerCoverage, type Scope, type TokenFacts } from '@revocast/core';

/** Only the latest tokens count: what an issuer sent before its settings changed says nothing about the next kill. */
export const COVERAGE_TOKENS_MAX = 10_000;

/** Scopes that hit a token only if it carries their claims; `issuer` and `key` hit every token. */
const CLAIM_SCOPES = ['token', 'session', 'subject', 'client', 'grant', 'device'] as const satisfies readonly Scope[];
type ClaimScope = (typeof CLAIM_SCOPES)[number];

const CARRIES: Readonly<Record<ClaimScope, (facts: TokenFacts) => boolean>> = {
  token: ({ jti }) => jti !== undefined,
  session: ({ sid }) => sid !== undefined,
  subject: ({ sub }) => sub !== undefined,
  client: ({ clientId }) => clientId !== undefined,
  grant: ({ sub, clientId }) => sub !== undefined && clientId !== undefined,
  device: ({ deviceId }) => deviceId !== undefined,
};

/** Which claims the latest tokens of one issuer carried: a ring of one byte per token. */
export class CoverageWindow {
  readonly #ring = new Uint8Array(COVERAGE_TOKENS_MAX);
  readonly #seen = CLAIM_SCOPES.map(() => 0);
  #next = 0;
  #tokens = 0;

  note(facts: TokenFacts): void {
    const carried = CLAIM_SCOPES.reduce((bits, scope, bit) => bits | (Number(CARRIES[scope](facts)) << bit), 0);
    this.#count(this.#ring[this.#next] ?? 0, -1);
    this.#count(carried, 1);
    this.#ring[this.#next] = carried;
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
