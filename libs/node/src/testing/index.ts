export { TestRevocations, type TestRevocation, type TestRevocationsOptions } from './test-revocations.js';
export { type TestState } from './test-follower.js';
export { unsignedTestToken } from './test-token.js';
