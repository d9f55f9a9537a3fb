export { revocation, type RevocationMiddleware, type RevocationOptions } from './middleware.js';
