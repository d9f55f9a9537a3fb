import { expect } from '@jest/globals';
import { type ErrorCode } from '@revocast/core';
import {
  createTokenVerifier,
  parseIssuers,
  type IssuerInput,
  type Verified,
  type VerifyOptions,
} from '../src/index.js';
import { handClock } from './world.js';

/** Verifies at the standing time of a hand clock. */
export const verifyWith = (
  issuers: readonly IssuerInput[],
  token: string,
  options?: VerifyOptions,
): Promise<Verified> =>
  createTokenVerifier({ issuers: parseIssuers(issuers), clock: handClock() }).verify(token, options);

export const expectRefused = async (verified: Promise<unknown>, code: ErrorCode): Promise<void> => {
  await expect(verified).rejects.toMatchObject({ name: 'RevocationError', code });
};
