export { Public, RevocationPolicy, type RoutePolicy } from './decorators.js';
export { LIVE_CONNECTIONS_MAX_DEFAULT, type NodeIdentity, type RevocationModuleOptions } from './options.js';
export { LOCAL_FILE_BYTES_MAX, localFile, type LocalSource } from './local-source.js';
export { LocalWatch, type LocalWatchParts } from './local-watch.js';
export { RevocationModule, type RevocationModuleAsyncOptions } from './revocation.module.js';
export { RevocationGuard, type RevocationRequest } from './revocation.guard.js';
export { RevocationRefusal, type RefusalProblem, type Refused } from './refusal.js';
export { RevocationChecker } from './revocation-checker.js';
export { LiveConnections } from './live-connections.js';
export { RevocationHealthIndicator, type RevocationHealth } from './revocation-health.js';
export { RevocationNode, type NodeStatus, type RevocationNodeParts } from './revocation-node.js';
// The presets of issuers, so that a team needs one import: `issuers: [keycloak({ issuer, audience })]`.
export { auth0, cognito, entra, keycloak, nestJwt, oidc, okta, type IssuerInput } from '@revocast/gate';
