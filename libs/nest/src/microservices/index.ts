export { EVENT_BATCH_MAX, type EventSource, type EventStart } from './event-cursor.js';
export {
  type EventPosition,
  type LiftedEvent,
  type ResyncEvent,
  type RevocationEvent,
  type RevokedEvent,
} from './events.js';
export {
  HANDLER_ATTEMPTS_MAX,
  REVOCATIONS,
  RevocationContext,
  RevocationsStrategy,
  type ReactionCounters,
  type RevocationsStrategyOptions,
} from './revocations-strategy.js';
