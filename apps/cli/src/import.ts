import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Command, type Run } from './command.js';
import { EXIT, type ExitCode, Failure, usage } from './failure.js';
import { inputOf } from './input.js';
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
    rejected: rejected.map((line) => ({ ...line, line: offset + Number(line['line']) })),
  };
}

export const rejectedText = ({ line, code, detail, errors }: Json): string => {
  const where = listOf(errors).map(inputErrorText);
  return `line ${plain(line)}: ${plain(code)}: ${where.length > 0 ? where.join('; ') : plain(detail)}\n`;
};

export const importCommand: Command = {
  summary: 'revoke what the lines of a file say, one JSON command a line',
  help: `FILE|-
  --idempotency-key KEY     default: from the content of the file, so that the
                            same file again goes on where it was cut off;
                            needed to resume what is read from stdin`,
  options: { 'idempotency-key': 'string' },
  positionals: 'file',
  positionalsMax: 1,
  run: async (run) => {
    const [path] = run.args.positionals;
    if (path === undefined) throw usage('Name a file of JSON lines, or - for stdin.');
    run.service();
    const key = await keyOf(path, run.args.texts['idempotency-key']);
    const counts = { accepted: 0, rejected: 0 };
    try {
      return await importAll(run, { path, key, counts });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // Usage says that nothing was changed.
      const exit = error.exit === EXIT.usage && counts.accepted > 0 ? EXIT.failed : error.exit;
      throw new Failure(
        exit,
        `${error.message}\nTo resume: the same file with --idempotency-key ${key}`,
        error.problem,
      );
    }
  },
};

interface Import {
  readonly path: string;
  readonly key: string;
  /** Goes up as parts are answered. */
  readonly counts: { accepted: number; rejected: number };
}

async function importAll(run: Run, { path, key, counts }: Import): Promise<ExitCode> {
  for await (const part of partsOf(readable(inputOf(path, run.world)))) {
    const { accepted, rejected } = await send(run, part, `${key}.${part.number}`);
    counts.accepted += accepted;
    counts.rejected += rejected.length;
    for (const line of rejected) run.world.out(run.json ? `${JSON.stringify(line)}\n` : rejectedText(line));
    run.world.err(`${counts.accepted} accepted, ${counts.rejected} failed\n`);
  }
  const { accepted, rejected } = counts;
  run.world.out(
    run.json ? `${JSON.stringify({ done: true, ...counts })}\n` : `done: ${accepted} accepted, ${rejected} failed\n`,
  );
  if (rejected === 0) return EXIT.ok;
  run.world.err(
    `Mend the lines where they stand and repeat with --idempotency-key ${key}: the others keep their effect.\n`,
  );
  return EXIT.failed;
}

async function send(run: Run, part: Part, key: string): Promise<PartResult> {
  const ndjson = part.lines.map((line) => `${line}\n`).join('');
  const headers = { 'idempotency-key': key };
  const text = await run
    .service()
    .text({ method: 'POST', path: '/v1/revocations/batch', headers, ndjson, repeatable: true });
  const result = partResult(text, part);
  if (result === undefined) throw new Failure(EXIT.unreachable, 'The service broke off in the middle of its answer.');
  return result;
}

async function keyOf(path: string, given: string | undefined): Promise<string> {
  if (given !== undefined) {
    if (!/^[\x21-\x7e]{1,200}$/.test(given))
      throw usage('--idempotency-key is to be 1 to 200 visible ASCII characters.');
    return given;
  }
  if (path === '-') return `import-${randomUUID()}`;
  const hash = createHash('sha256');
  for await (const chunk of readable(createReadStream(path))) hash.update(chunk as Uint8Array);
  return `import-${hash.digest('base64url')}`;
}

async function* readable(chunks: AsyncIterable<unknown>): AsyncGenerator {
  try {
    yield* chunks;
  } catch {
    throw usage('The file cannot be read.');
  }
}
