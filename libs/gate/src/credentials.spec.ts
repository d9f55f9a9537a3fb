import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bearerToken } from './index.js';

describe('the Authorization header', () => {
  it.each(['Bearer a.b.c', 'bearer a.b.c', 'BEARER   a.b.c', ' Bearer a.b.c '])('holds a token: %j', (header) => {
    expect(bearerToken(header)).toEqual({ outcome: 'read', token: 'a.b.c' });
    expect(bearerToken([header])).toEqual({ outcome: 'read', token: 'a.b.c' });
  });

  it('is read alike however it is spelt: what is trimmed and what parts scheme and token is what expressions say', () => {
    const character = fc.constantFrom('a', 'B', '.', ',', '-', ' ', '\t', '\u00a0', '\u2003', '\ufeff', '\u0080', 'é');
    const text = fc.tuple(
      fc.constantFrom('', ' ', '\u00a0'),
      fc.constantFrom('Bearer', 'bearer', 'Bearer '),
      fc.string({ unit: character }),
    );
    fc.assert(
      fc.property(text, (parts) => {
        const header = parts.join('');
        const token = /^bearer(?:\s+|$)([^]*)/i.exec(header.trim())?.[1];
        const answer = bearerToken(header);
        const isWrong = token === '' || token?.includes(',') === true;
        expect(answer).toMatchObject(isWrong ? { outcome: 'refuse', status: 400 } : { outcome: 'read', token });
      }),
    );
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
