import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestNats, type TestNats } from '@revocast/testing';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment, ISSUER, LIMITED_KEY, READER_KEY, WRITER_KEY } from './support/settings.js';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const command = (jti: string): object => ({ issuer: ISSUER, scope: 'token', jti });
const linesOf = (items: readonly (object | string)[]): string =>
  items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join('\n');

type ResultLine = Readonly<Record<string, unknown>>;

describe('A batch', () => {
  let nats: TestNats;
  let running: RunningService;

  beforeAll(async () => {
    nats = await startTestNats();
    running = await startService(await new Deployment().environment(nats.url));
    await running.ready();
  }, 60_000);

  afterAll(async () => {
    await running.close();
    await nats.dispose();
  });

  const sendTo = async (path: string, body: string, key: string, headers = {}): Promise<readonly ResultLine[]> => {
    const answer = await running.api.call('POST', path, { key, body, headers: { ...NDJSON, ...headers } });
    expect(answer.status).toBe(200);
    return answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ResultLine);
  };
  const send = (body: string, key = WRITER_KEY, headers = {}): Promise<readonly ResultLine[]> =>
    sendTo('/v1/revocations/batch', body, key, headers);

  it('answers each line in order, and a bad line stops no other', async () => {
    const results = await send(
      linesOf([
        command('first'),
        '{ broken',
        { ...command('x'), scope: 'tenant' },
        command('fourth'),
        { issuer: ISSUER, scope: 'subject' },
        `"${'x'.repeat(200_000)}"`,
        '',
        { ...command('y'), issuer: 'https://nobody.example' },
        command('last'),
      ]),
    );
    expect(results.map(({ line, code, jti }) => [line, code ?? jti])).toEqual([
      [1, 'first'],
      [2, 'ERR_BODY_MALFORMED'],
      [3, 'ERR_SCOPE_UNKNOWN'],
      [4, 'fourth'],
      [5, 'ERR_REVOCATION_INVALID'],
      [6, 'ERR_BODY_TOO_LARGE'],
      [8, 'ERR_ISSUER_UNKNOWN'],
      [9, 'last'],
      [undefined, undefined],
    ]);
    expect(results.at(-1)).toEqual({ done: true, accepted: 3, rejected: 5 });
    expect(results[4]).toMatchObject({ errors: [{ pointer: '/sub' }] });
  });

  it('packs many lines into few records, each confirmed before its line is answered', async () => {
    const before = (await running.api.get('/v1/nodes')).body.head;
    const count = 3_000;
    const results = await send(linesOf(Array.from({ length: count }, (_, index) => command(`packed-${index}`))));
    const after = (await running.api.get('/v1/nodes')).body.head;
    expect(results.at(-1)).toEqual({ done: true, accepted: count, rejected: 0 });
    expect(results.slice(0, -1).every(({ sequence }) => typeof sequence === 'number' && sequence <= after)).toBe(true);
    expect(after - before).toBeLessThan(count / 20);
  });

  it('answers a line before the next one is sent', async () => {
    const url = new URL(`${running.api.url}/v1/revocations/batch`);
    const call = request(url, { method: 'POST', headers: { ...NDJSON, authorization: `Bearer ${WRITER_KEY}` } });
    const answered = new Promise<string>((resolve) => {
      call.on('response', (response) => response.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    });
    call.write(`${JSON.stringify(command('interactive'))}\n`);
    expect(JSON.parse(await answered)).toMatchObject({ line: 1, jti: 'interactive', sequence: expect.any(Number) });
    call.end();
  });

  it('sent again with its Idempotency-Key revokes nothing twice', async () => {
    const body = linesOf([command('again-1'), command('again-2')]);
    const [first, second] = [
      await send(body, WRITER_KEY, { 'idempotency-key': 'batch-1' }),
      await send(body, WRITER_KEY, { 'idempotency-key': 'batch-1' }),
    ];
    expect(second).toEqual(first);
  });

  it('knows a line by the key of its own, wherever it stands and however it is sent', async () => {
    const [one, two] = ['own-1', 'own-2'].map((jti) => ({ ...command(jti), idempotencyKey: `key-of-${jti}` }));
    const first = await send(linesOf([one ?? '', two ?? '']));
    const second = await send(linesOf([two ?? '', one ?? '']), WRITER_KEY, { 'idempotency-key': 'another' });
    expect(second.map(({ id }) => id)).toEqual([first[1]?.['id'], first[0]?.['id'], undefined]);
    const headers = { 'idempotency-key': 'key-of-own-1' };
    const alone = await running.api.call('POST', '/v1/revocations', { body: command('own-1'), headers });
    expect(alone.body.id).toBe(first[0]?.['id']);
    const wrong = [
      { ...command('own-3'), idempotencyKey: 'key-of-own-1' },
      { ...command('own-4'), idempotencyKey: 4 },
    ];
    expect(await send(linesOf(wrong))).toMatchObject([
      ...[{ code: 'ERR_IDEMPOTENCY_MISMATCH' }, { code: 'ERR_REVOCATION_INVALID' }, { rejected: 2 }],
    ]);
  });

  it('is looked at first: the same lines fail, each other says what it would be, and nothing is revoked', async () => {
    const lines = linesOf([
      { ...command('looked-at'), idempotencyKey: 'k' },
      { issuer: ISSUER, scope: 'subject', sub: 'looked-at', issuedBefore: 1_000 },
      { ...command('y'), issuer: 'https://nobody.example' },
      '{ broken',
    ]);
    const results = await sendTo('/v1/revocations/batch/preview', lines, READER_KEY);
    expect(results).toMatchObject([
      { line: 1, issuer: ISSUER, scope: 'token', effect: 'always', jti: 'looked-at' },
      { line: 2, scope: 'subject', effect: 'none' },
      { line: 3, code: 'ERR_ISSUER_UNKNOWN' },
      { line: 4, code: 'ERR_BODY_MALFORMED' },
      { done: true, accepted: 2, rejected: 2 },
    ]);
    expect((await running.api.get('/v1/revocations?jti=looked-at')).body.items).toEqual([]);
    expect((await running.api.get('/v1/revocations?sub=looked-at')).body.items).toEqual([]);
  });

  it('keeps to the rights of its sender, line by line', async () => {
    const results = await send(
      linesOf([command('a'), { issuer: ISSUER, scope: 'device', deviceId: 'd' }]),
      LIMITED_KEY,
    );
    expect(results).toMatchObject([
      { code: 'ERR_FORBIDDEN', status: 403 },
      { scope: 'device' },
      { accepted: 1, rejected: 1 },
    ]);
    const reader = await running.api.call('POST', '/v1/revocations/batch', {
      key: READER_KEY,
      body: '{}',
      headers: NDJSON,
    });
    expect(reader.status).toBe(403);
  });

  it('without lines is done at once', async () => {
    expect(await send('\n')).toEqual([{ done: true, accepted: 0, rejected: 0 }]);
  });
});
