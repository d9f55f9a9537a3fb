import { createHash, randomUUID } from 'node:crypto';
import { RevocationError } from '@revocast/core';
import { type TokenClaims } from '@revocast/gate';

/** Marks tokens that only the testing module accepts: no gate lets `alg: none` in, and no issuer names this type. */
const TEST_TOKEN_TYPE = 'revocast-unsigned-test+jwt';
export const TEST_ISSUER = 'https://issuer.test';
export const TEST_AUDIENCE = 'test';

/**
 * A token without a signature. `claims` override the defaults: issuer and audience of the testing module, subject
 * `alice`, a fresh `jti`, issued now, valid for an hour. A claim given as `undefined` is left out.
 */
export function unsignedTestToken(claims: TokenClaims = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const standard = { iss: TEST_ISSUER, aud: TEST_AUDIENCE, sub: 'alice', jti: randomUUID(), iat: now, exp: now + 3600 };
  return [{ alg: 'none', typ: TEST_TOKEN_TYPE }, { ...standard, ...claims }, undefined].map(encoded).join('.');
}

/** The claims of such a token. Throws ERR_TOKEN_MALFORMED for anything else, real tokens included. */
export function readUnsignedTestToken(token: string): TokenClaims {
  const [header, payload, signature] = token.split('.');
  const { alg, typ } = decoded(header);
  if (alg !== 'none' || typ !== TEST_TOKEN_TYPE || signature !== '') throw malformed();
  return decoded(payload);
}

export const signingInputHashOf = (token: string): string =>
  createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')), 'ascii')
    .digest('base64url');

const encoded = (part: object | undefined): string =>
  part === undefined ? '' : Buffer.from(JSON.stringify(part)).toString('base64url');

function decoded(part: string | undefined): TokenClaims {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as TokenClaims;
  } catch {
    // Not JSON: as malformed as JSON of another kind.
  }
  throw malformed();
}

const malformed = (): RevocationError =>
  new RevocationError('ERR_TOKEN_MALFORMED', 'The testing module accepts tokens of unsignedTestToken() only.');
