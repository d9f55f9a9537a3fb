import { usage } from './failure.js';
import { inputErrorText, isJson, type Json, listOf, plain } from './text.js';

/**
 * Lines per request. Fixed, because a line's idempotency key is made of the key of its request and its place in there: another
 * size would give the lines of an import that is resumed other keys.
 */
export const LINES_PER_REQUEST = 1_000;
/** The service's own limit. */
const LINE_BYTES_MAX = 128 * 1024;

export interface Part {
  /** From 0. */
  readonly number: number;
  readonly lines: readonly string[];
}

/** Cuts bytes into parts of so many lines; lines stay as they are, empty ones too, so that all numbers hold. */
export async function* partsOf(chunks: AsyncIterable<unknown>): AsyncGenerator<Part> {
  let lines: string[] = [];
  let number = 0;
  for await (const line of linesOf(chunks)) {
    lines.push(line);
    if (lines.length < LINES_PER_REQUEST) continue;
    yield { number: number++, lines };
    lines = [];
  }
  if (lines.length > 0) yield { number, lines };
}

async function* linesOf(chunks: AsyncIterable<unknown>): AsyncGenerator<string> {
  // Invalid UTF-8 must not be mended on the way: another subject than the one that was meant would be revoked.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw usage('The input is not UTF-8.');
    }
  };
  for await (const chunk of chunks) {
    const lines = (rest + decode(chunk as Uint8Array)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_BYTES_MAX) throw usage(`A line has more than ${LINE_BYTES_MAX} bytes.`);
    yield* lines;
  }
  rest += decode();
  if (rest !== '') yield rest;
}

export interface PartResult {
  readonly accepted: number;
  /** What is said of each line that was accepted. */
  readonly taken: readonly Json[];
  readonly rejected: readonly Json[];
}

/** Reads the answer to a part; undefined if it was torn before its last line. Line numbers become those of the file. */
export function partResult(text: string, part: Part): PartResult | undefined {
  const results = text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return isJson(value) ? [value] : [];
    } catch {
      return [];
    }
  });
  const due = part.lines.filter((line) => line.trim() !== '').length;
  const lines = results.filter(({ line }) => typeof line === 'number');
  if (results.at(-1)?.['done'] !== true || lines.length !== due) return undefined;
  const offset = part.number * LINES_PER_REQUEST;
  const rejected = lines.filter(({ code }) => code !== undefined);
  return {
    accepted: lines.length - rejected.length,
    taken: lines.filter(({ code }) => code === undefined),
    rejected: rejected.map((line) => ({ ...line, line: offset + Number(line['line']) })),
  };
}

export const rejectedText = ({ line, code, detail, errors }: Json): string => {
  const where = listOf(errors).map(inputErrorText);
  return `line ${plain(line)}: ${plain(code)}: ${where.length > 0 ? where.join('; ') : plain(detail)}\n`;
};
