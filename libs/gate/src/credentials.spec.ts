import { describe, expect, it } from '@jest/globals';
import { bearerToken } from './index.js';

describe('the Authorization header', () => {
  it.each(['Bearer a.b.c', 'bearer a.b.c', 'BEARER   a.b.c', ' Bearer a.b.c '])('holds a token: %j', (header) => {
    expect(bearerToken(header)).toEqual({ outcome: 'read', token: 'a.b.c' });
    expect(bearerToken([header])).toEqual({ outcome: 'read', token: 'a.b.c' });
  });

  it.each([[undefined], [[]], [''], ['Basic dXNlcjpwYXNz'], ['Bearera.b.c'], ['a.b.c'], ['DPoP a.b.c']])(
    'holds no bearer token: %j',
    (header) => {
      expect(bearerToken(header)).toEqual({ outcome: 'read', token: undefined });
    },
  );

  it.each([
    [['Bearer a.b.c', 'Bearer d.e.f']],
    [['Bearer a.b.c', 'Basic x']],
    ['Bearer a.b.c, Bearer d.e.f'],
    ['Bearer'],
    ['Bearer  '],
  ])('is refused as a request that is wrong: %j', (header) => {
    expect(bearerToken(header)).toMatchObject({
      outcome: 'refuse',
      status: 400,
      challenge: expect.stringMatching(/^Bearer error="invalid_request", error_description="[^"\\]+"$/),
    });
  });
});
