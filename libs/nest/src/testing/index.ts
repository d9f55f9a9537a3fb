export { RevocationTestingModule, type OverridableBuilder } from './revocation-testing.module.js';
export {
  TestRevocations,
  unsignedTestToken,
  type TestRevocation,
  type TestRevocationsOptions,
  type TestState,
} from '@revocast/node/testing';
