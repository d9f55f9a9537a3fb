import { type ErrorCode, type Follower, type Hit, RevocationError, type Scope, type TokenFacts } from '@revocast/core';
import { assertMayTouch, type Operator } from '../auth/operator.js';
import { type TokenTrust } from './token-trust.js';

/** Why a token is accepted or refused, for an operator who holds it. */
export interface Explanation {
  /** Whether signature, type, audience and claims are right; an expired token still verifies. */
  readonly verified: boolean;
  /** Why it does not verify. */
  readonly code?: ErrorCode;
  readonly token?: {
    readonly issuer: string;
    readonly jti: string | null;
    readonly issuedAt: number;
    readonly expiresAt: number;
    readonly expired: boolean;
    readonly kid: string | null;
  };
  readonly hit: Hit | null;
  /** What a guard in strict mode that is as fresh as this service would answer. */
  readonly gate: {
    readonly outcome: 'pass' | 'refuse';
    readonly status: number;
    readonly code: ErrorCode | null;
    readonly scope?: Scope;
  };
}

/** Throws ERR_KEYS_UNAVAILABLE, and ERR_FORBIDDEN for a token of an issuer that is not the operator's. */
export async function explain(
  { trust, follower }: { readonly trust: TokenTrust; readonly follower: Follower },
  operator: Operator,
  rawToken: string,
): Promise<Explanation> {
  const token = rawToken.trim();
  const facts = await factsOf(trust, token);
  const gate = await gateAnswer(trust, token);
  if (facts instanceof RevocationError) return { verified: false, code: facts.code, hit: null, gate };
  assertMayTouch({ ...operator, scopes: undefined }, { issuer: facts.issuer, scope: 'token' });
  return {
    verified: true,
    token: {
      issuer: facts.issuer,
      jti: facts.jti ?? null,
      issuedAt: facts.issuedAt,
      expiresAt: facts.expiresAt,
      expired: gate.code === 'ERR_TOKEN_EXPIRED',
      kid: facts.kid ?? null,
    },
    hit: spelt(follower.find(facts)),
    gate,
  };
}

/** A hit spells its id when asked for it. */
const spelt = (hit: Hit | undefined): Hit | null =>
  hit === undefined ? null : { scope: hit.scope, revocationId: hit.revocationId, byAuthTime: hit.byAuthTime };

async function factsOf(trust: TokenTrust, token: string): Promise<TokenFacts | RevocationError> {
  try {
    return (await trust.gate().verify(token, { ignoreExpiry: true })).facts;
  } catch (error) {
    if (error instanceof RevocationError && error.code !== 'ERR_KEYS_UNAVAILABLE') return error;
    throw error;
  }
}

async function gateAnswer(trust: TokenTrust, token: string): Promise<Explanation['gate']> {
  const answer = await trust.gate().check(token);
  if (answer.outcome === 'pass') return { outcome: 'pass', status: 200, code: null };
  const { outcome, status, code, scope } = answer;
  return { outcome, status, code, ...(scope && { scope }) };
}
