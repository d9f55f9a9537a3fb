export { Public, RevocationPolicy, type RoutePolicy } from './decorators.js';
export {
  FILTERS,
  LIVE_CONNECTIONS_MAX_DEFAULT,
  loadFilter,
  LOCAL_FILE_BYTES_MAX,
  localFile,
  LocalWatch,
  RevocationNode,
  type FilterName,
  type HealthWarning,
  type LocalSource,
  type LocalWatchParts,
  type NodeIdentity,
  type NodeStatus,
  type RefusalProblem,
  type RevocationHealth,
  type RevocationNodeParts,
} from '@revocast/node';
export {
  RevocationModule,
  type RevocationModuleAsyncOptions,
  type RevocationModuleOptions,
} from './revocation.module.js';
export { RevocationGuard, type RevocationRequest } from './revocation.guard.js';
export { GraphqlRefusal, RevocationRefusal, type RefusalExtensions, type Refused } from './refusal.js';
export { type RevocationGuardOptions, type VerifiedClaims } from './guard-options.js';
export { RevocationSockets } from './sockets.js';
export { RevocationChecker } from './revocation-checker.js';
export { LiveConnections } from './live-connections.js';
export { RevocationHealthIndicator } from './revocation-health.js';
// The presets of issuers, so that a team needs one import: `issuers: [keycloak({ issuer, audience })]`.
export { auth0, cognito, entra, keycloak, nestJwt, oidc, okta, type IssuerInput } from '@revocast/gate';
