export * from './issuer-config.js';
export * from './issuers.js';
export { auth0, cognito, entra, keycloak, nestJwt, oidc, okta } from './presets.js';
export * from './answer.js';
export * from './credentials.js';
export * from './verify.js';
export * from './gate.js';
export { TOKEN_BYTES_MAX } from './compact-token.js';
export { COVERAGE_TOKENS_MAX } from './coverage.js';
