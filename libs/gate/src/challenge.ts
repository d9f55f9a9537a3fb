import { RevocationError, type ErrorCode, type Hit, type Prng, type TokenFacts } from '@revocast/core';
import { type Refusal } from './answer.js';

/** Seconds after which a client may ask again; short, since a node is usually current again within a moment. */
export const RETRY_AFTER_SECONDS = { min: 1, max: 5 } as const;

/** RFC 6750 section 3: printable ASCII without quote and backslash, so these are constants and never built from a token. */
const bearer = (error: string, description: string, parameters = ''): string =>
  `Bearer error="${error}", error_description="${description}"${parameters}`;

const DESCRIPTIONS: Readonly<Partial<Record<ErrorCode, string>>> = {
  ERR_TOKEN_EXPIRED: 'The access token expired',
  ERR_TOKEN_NOT_YET_VALID: 'The access token is not valid yet',
  ERR_TOKEN_REVOKED: 'The access token is revoked',
  ERR_TOKEN_AUDIENCE: 'The access token is meant for another audience',
};

/**
 * A cut-off on `auth_time` ends when the user logs in again, not when the client refreshes. `max_age` is what makes
 * clients ask for that (RFC 9470 section 3); 0 means an authentication now, which is later than any cut-off.
 */
const AUTHENTICATE_AGAIN = bearer(
  'insufficient_user_authentication',
  'The access token is revoked until the user authenticates again',
  ', max_age="0"',
);

const invalidToken = (code: ErrorCode): string =>
  bearer('invalid_token', DESCRIPTIONS[code] ?? 'The access token is not valid');

/** Nothing is wrong with the token: a 401 would make the client throw a good session away. */
export const unavailable = (code: 'ERR_KEYS_UNAVAILABLE' | 'ERR_REVOCATION_UNKNOWN', prng: Prng): Refusal => {
  const { min, max } = RETRY_AFTER_SECONDS;
  return { outcome: 'refuse', status: 503, code, retryAfterSeconds: min + Math.floor(prng() * (max - min + 1)) };
};

/** No credentials at all: no error code either (RFC 6750 section 3.1). */
export const MISSING: Refusal = { outcome: 'refuse', status: 401, code: 'ERR_TOKEN_MISSING', challenge: 'Bearer' };

/** The request names its token in no way that RFC 6750 section 2.1 knows. */
export const invalidRequest = (description: string): Refusal => ({
  outcome: 'refuse',
  status: 400,
  code: 'ERR_TOKEN_MALFORMED',
  challenge: bearer('invalid_request', description),
});

export const revoked = (hit: Hit, facts: TokenFacts): Refusal => ({
  outcome: 'refuse',
  status: 401,
  code: 'ERR_TOKEN_REVOKED',
  challenge: hit.byAuthTime ? AUTHENTICATE_AGAIN : invalidToken('ERR_TOKEN_REVOKED'),
  revocationId: hit.revocationId,
  scope: hit.scope,
  facts,
});

/** The answer to a token that was verified and is not good any more. */
export const outlived = (code: 'ERR_TOKEN_ISSUER_UNKNOWN' | 'ERR_TOKEN_EXPIRED', facts: TokenFacts): Refusal => ({
  outcome: 'refuse',
  status: 401,
  code,
  challenge: invalidToken(code),
  facts,
});

/** The answer to a token that did not verify. Throws `error` again when it is no judgement of the token but a defect. */
export const unverified = (error: unknown, prng: Prng): Refusal => {
  if (!(error instanceof RevocationError)) throw error;
  if (error.code === 'ERR_KEYS_UNAVAILABLE') return unavailable(error.code, prng);
  if (!error.code.startsWith('ERR_TOKEN_')) throw error;
  return { outcome: 'refuse', status: 401, code: error.code, challenge: invalidToken(error.code) };
};
