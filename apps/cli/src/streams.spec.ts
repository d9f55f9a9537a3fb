import { describe, expect, it } from '@jest/globals';
import { LINES_PER_REQUEST, partResult, partsOf, rejectedText } from './import-parts.js';
import { inspected, inspectedText } from './token-inspect.js';
import { readEvents } from './watch.js';

async function* bytesOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

const collected = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe('an import', () => {
  it.each([1, 2, 3, 7, 100])('cuts lines alike, however the bytes come (%d at once)', async (size) => {
    const [part, ...more] = await collected(partsOf(bytesOf('{"ü":1}\n\n{"𝄞":2}', size)));
    expect(more).toEqual([]);
    expect(part).toEqual({ number: 0, lines: ['{"ü":1}', '', '{"𝄞":2}'] });
  });

  it('cuts parts of so many lines, empty ones counted', async () => {
    const parts = await collected(partsOf(bytesOf('x\n\n'.repeat(LINES_PER_REQUEST), 1_000)));
    expect(parts.map(({ number, lines }) => [number, lines.length])).toEqual([
      [0, LINES_PER_REQUEST],
      [1, LINES_PER_REQUEST],
    ]);
  });

  it('refuses what is not UTF-8, rather than mend it', async () => {
    const bytes = (async function* () {
      yield await Promise.resolve(new Uint8Array([0x22, 0xff, 0x22]));
    })();
    await expect(collected(partsOf(bytes))).rejects.toMatchObject({ exit: 2 });
  });

  const part = { number: 2, lines: ['{}', '', '{}'] };
  const lines = [
    '{"line":1,"id":"r1"}',
    '{"line":3,"code":"ERR_SCOPE_UNKNOWN","errors":[{"pointer":"/scope","detail":"no"}]}',
  ];
  const answer = [...lines, '{"done":true,"accepted":1,"rejected":1}'];

  it('numbers failed lines as the file does', () => {
    const result = partResult(answer.join('\n'), part);
    expect(result).toMatchObject({ accepted: 1, rejected: [{ line: 2 * LINES_PER_REQUEST + 3 }] });
    expect(result?.rejected.map(rejectedText)).toEqual(['line 2003: ERR_SCOPE_UNKNOWN: /scope: no\n']);
  });

  it('takes no torn answer for a whole one', () => {
    expect(partResult(lines.join('\n'), part)).toBeUndefined();
    expect(partResult(answer.slice(1).join('\n'), part)).toBeUndefined();
    expect(partResult('', part)).toBeUndefined();
  });
});

describe('the event stream', () => {
  it.each([1, 5, 1_000])('is read however it is cut (%d bytes at once)', async (size) => {
    const text =
      ': watching\n\nevent: lift\ndata: {"id":"ü"}\n\n: still here\n\nevent: node\ndata: broken\n\nevent: half\n';
    expect(await collected(readEvents(bytesOf(text, size)))).toEqual([{ event: 'lift', data: { id: 'ü' } }]);
  });
});

describe('a token that is looked at', () => {
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'i', sub: 'alice', azp: 'app', jti: 'j', exp: 100, iat: 40 };
  const token = `${encoded({ alg: 'ES256', kid: 'k1' })}.${encoded(claims)}.c2lnbmF0dXJl`;

  it('names the scopes that could hit it and sets its times against the clock', () => {
    const found = inspected(token);
    expect(found.scopes.map(({ scope }) => scope)).toEqual(['token', 'subject', 'client', 'grant', 'key', 'issuer']);
    const text = inspectedText(found, 90_000);
    expect(text).toMatch(/^NOT VERIFIED/);
    expect(text).toContain('exp  1970-01-01T00:01:40.000Z, 10 s ahead');
    expect(text).toContain('iat  1970-01-01T00:00:40.000Z, 50 s ago');
    expect(text + JSON.stringify(found)).not.toContain('c2lnbmF0dXJl');
  });

  it.each(['', 'a', 'a.b', 'a.b.c', `${token}.x`, token.replace('.', '..')])(
    'refuses %j without repeating it',
    (text) => {
      expect(() => inspected(text)).toThrow('That is no signed JWT in compact form');
    },
  );
});
