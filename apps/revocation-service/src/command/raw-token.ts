import { RevocationError, type TokenFacts } from '@revocast/core';
import { type Gate } from '@revocast/gate';
import { type RevokedToken } from './plan.js';

/**
 * Names a raw token by its `jti`, or else by the hash of its signing input. It is verified first (an expired one may be
 * revoked, too): an unverified `jti` could name the token of somebody else.
 * Throws ERR_TOKEN_UNVERIFIABLE, or ERR_KEYS_UNAVAILABLE when the issuer's keys cannot be had now.
 */
export async function revokedToken(
  verifier: Pick<Gate, 'verify'>,
  rawToken: string,
  issuer: string,
): Promise<RevokedToken> {
  const facts = await verifiedFacts(verifier, rawToken.trim());
  if (facts.issuer !== issuer) throw unverifiable('it is a token of another issuer');
  const key =
    facts.jti === undefined
      ? { scope: 'token' as const, signingInputHash: facts.signingInputHash() }
      : { scope: 'token' as const, jti: facts.jti };
  return { key, expiresAt: facts.expiresAt };
}

async function verifiedFacts(verifier: Pick<Gate, 'verify'>, token: string): Promise<TokenFacts> {
  try {
    return (await verifier.verify(token, { ignoreExpiry: true })).facts;
  } catch (error) {
    if (!(error instanceof RevocationError) || error.code === 'ERR_KEYS_UNAVAILABLE') throw error;
    throw unverifiable(error.code, error);
  }
}

const unverifiable = (because: string, cause?: unknown): RevocationError =>
  new RevocationError('ERR_TOKEN_UNVERIFIABLE', `The token cannot be verified: ${because}.`, { cause });
