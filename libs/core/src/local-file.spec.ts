import { describe, expect, it } from '@jest/globals';
import { LOCAL_ENTRIES_MAX, parseLocalFile } from './local-file.js';
import { epochMs } from './units.js';

const NOW = epochMs(Date.UTC(2026, 0, 31, 3));
const inHours = (hours: number): string => new Date(NOW + hours * 3_600_000).toISOString();
const entry = { issuer: 'https://id.example', scope: 'subject', sub: 'alice', until: 'lifted', endsAt: inHours(1) };
const fileWith = (change: object) => ({ version: 1, revocations: [{ ...entry, ...change }] });
const problemsOf = (document: unknown): string => {
  try {
    parseLocalFile(document, NOW);
    return 'none';
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_LOCAL_FILE' });
    return (error as Error).message;
  }
};

describe('a local file', () => {
  it('says what to revoke in the words of the service, and until when', () => {
    const file = parseLocalFile(
      {
        version: 1,
        reason: 'broker is out',
        revocations: [
          { ...entry, reason: 'phone lost' },
          { issuer: 'i', scope: 'grant', sub: 'bob', clientId: 'app', at: inHours(-1), endsAt: NOW / 1000 + 60 },
          { issuer: 'i', scope: 'issuer', issuedBefore: 1_700_000_000.5, endsAt: '2026-01-31T05:00:00+01:00' },
          { issuer: 'i', scope: 'token', jti: 'j1', endsAt: inHours(1) },
        ],
        mode: { value: 'observe', until: inHours(24), reason: 'reopen' },
      },
      NOW,
    );
    expect(file).toEqual({
      revocations: [
        {
          issuer: 'https://id.example',
          key: { scope: 'subject', sub: 'alice' },
          suspended: true,
          endsAt: NOW + 3_600_000,
        },
        {
          issuer: 'i',
          key: { scope: 'grant', sub: 'bob', clientId: 'app' },
          at: NOW - 3_600_000,
          suspended: false,
          endsAt: NOW + 60_000,
        },
        {
          issuer: 'i',
          key: { scope: 'issuer' },
          issuedBefore: 1_700_000_000.5,
          suspended: false,
          endsAt: NOW + 3_600_000,
        },
        { issuer: 'i', key: { scope: 'token', jti: 'j1' }, suspended: false, endsAt: NOW + 3_600_000 },
      ],
      mode: { value: 'observe', until: NOW + 86_400_000 },
    });
  });

  it('may say nothing at all, and may name what is over: it outlives its entries', () => {
    expect(parseLocalFile({ version: 1 }, NOW)).toEqual({ revocations: [] });
    expect(problemsOf(fileWith({ endsAt: inHours(-100) }))).toBe('none');
    expect(problemsOf({ version: 1, mode: { value: 'strict', until: inHours(-1) } })).toBe('none');
  });

  it.each<[string, unknown, string]>([
    ['no object', [], 'must be a JSON object'],
    ['no version', { revocations: [] }, 'version: must be 1'],
    ['a later version', { version: 2 }, 'version: must be 1'],
    ['a misspelt member', fileWith({ issuedbefore: 1 }), 'revocations[0]: has 1 unknown members; known are'],
    ['a misspelt list', { version: 1, revocation: [] }, 'unknown members'],
    ['a raw token', fileWith({ scope: 'token', sub: undefined, token: 'x.y.z' }), 'unknown members'],
    ['an unknown scope', fileWith({ scope: 'users' }), 'The scope must be one of'],
    ['a key that is not its scope', fileWith({ scope: 'device' }), 'The key of scope device is deviceId'],
    ['a number for a subject', fileWith({ sub: 7 }), 'sub must be text'],
    ['no issuer', fileWith({ issuer: '' }), 'revocations[0].issuer: must be'],
    ['no end', fileWith({ endsAt: undefined }), 'revocations[0].endsAt: is required'],
    ['an end too far ahead', fileWith({ endsAt: inHours(31 * 24) }), 'endsAt: must be at most 720 hours ahead'],
    ['milliseconds for seconds', fileWith({ endsAt: NOW + 1 }), 'endsAt: must be'],
    ['a time without offset', fileWith({ endsAt: '2026-01-31T04:00:00' }), 'RFC 3339 with an offset'],
    ['a time that is no date', fileWith({ endsAt: '2026-13-31T04:00:00Z' }), 'RFC 3339'],
    ['an end that is null', fileWith({ endsAt: null }), 'RFC 3339'],
    ['another until', fileWith({ until: inHours(1) }), 'until: must be "lifted"'],
    ['no time of the event', fileWith({ until: undefined }), 'needs at (when it happened), issuedBefore, or until'],
    ['two times', fileWith({ at: inHours(-1), issuedBefore: 1 }), 'at and issuedBefore exclude each other'],
    ['a cut-off of a session', fileWith({ scope: 'session', sub: undefined, sid: 's', issuedBefore: 1 }), 'no meaning'],
    ['a mode without end', { version: 1, mode: { value: 'observe' } }, 'mode.until: is required'],
    ['a mode for two days', { version: 1, mode: { value: 'observe', until: inHours(48) } }, 'at most 24 hours ahead'],
    ['an unknown mode', { version: 1, mode: { value: 'open', until: inHours(1) } }, 'mode.value: must be one of'],
    ['a reason that is none', fileWith({ reason: {} }), 'revocations[0].reason: must be a text'],
    ['entries without end', { version: 1, revocations: Array(LOCAL_ENTRIES_MAX + 1).fill(entry) }, 'at most 1000'],
  ])('with %s does not count, and says what to do', (_, document, problem) => {
    expect(problemsOf(document)).toContain(problem);
  });

  it('takes "in 24 hours" from a clock that is ten minutes ahead', () => {
    expect(problemsOf({ version: 1, mode: { value: 'observe', until: inHours(24 + 1 / 6) } })).toBe('none');
  });

  it('names all problems at once, at most twenty, and nothing of what it holds', () => {
    const bad = { ...entry, issuer: 'secret-issuer', sub: 'alice@secret', secretMember: 1, endsAt: 'secret-end' };
    const problems = problemsOf({ version: 1, revocations: Array(30).fill(bad), mode: { value: 'secret' } });
    expect(problems).toContain('revocations[9].endsAt');
    expect(problems).toMatch(/and 42 more$/);
    expect(problems.split('\n')).toHaveLength(21);
    expect(problems).not.toContain('secret');
  });
});
