import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type NdjsonLine, readNdjson } from './ndjson.js';

const read = async (chunks: readonly Uint8Array[], lineBytesMax = 1_000): Promise<readonly NdjsonLine[]> => {
  const lines: NdjsonLine[] = [];
  for await (const line of readNdjson(stream(chunks), lineBytesMax)) lines.push(line);
  return lines;
};
// eslint-disable-next-line @typescript-eslint/require-await -- a stream of chunks that are there already
async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
const cut = (bytes: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] => {
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(from, from + size));
    from += size;
  }
  return [...chunks, bytes.subarray(from)];
};

describe('JSON lines', () => {
  it('are the same values however the bytes were cut', async () => {
    const values = fc.array(fc.oneof(fc.string(), fc.integer(), fc.dictionary(fc.string(), fc.boolean())), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(values, fc.array(fc.nat(7)), async (items, sizes) => {
        const text = items.map((item) => `${JSON.stringify(item)}\n`).join('');
        const lines = await read(cut(Buffer.from(text), sizes));
        expect(lines).toEqual(
          items.map((value, index) => ({
            number: index + 1,
            kind: 'value',
            value: JSON.parse(JSON.stringify(value)) as unknown,
          })),
        );
      }),
    );
  });

  it('that are empty are passed over and counted; the last needs no newline', async () => {
    const lines = await read([Buffer.from('1\n\n  \r\n2')]);
    expect(lines).toMatchObject([
      { number: 1, value: 1 },
      { number: 4, value: 2 },
    ]);
  });

  it('that are broken, no UTF-8, or too long are named, and the next one is read', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{\n'),
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      Buffer.from(`"${'x'.repeat(50)}"\n1`),
    ]);
    expect(await read(cut(bytes, [3, 10, 20]), 20)).toEqual([
      { number: 1, kind: 'broken', because: 'notJson' },
      { number: 2, kind: 'broken', because: 'notJson' },
      { number: 3, kind: 'broken', because: 'tooLong' },
      { number: 4, kind: 'value', value: 1 },
    ]);
  });
});
