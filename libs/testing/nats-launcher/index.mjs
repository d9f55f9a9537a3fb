export { ensureNatsServer, NatsServerUnavailableError } from './find.mjs';
export { OLDEST_VERSION, PINNED_VERSION } from './releases.mjs';
export { PortTakenError, startNatsServer } from './start.mjs';
