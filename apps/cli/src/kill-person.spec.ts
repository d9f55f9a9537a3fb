import { describe, expect, it } from '@jest/globals';
import { stage } from '../test/stage.js';
import { endingText } from './kill-steps.js';
import { type World } from './world.js';

const KILL = ['kill', '--person', 'alice@example.com'];
const person = (issuer: string, subject: string, more: object = {}) => ({
  ...{ issuer, subject, email: 'alice@example.com', sessions: 2, provider: 'keycloak', ...more },
});
const answered = (body: object, status = 200) => ({ status, body });
const found = (persons: readonly object[], unanswered: readonly object[] = []) => answered({ persons, unanswered });
const away = { issuer: 'https://b', provider: 'okta', because: 'unreachable' };
const record = (issuer: string, id: string) => ({
  ...{ id, issuer, scope: 'subject', effect: 'issuedBefore', state: 'published' },
  propagation: { state: 'enforced', nodes: 1, applied: 1 },
  identityProvider: { state: 'due', attempts: 1, nextAttemptAt: '2026-01-01T00:00:00Z', because: 'busy' },
});
const revoked = (state: string, rejected: readonly object[] = []) =>
  answered(
    {
      ...{ revocations: [record('https://a', 'r1'), record('https://b', 'r2')], rejected },
      propagation: { state, enforcedAt: '2026-01-01T00:00:01Z' },
    },
    201,
  );
const TWO = [person('https://a', '1'), person('https://b', '2')];

/** What was sent, path and body. */
function watched(answers: Parameters<typeof stage>[0], changes: Partial<World> = {}) {
  const staged = stage(answers, changes);
  return { ...staged, paths: () => staged.sent.map(({ url }) => new URL(url).pathname.replace('/base/v1', '')) };
}
const saying = (yes: boolean, asked: string[] = []): Partial<World> => ({
  confirm: (question) => Promise.resolve((asked.push(question), yes)),
});

describe('a kill by name or e-mail address', () => {
  it('shows who is meant, asks, and revokes nothing without a yes', async () => {
    const asked: string[] = [];
    const { run, said, paths } = watched([found([person('https://a', '1')])], saying(false, asked));
    expect(await run(...KILL)).toBe(2);
    expect(asked).toEqual(['Revoke every token of this person? Type yes: ']);
    expect(said.err).toMatch(/ISSUER[^]*https:\/\/a +1 +- +alice@example\.com/);
    expect(paths()).toEqual(['/persons/search']);
    expect(await watched([found(TWO.slice(0, 1))]).run(...KILL)).toBe(2);
  });

  it.each([
    [TWO, [], '--everywhere'],
    [TWO, ['--yes'], '--everywhere'],
    [[person('https://a', '1'), person('https://a', '2')], ['--everywhere', '--yes'], 'may be more than one person'],
    [TWO, ['--sub', '3', '--yes'], 'None of these'],
  ])('never chooses among several: %j with %j', async (persons, options, advice) => {
    const { run, said, paths } = watched([found(persons)], saying(true));
    expect(await run(...KILL, ...options)).toBe(2);
    expect(paths()).toEqual(['/persons/search']);
    expect(said.err).toContain(advice);
    expect(said.err).toContain('https://a');
  });

  it('takes the person everywhere: several records and one proof', async () => {
    const { run, said, sent, paths } = watched([found(TWO), revoked('enforced')]);
    expect(await run(...KILL, '--everywhere', '--yes', '--wait')).toBe(0);
    expect(paths()).toEqual(['/persons/search', '/persons/revoke']);
    expect(sent[1]?.headers).toMatchObject({ prefer: 'wait=30', 'idempotency-key': expect.any(String) as unknown });
    expect(said.out).toMatch(/r1 subject[^]*r2 subject[^]*this person, 2 revocations: enforced since 2026/);
    expect(said.out).toContain('sessions there: not ended yet, tried once (busy); next at 2026-01-01T00:00:00Z');
  });

  it('puts the name into the body of the search and into nothing else', async () => {
    const bodies: unknown[] = [];
    const answers = [found(TWO.slice(0, 1)), revoked('enforced')];
    const fetch: World['fetch'] = (_url, options) => {
      bodies.push(JSON.parse(options?.body as string));
      const next = answers[bodies.length - 1];
      return Promise.resolve(new Response(JSON.stringify(next?.body), { status: next?.status ?? 500 }));
    };
    expect(await stage([], { fetch }).run(...KILL, '--yes', '--reason', 'case 17')).toBe(0);
    expect(bodies).toEqual([
      { query: 'alice@example.com' },
      { subjects: [{ issuer: 'https://a', sub: '1' }], reason: 'case 17' },
    ]);
  });

  it('chooses one of several by issuer and sub', async () => {
    const { run, paths } = watched([found(TWO), revoked('enforced')]);
    expect(await run(...KILL, '--issuer', 'https://b', '--yes')).toBe(0);
    expect(paths()).toHaveLength(2);
  });

  it.each([
    [[found([])], 4, 'No identity provider knows such a person'],
    [[found(TWO), revoked('propagating')], 3, 'this person, 2 revocations: propagating'],
    [
      [found(TWO), revoked('incomplete', [{ issuer: 'https://b', sub: '2', code: 'ERR_CAPACITY' }])],
      ...([1, 'NOT REVOKED: ERR_CAPACITY'] as const),
    ],
    [[found(TWO, [away]), revoked('enforced')], 6, 'okta of https://b did not answer (unreachable)'],
    [[found(TWO), answered({ code: 'ERR_FORBIDDEN' }, 403)], 4, 'ERR_FORBIDDEN'],
  ] as const)('says by its code what came of it (%#)', async (answers, code, text) => {
    const { run, said } = watched(answers);
    expect(await run(...KILL, '--everywhere', '--yes', '--wait')).toBe(code);
    expect(said.out + said.err).toContain(text);
  });

  it('looks at each record with --dry-run, and gives candidates as JSON', async () => {
    const planned = answered({ issuer: 'https://a', scope: 'subject', effect: 'issuedBefore' });
    const { run, said, paths } = watched([found(TWO), planned, planned]);
    expect(await run(...KILL, '--everywhere', '--dry-run', '--json')).toBe(0);
    expect(paths()).toEqual(['/persons/search', '/revocations/preview', '/revocations/preview']);
    expect(JSON.parse(said.out)).toMatchObject({ dryRun: true, persons: TWO, previews: [{}, {}] });
    const several = watched([found(TWO)]);
    expect(await several.run(...KILL, '--json')).toBe(2);
    expect(JSON.parse(several.said.err)).toMatchObject({ candidates: TWO });
  });

  it('refuses options that name something else, before anything is sent', async () => {
    for (const option of ['--device', '--scope', '--jti', '--issued-before']) {
      const { run, sent } = watched([]);
      expect(await run(...KILL, option, 'x')).toBe(2);
      expect(sent).toEqual([]);
    }
    expect(await watched([]).run('kill', '--issuer', 'i', '--sub', 'a', '--everywhere')).toBe(2);
  });
});

describe('sessions at the identity provider', () => {
  it.each([
    [null, undefined],
    [{ state: 'ended', endedAt: 'T', closedBy: 'r2' }, 'ended at T; what was refreshed until then is cut off by r2'],
    [{ state: 'unknown' }, 'the provider knows none, so nothing was to end'],
    [{ state: 'failed', because: 'rejected' }, 'GIVEN UP (rejected): end them there by hand'],
    [{ state: 'cancelled' }, 'not ended: the revocation was lifted before'],
  ])('are told of as %j', (ending, text) => expect(endingText(ending)).toBe(text));

  it('are shown with a revocation', async () => {
    const { run, said } = stage([answered(record('https://a', 'r1'))]);
    expect(await run('show', 'r1')).toBe(0);
    expect(said.out).toMatch(/sessions there +not ended yet, tried once \(busy\)/);
  });
});
