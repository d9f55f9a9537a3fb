import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileIssuerPattern, filledIn, isIssuerPattern, issuerPatternProblem } from './issuer-pattern.js';

const ENTRA = 'https://login.microsoftonline.com/{tenant}/v2.0';
const HOSTS = 'https://*.auth.example.com';

/** Issuers that somebody else could host or name, each aimed at a way in which patterns have been matched wrongly. */
const TRAPS: readonly (readonly [string, string])[] = [
  [ENTRA, 'https://login.microsoftonline.com.evil.example/'],
  [ENTRA, 'https://login.microsoftonline.com.evil.example/acme/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com@evil.example/acme/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com:443@evil.example/acme/v2.0'],
  [ENTRA, 'https://loginXmicrosoftonline.com/acme/v2.0'],
  [ENTRA, 'http://login.microsoftonline.com/acme/v2.0'],
  [ENTRA, 'https://evil.example/https://login.microsoftonline.com/acme/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com/acme/v2.0/'],
  [ENTRA, 'https://login.microsoftonline.com/acme/v2.0/../../evil'],
  [ENTRA, 'https://login.microsoftonline.com/acme/v2X0'],
  [ENTRA, 'https://login.microsoftonline.com//v2.0'],
  [ENTRA, 'https://login.microsoftonline.com/../v2.0'],
  [ENTRA, 'https://login.microsoftonline.com/a/b/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com/a%2Fb/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com/acme?x=/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com/acme#/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com/acme\\evil/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com/{tenant}/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com:8443/acme/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com:/acme/v2.0'],
  [ENTRA, 'https://login.microsoftonline.com/acme/v2.0\n'],
  [ENTRA, 'https://LOGIN.microsoftonline.com/acme/v2.0'],
  [HOSTS, 'https://auth.example.com'],
  [HOSTS, 'https://a.b.auth.example.com'],
  [HOSTS, 'https://evil.example/.auth.example.com'],
  [HOSTS, 'https://evil.example#.auth.example.com'],
  [HOSTS, 'https://evilauth.example.com'],
  [HOSTS, 'https://acme.auth.example.com.evil.example'],
  [HOSTS, 'https://acme.auth.example.com/'],
  [HOSTS, 'https://acme.auth.example.com:444'],
  [HOSTS, 'https://ACME.auth.example.com'],
  [HOSTS, 'https://-acme.auth.example.com'],
  [HOSTS, 'https://a@b.auth.example.com'],
  [HOSTS, 'https://*.auth.example.com'],
];

const letPast = (matches: (pattern: string, issuer: string) => boolean): readonly string[] =>
  TRAPS.filter(([pattern, issuer]) => matches(pattern, issuer)).map(([, issuer]) => issuer);

describe('A pattern of issuers', () => {
  it('matches issuers that differ in whole segments and labels, and says which values they have', () => {
    expect(compileIssuerPattern(ENTRA).match('https://login.microsoftonline.com/acme.example/v2.0')).toEqual({
      tenant: 'acme.example',
    });
    expect(compileIssuerPattern(HOSTS).match('https://acme-1.auth.example.com')).toEqual({});
    expect(compileIssuerPattern('https://{tenant}.eu.auth0.com/').match('https://acme.eu.auth0.com/')).toEqual({
      tenant: 'acme',
    });
    expect(
      compileIssuerPattern('http://127.0.0.1:8080/realms/{realm}').match('http://127.0.0.1:8080/realms/a'),
    ).toEqual({
      realm: 'a',
    });
  });

  it('matches nothing that lies on another host, in another path, or is spelled otherwise', () => {
    expect(letPast((pattern, issuer) => compileIssuerPattern(pattern).match(issuer) !== undefined)).toEqual([]);
  });

  it('would let others in if it were matched by a prefix, by text or by a pattern of text: mutants', () => {
    const byPrefix = (pattern: string, issuer: string): boolean => issuer.startsWith(pattern.split(/[{*]/)[0] ?? '');
    const bySuffix = (pattern: string, issuer: string): boolean => issuer.endsWith(pattern.split(/[}*]/).at(-1) ?? '');
    const byRegex = (pattern: string, issuer: string): boolean =>
      new RegExp(pattern.replace(/\*|\{\w+\}/, '.+')).test(issuer);
    const bySegment = (pattern: string, issuer: string): boolean =>
      new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\*|\{\w+\}/, '[^/]+')}$`).test(issuer);
    for (const mutant of [byPrefix, bySuffix, byRegex, bySegment]) expect(letPast(mutant)).not.toEqual([]);
  });

  it('matches only what a URL parser puts on the very host that the pattern spells out', () => {
    const pieces = fc.constantFrom(
      ...'abcA.-_~@:/?#\\%{}* \n'.split(''),
      'evil.example',
      'login.microsoftonline.com',
      '/v2.0',
      'https://',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (middle) => {
        const issuer = `https://login.microsoftonline.com${middle.join('')}/v2.0`;
        if (compileIssuerPattern(ENTRA).match(issuer) === undefined) return true;
        // The rest of the shape is the URL's own text: nothing was escaped, decoded or moved.
        const rest = /^https:\/\/login\.microsoftonline\.com\/([^/?#\\%@:]+)\/v2\.0$/.exec(issuer);
        return rest !== null && rest[1] !== '.' && rest[1] !== '..';
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['https://*.com', 'last two labels'],
    ['https://{tenant}.com/', 'last two labels'],
    ['https://login.{region}.com/', 'last two labels'],
    ['https://*.*.auth.example.com', 'one placeholder'],
    ['https://a*.auth.example.com', 'whole label'],
    ['https://id.example/x{tenant}', 'whole segment'],
    ['https://id.example/*', 'whole segment'],
    ['https://id.example/{tenant}?x', 'whole segment'],
    ['https://id.example/{a}/{a}', 'each placeholder once'],
    ['https://user@id.example.com/{tenant}', 'whole label'],
    ['https://id.example:{port}/x', 'port'],
    ['ftp://id.example/{tenant}', 'https'],
    ['{scheme}://id.example', 'https'],
    ['https://ID.example/{tenant}', 'lower case'],
  ])('%s is refused, and why is said', (pattern, why) => {
    expect(isIssuerPattern(pattern)).toBe(true);
    expect(issuerPatternProblem(pattern)).toContain(why);
  });

  it('overlaps another one exactly when an issuer can be of both', () => {
    const overlap = (a: string, b: string): boolean => compileIssuerPattern(a).overlaps(compileIssuerPattern(b));
    expect(overlap('https://a.example.com/{x}/v2', 'https://{y}.example.com/z/v2')).toBe(true);
    expect(overlap('https://a.example.com/{x}/v2', 'https://{y}.example.com/z/v1')).toBe(false);
    expect(overlap(ENTRA, 'https://login.microsoftonline.com/{tenant}')).toBe(false);
  });

  it('fills its values in below the host, and says so when it has none', () => {
    expect(filledIn('https://id.example/{tenant}/keys', { tenant: 'acme' })).toBe('https://id.example/acme/keys');
    expect(filledIn('https://id.example/{realm}/keys', { tenant: 'acme' })).toBeUndefined();
    expect(filledIn('https://id.example/{constructor}/keys', {})).toBeUndefined();
  });
});
