import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { KEY, stage } from '../test/stage.js';
import { type World } from './world.js';

const KILL = ['kill', '--issuer', 'i', '--sub', 'alice'];
const enforced = { state: 'enforced', nodes: 1, applied: 1 };
const answered = (propagation: object, more: object = {}) => ({
  status: 201,
  body: { id: 'r1', state: 'published', propagation, ...more },
});

describe('a command line', () => {
  it('sends a kill again with the same key after a broken connection', async () => {
    const { sent, said, run: revocast } = stage([new TypeError('fetch failed'), answered(enforced)]);
    expect(await revocast(...KILL, '--wait')).toBe(0);
    expect(said.out).toContain('enforced on 1 of 1');
    const keys = sent.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), keys[0]]);
    expect(sent[0]).toMatchObject({
      url: 'http://service.test/base/v1/revocations',
      method: 'POST',
      redirect: 'manual',
    });
    expect(sent[0]?.headers).toMatchObject({ prefer: 'wait=30', authorization: `Bearer ${KEY}` });
  });

  it('gives up in the end, says the key to repeat it with, and never the API key', async () => {
    const failures = [1, 2, 3].map(() => new TypeError(`Bearer ${KEY} is refused`));
    const { sent, said, run: revocast } = stage(failures);
    expect(await revocast(...KILL, '--idempotency-key', 'k1')).toBe(5);
    expect(sent).toHaveLength(3);
    expect(said.err).toContain('--idempotency-key k1');
    expect(said.err).not.toContain(KEY);
  });

  it('takes a deactivation for enforced only when both of its revocations are', async () => {
    const second = { ...answered({ ...enforced, state: 'propagating' }), status: 200 };
    const { run: revocast, sent } = stage([answered(enforced, { alongside: ['r2'] }), second]);
    expect(await revocast(...KILL, '--until-lifted', '--at', '2026-01-01T00:00:00Z', '--wait')).toBe(3);
    expect(sent[1]?.url).toBe('http://service.test/base/v1/revocations/r2');
  });

  it.each([
    [400, { code: 'ERR_REVOCATION_INVALID', errors: [{ pointer: '/sub', detail: 'no' }] }, 4],
    [401, { code: 'ERR_UNAUTHENTICATED' }, 4],
    [500, { code: 'ERR_INVARIANT' }, 1],
    [503, { code: 'ERR_LOG_UNAVAILABLE' }, 5],
    [503, { code: 'ERR_PUBLISH_UNKNOWN', state: 'accepted', id: 'r1' }, 3],
    [502, 'a proxy', 5],
    [404, 'another server', 1],
    [302, {}, 2],
  ])('ends for a %d of %j with its code', async (status, body, code) => {
    const { said, run: revocast } = stage([{ status, body }]);
    expect(await revocast(...KILL)).toBe(code);
    expect(said.out).toBe('');
    expect(said.err).not.toBe('');
  });

  it('asks before a wide kill, and revokes nothing without a yes', async () => {
    const asked: string[] = [];
    const answer = (yes: boolean): Partial<World> => ({
      confirm: (question) => Promise.resolve((asked.push(question), yes)),
    });
    const wide = ['kill', '--issuer', 'i', '--client', 'app'];
    const no = stage([], answer(false));
    expect(await no.run(...wide)).toBe(2);
    expect(no.sent).toEqual([]);
    const yes = stage([answered(enforced)], answer(true));
    expect(await yes.run(...wide)).toBe(0);
    expect(asked[0]).toContain('client at i: clientId app');
  });

  it.each([
    [{ REVOCAST_URL: 'ftp://x', REVOCAST_API_KEY: KEY }],
    [{ REVOCAST_URL: `http://u:${KEY}@x`, REVOCAST_API_KEY: '' }],
    [{ REVOCAST_URL: 'http://x', REVOCAST_API_KEY: `${KEY}\nX: y` }],
    [{ REVOCAST_URL: 'http://x', REVOCAST_API_KEY_FILE: '/nowhere/key' }],
    [{ REVOCAST_URL: 'http://x', REVOCAST_API_KEY: KEY, REVOCAST_API_KEY_FILE: 'f' }],
    [{}],
  ])('refuses settings that are wrong before anything is sent', async (env) => {
    const { sent, said, run: revocast } = stage([], { env });
    expect(await revocast('list')).toBe(2);
    expect(sent).toEqual([]);
    expect(said.err).not.toContain(KEY);
  });

  it('keeps an id from becoming another path', async () => {
    const { sent, run: revocast } = stage([]);
    for (const id of ['../nodes/forget', '..', '.', 'a?b', 'a%2fb']) expect(await revocast('lift', id)).toBe(2);
    expect(sent).toEqual([]);
  });

  it('takes the id of the second revocation of a command, which has a dot', async () => {
    const { sent, run: revocast } = stage([{ status: 200, body: { id: 'r1.2' } }]);
    expect(await revocast('show', 'r1.2')).toBe(0);
    expect(sent[0]?.url).toBe('http://service.test/base/v1/revocations/r1.2');
  });

  it('says of an import that breaks in its middle that it failed, and how to go on', async () => {
    const line = Buffer.from('{}\n'.repeat(1_000));
    const answer = [...Array.from({ length: 1_000 }, (_, at) => ({ line: at + 1 })), { done: true }];
    const ndjson = answer.map((result) => JSON.stringify(result)).join('\n');
    const fetchOnce = () => Promise.resolve(new Response(ndjson));
    const broken = (...chunks: Buffer[]) => stage([], { stdin: Readable.from(chunks), fetch: fetchOnce });
    const midway = broken(line, Buffer.from([0xff]));
    expect(await midway.run('import', '-', '--idempotency-key', 'k1')).toBe(1);
    expect(midway.said.err).toContain('--idempotency-key k1');
    expect(await broken(Buffer.from([0xff])).run('import', '-')).toBe(2);
  });

  it('knows its commands and shows the help of each', async () => {
    const { said, run: revocast } = stage([]);
    expect(await revocast('--help')).toBe(0);
    const names = [...said.out.matchAll(/^ {2}([a-z]+(?: inspect)?) {2,}\w/gm)].map(([, name]) => name ?? '');
    expect(names).toEqual([
      'kill',
      'lift',
      'list',
      'show',
      'nodes',
      'status',
      'doctor',
      'drill',
      'watch',
      'token inspect',
      'import',
      'keygen',
      'completion',
    ]);
    for (const name of names) expect(await revocast(...name.split(' '), '--help')).toBe(0);
    expect(await revocast('frobnicate')).toBe(2);
    expect(await revocast()).toBe(2);
  });

  it('writes the problem document with --json', async () => {
    const { said, run: revocast } = stage([{ status: 404, body: { code: 'ERR_REVOCATION_NOT_FOUND', title: 'none' } }]);
    expect(await revocast('show', 'r1', '--json')).toBe(4);
    expect(JSON.parse(said.err)).toMatchObject({ code: 'ERR_REVOCATION_NOT_FOUND' });
  });
});
