import { RevocationError, type ErrorCode } from '@revocast/core';
import { type TokenClaims, type TokenHeader } from './answer.js';
import { type IssuerConfig } from './issuer-config.js';

const refuse = (code: ErrorCode, config: IssuerConfig, why: string): RevocationError =>
  new RevocationError(code, `a token of the issuer ${config.issuer} ${why}`);

/** `typ` is a media type in which `application/` may be left out, compared without case (RFC 7515 section 4.1.9). */
export const normalType = (typ: string): string => typ.toLowerCase().replace(/^application\//, '');

const checkType = (typ: unknown, config: IssuerConfig): void => {
  const type = typ === undefined ? null : typeof typ === 'string' ? normalType(typ) : undefined;
  if (type === undefined || !config.tokenTypes.includes(type)) {
    throw refuse('ERR_TOKEN_TYPE', config, 'has a typ header that is not allowed');
  }
};

/**
 * Judges the header before any key is looked for. Keys that come with the token (`jwk`, `jku`, `x5u`, `x5c`) are never
 * read (RFC 8725 section 3.10). Returns what is needed to find the key. Throws ERR_TOKEN_SIGNATURE or ERR_TOKEN_TYPE.
 */
export const checkHeader = (
  header: TokenHeader,
  config: IssuerConfig,
): { readonly algorithm: string; readonly kid: string | undefined } => {
  const { alg, kid, crit, typ } = header;
  const algorithm = config.algorithms.find((allowed) => allowed === alg);
  if (algorithm === undefined) throw refuse('ERR_TOKEN_SIGNATURE', config, 'has an algorithm that is not allowed');
  // We understand no extension, and what is critical must be understood (RFC 7515 section 4.1.11).
  if (crit !== undefined) throw refuse('ERR_TOKEN_SIGNATURE', config, 'has a critical header');
  if (kid !== undefined && typeof kid !== 'string')
    throw refuse('ERR_TOKEN_SIGNATURE', config, 'has a kid that is no text');
  checkType(typ, config);
  return { algorithm, kid };
};

/** Claims that only ID tokens have (OIDC Core sections 2 and 3.3.2.11). */
const ID_TOKEN_CLAIMS = ['at_hash', 'c_hash', 's_hash'];

/** How issuers mark, in claims, what is no access token: Keycloak by `typ`, Cognito by `token_use`, others by `token_type`. */
const OTHER_KINDS: Readonly<Record<string, readonly string[]>> = {
  typ: ['id', 'refresh', 'offline', 'logout'],
  token_use: ['id', 'refresh'],
  token_type: ['id', 'refresh'],
};

const hasMarker = (claims: TokenClaims): boolean =>
  Object.entries(OTHER_KINDS).some(([claim, kinds]) => {
    const value = claims[claim];
    return typeof value === 'string' && kinds.includes(value.toLowerCase());
  });

/**
 * `nonce` belongs to ID tokens, but Azure AD B2C and old Keycloak versions copy it into access tokens.
 * Those have a scope, which ID tokens never have.
 */
const isNonceOfIdToken = (claims: TokenClaims): boolean =>
  claims['nonce'] !== undefined && claims['scope'] === undefined && claims['scp'] === undefined;

/** What is signed by the same keys but lets nobody in (RFC 8725 sections 3.11 and 3.12). */
const otherKind = (claims: TokenClaims): string | undefined => {
  if (claims['events'] !== undefined) return 'is a logout token or a security event';
  if (claims['token_introspection'] !== undefined) return 'is an introspection answer';
  if (hasMarker(claims)) return 'is an ID token or a refresh token';
  if (ID_TOKEN_CLAIMS.some((claim) => claims[claim] !== undefined) || isNonceOfIdToken(claims)) return 'is an ID token';
  return undefined;
};

const checkRequiredValues = (claims: TokenClaims, config: IssuerConfig): void => {
  for (const [claim, allowed] of Object.entries(config.requireValues)) {
    const value = claims[claim];
    if (typeof value !== 'string' || !allowed.includes(value)) {
      throw refuse('ERR_TOKEN_CLAIMS', config, `lacks the required value of ${claim}`);
    }
  }
};

const checkAudience = (aud: unknown, config: IssuerConfig): void => {
  if (config.audience === false) return;
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!config.audience.some((audience) => named.includes(audience))) {
    throw refuse('ERR_TOKEN_AUDIENCE', config, 'is meant for another audience');
  }
};

/** Judges the verified claims except for times. Throws ERR_TOKEN_TYPE, ERR_TOKEN_CLAIMS or ERR_TOKEN_AUDIENCE. */
export const checkClaims = (claims: TokenClaims, config: IssuerConfig): void => {
  const other = otherKind(claims);
  if (other !== undefined) throw refuse('ERR_TOKEN_TYPE', config, other);
  checkRequiredValues(claims, config);
  checkAudience(claims['aud'], config);
};

/** Throws ERR_TOKEN_NOT_YET_VALID, or ERR_TOKEN_CLAIMS for an `nbf` that is no time. `nowSeconds` since 1970. */
export const checkNotBefore = (nbf: unknown, config: IssuerConfig, nowSeconds: number): void => {
  if (nbf === undefined) return;
  if (typeof nbf !== 'number' || !Number.isFinite(nbf))
    throw refuse('ERR_TOKEN_CLAIMS', config, 'has an nbf that is no time');
  if (nbf > nowSeconds + config.clockSkewSeconds) throw refuse('ERR_TOKEN_NOT_YET_VALID', config, 'is not valid yet');
};
