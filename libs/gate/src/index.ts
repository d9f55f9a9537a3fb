export * from './issuer-config.js';
export * from './issuers.js';
export {
  FAMILY_MEMBERS_MAX,
  FAMILY_UNPROVEN_MAX,
  familyMembers,
  NEW_ISSUERS_AT_ONCE,
  NEW_ISSUERS_PER_SECOND,
} from './issuer-families.js';
export { auth0, cognito, entra, keycloak, nestJwt, oidc, okta } from './presets.js';
export * from './answer.js';
export * from './credentials.js';
export * from './verify.js';
export { keyUrlProblem } from './key-url.js';
export { createTokenVerifier } from './jwt-verifier.js';
export { createGate, STRICTNESS, type Gate, type GateOptions, type ReloadableGate, type RoutePolicy } from './gate.js';
export { type ClaimsPolicy } from './claimed-facts.js';
export { invalidRequest } from './challenge.js';
export { parseStrictObject } from './strict-json.js';
export { TOKEN_BYTES_MAX } from './compact-token.js';
export {
  tokenCacheBounds,
  TOKEN_CACHE_BYTES_MAX_DEFAULT,
  TOKEN_CACHE_ENTRIES_MAX_DEFAULT,
  type TokenCacheOptions,
  type TokenCacheStatus,
} from './token-cache.js';
export { COVERAGE_TOKENS_MAX } from './coverage.js';
