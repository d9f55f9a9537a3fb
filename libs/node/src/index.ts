export { createNode, createRevocationNode } from './create-node.js';
export { RevocationNode, type NodeStatus, type RevocationNodeParts } from './revocation-node.js';
export {
  configError,
  LIVE_CONNECTIONS_MAX_DEFAULT,
  settingsFrom,
  type NodeIdentity,
  type RevocationNodeOptions,
  type RevocationSettings,
} from './options.js';
export {
  LiveConnections,
  type Closable,
  type ConnectionSource,
  type Held,
  type LiveConnectionSettings,
} from './live-connections.js';
export { healthOf, type HealthWarning, type RevocationHealth } from './health.js';
export { callerOf, httpGuard, requestChecker, writeRefusal, type Caller, type HttpGuard } from './http-guard.js';
export { authorizationOf, credentialsReader, type TokenOptions, type TokenRequest } from './credentials.js';
export { policyProblems, tightestPolicy, type PolicyBase } from './route-policy.js';
export { problemOf, refusalHeaders, type RefusalProblem } from './refusal.js';
export { LOCAL_FILE_BYTES_MAX, localFile, type LocalSource } from './local-source.js';
export { localFileLog, type NodeLog } from './local-log.js';
export { LocalWatch, type LocalWatchParts } from './local-watch.js';
export { FILTERS, loadFilter, type FilterName } from './load-filter.js';
export { EnvironmentReader, type Environment } from './environment.js';
export { ISSUERS, readNodeSettings, type NodeSettings } from './node-settings.js';
export {
  nodeFromEnvironment,
  type EnvironmentSettings,
  type FeedAdapter,
  type FromEnvironment,
} from './node-from-environment.js';
export { watchIssuers, type IssuersReload, type IssuersWatch } from './issuers-file.js';
export { nodeCounters, nodeGauges, VERDICT_LABELS, verdictLabel, type NodeReading } from './readings.js';
export { systemClock, systemSchedule } from './system.js';
// The presets of issuers, so that a team needs one import: `issuers: [keycloak({ issuer, audience })]`.
export { auth0, cognito, entra, keycloak, nestJwt, oidc, okta, type IssuerInput } from '@revocast/gate';
