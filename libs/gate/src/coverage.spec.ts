import { describe, expect, it } from '@jest/globals';
import { epochSeconds, SCOPES, type TokenFacts } from '@revocast/core';
import { carriedBy, COVERAGE_TOKENS_MAX, CoverageWindow } from './coverage.js';

const carried = (fields: Partial<TokenFacts>): number =>
  carriedBy({
    issuer: 'https://id.example',
    issuedAt: epochSeconds(0),
    expiresAt: epochSeconds(0),
    cutoffTime: undefined,
    signingInputHash: () => '',
    ...fields,
  });

describe('the coverage of an issuer', () => {
  it('counts which claims its tokens carried, a grant only with both of its claims', () => {
    const window = new CoverageWindow();
    window.note(carried({ sub: 'alice', clientId: 'app-1', jti: 't-1' }));
    window.note(carried({ sub: 'bob', sid: 's-1' }));
    expect(window.counts(SCOPES)).toEqual({
      tokens: 2,
      seen: { token: 1, session: 1, subject: 2, client: 1, grant: 1, device: 0 },
    });
  });

  it('says nothing about scopes that are not mapped', () => {
    const window = new CoverageWindow();
    window.note(carried({ sub: 'alice' }));
    expect(window.counts(['subject', 'issuer', 'key'])).toEqual({ tokens: 1, seen: { subject: 1 } });
  });

  it('forgets tokens beyond the latest 10,000', () => {
    const window = new CoverageWindow();
    for (let token = 0; token < COVERAGE_TOKENS_MAX; token++) window.note(carried({ deviceId: 'phone-1' }));
    for (let token = 0; token < COVERAGE_TOKENS_MAX - 3; token++) window.note(carried({ sub: 'alice' }));
    expect(window.counts(['subject', 'device'])).toEqual({
      tokens: COVERAGE_TOKENS_MAX,
      seen: { subject: COVERAGE_TOKENS_MAX - 3, device: 3 },
    });
  });
});
