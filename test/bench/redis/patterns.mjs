// The contenders: a guard with its options, whose broker it follows, and whether it listens only once it has reached it.
const pattern = (title, broker, options) => ({ title, broker, options, waitsForBroker: options.guard === 'pubsub' });

export const PATTERNS = {
  unchecked: pattern('signature only, no revocation', 'redis', { guard: 'unchecked' }),
  get: pattern('Redis, a GET per request', 'redis', { guard: 'get' }),
  getOrPass: pattern('Redis, a GET per request, passes on error', 'redis', { guard: 'get', whenDown: 'pass' }),
  pubsub: pattern('Redis, pub/sub into a Map', 'redis', { guard: 'pubsub' }),
  pubsubRescan: pattern('Redis, pub/sub, SCAN again on reconnect', 'redis', { guard: 'pubsub', rescan: true }),
  revocast: pattern('Revocast', 'ours', { guard: 'revocast' }),
  revocastUncached: pattern('Revocast, token cache off', 'ours', { guard: 'revocast', tokenCache: false }),
};
