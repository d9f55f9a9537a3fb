/** One line of a stream, or why it cannot be read. */
export type NdjsonLine =
  | { readonly number: number; readonly kind: 'value'; readonly value: unknown }
  | { readonly number: number; readonly kind: 'broken'; readonly because: 'tooLong' | 'notJson' };

const NEWLINE = 0x0a;

/**
 * Reads JSON lines from bytes. Memory stays within one chunk and one line of at most `lineBytesMax`: the rest of a longer line is
 * thrown away as it comes. Empty lines are passed over; numbers count all lines, from 1.
 */
export async function* readNdjson(chunks: AsyncIterable<Uint8Array>, lineBytesMax: number): AsyncGenerator<NdjsonLine> {
  const line = new LineBuffer(lineBytesMax);
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      line.add(chunk.subarray(from, at));
      const read = line.finish();
      if (read !== undefined) yield read;
      from = at + 1;
    }
    line.add(chunk.subarray(from));
  }
  const last = line.finish();
  if (last !== undefined) yield last;
}

class LineBuffer {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #number = 1;

  constructor(private readonly bytesMax: number) {}

  add(part: Uint8Array): void {
    this.#bytes += part.byteLength;
    if (this.#bytes > this.bytesMax) this.#parts = [];
    else if (part.byteLength > 0) this.#parts.push(part);
  }

  finish(): NdjsonLine | undefined {
    const number = this.#number++;
    const isTooLong = this.#bytes > this.bytesMax;
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    if (isTooLong) return { number, kind: 'broken', because: 'tooLong' };
    return this.#parse(number, bytes);
  }

  #parse(number: number, bytes: Uint8Array): NdjsonLine | undefined {
    try {
      const text = this.#decoder.decode(bytes).trim();
      return text === '' ? undefined : { number, kind: 'value', value: JSON.parse(text) as unknown };
    } catch {
      return { number, kind: 'broken', because: 'notJson' };
    }
  }
}
