export * from './units.js';
export * from './clock.js';
export * from './errors.js';
export * from './scope.js';
export * from './revocation.js';
export * from './issuer-settings.js';
export * from './token.js';
export * from './verdict.js';
export * from './revocation-index.js';
export * from './record.js';
export * from './heartbeat.js';
export * from './feed.js';
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
export * from './bloom-filter.js';
export { createIndex, type IndexOptions, RECLAIM_AFTER_SECONDS } from './plain-index.js';
export {
  createFleetView,
  type FleetReference,
  type FleetView,
  type FleetViewOptions,
  type NodeView,
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
