export * from './units.js';
export * from './clock.js';
export * from './errors.js';
export * from './scope.js';
export * from './revocation.js';
export {
  type Condition,
  CONDITION_SCOPES,
  conditionText,
  createWave,
  EXCEPT_CLIENTS_BYTES_MAX,
  EXCEPT_CLIENTS_MAX,
  parseCondition,
  type Spread,
  SPREAD_SECONDS_MAX,
  type Wave,
} from './condition.js';
export * from './issuer-settings.js';
export * from './token.js';
export * from './issuer-pattern.js';
export { KeyMemo } from './key-memo.js';
export * from './verdict.js';
export * from './revocation-index.js';
export * from './record.js';
export * from './heartbeat.js';
export * from './refusal-report.js';
export * from './live-tokens.js';
export * from './feed.js';
export * from './log-identity.js';
export * from './snapshot.js';
export * from './follower.js';
export { createFollower } from './create-follower.js';
export {
  isKeyField,
  isScope,
  KEY_KINDS,
  type KeyFields,
  type KeyKind,
  keyFields,
  keyOf,
  kindOf,
  parseKey,
  tokenKey,
} from './key.js';
export * from './cut-off.js';
export * from './retention.js';
export * from './claims.js';
export * from './settings.js';
export * from './filter.js';
export { createBlockedFilter } from './blocked-filter.js';
export { type BloomFiltersModule, createBloomFiltersFilter } from './bloom-filters-filter.js';
export { createIndex, type IndexOptions } from './compact-index.js';
export { LOCAL_ENTRIES_MAX, LOCAL_ENTRY_DAYS_MAX, LOCAL_FILE_VERSION, MODE_OVERRIDE_HOURS_MAX } from './local-file.js';
export { LOCAL_ID_PREFIX } from './local-revocations.js';
export {
  isWeaker,
  type ModeOverrideStatus,
  OVERRIDE_NOTICE_MS,
  OVERRIDE_TRUST_MS,
  weakestOf,
} from './mode-override.js';
export {
  besideLocal,
  LocalOverrides,
  type LocalOverridesOptions,
  type LocalOverridesStatus,
  type LocalReading,
} from './local-overrides.js';
export {
  createFleetView,
  type FleetReference,
  type FleetView,
  type FleetViewOptions,
  type NodeView,
  NODE_STATES,
  type NodeState,
} from './fleet.js';
export {
  type AppliedNode,
  type NotCountedNode,
  type NotCountedReason,
  type OpenNode,
  type Propagation,
  type PropagationQuery,
  type PropagationState,
  type ServicePropagation,
} from './propagation.js';
export {
  CANARIES_MAX,
  CANARY_OUTCOMES,
  CANARY_PREFIX,
  canaryFacts,
  isCanary,
  type CanaryOutcome,
  type CanaryReport,
} from './canary.js';
