import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Command, type Run } from './command.js';
import { EXIT, type ExitCode, Failure, usage } from './failure.js';
import { type Part, partResult, type PartResult, partsOf, rejectedText } from './import-parts.js';
import { lookedText, Tally } from './import-preview.js';
import { inputOf } from './input.js';
import { Progress } from './progress.js';
import { REDIS_HELP, REDIS_OPTIONS, REDIS_VALUES, redisImport } from './redis-import.js';

export const importCommand: Command = {
  summary: 'revoke what a file says, one JSON command a line, or a Redis blacklist',
  help: `FILE|-
  --dry-run                 the service looks at every line: what it would
                            revoke, and which lines fail; nothing is revoked
  --idempotency-key KEY     default: from the content of the file, so that the
                            same file again goes on where it was cut off;
                            needed to resume what is read from stdin
${REDIS_HELP}`,
  options: { 'dry-run': 'boolean', 'idempotency-key': 'string', ...REDIS_OPTIONS },
  values: REDIS_VALUES,
  positionals: 'file',
  positionalsMax: 1,
  run: async (run) => {
    const { texts, flags, positionals } = run.args;
    const [path] = positionals;
    if (texts['redis'] !== undefined) {
      if (path !== undefined || texts['idempotency-key'] !== undefined)
        throw usage('--redis goes without a file and without --idempotency-key: each key of Redis makes its own.');
      return redisImport(run);
    }
    const stray = Object.keys(REDIS_OPTIONS).find((name) => name in texts || flags.has(name));
    if (stray !== undefined) throw usage(`--${stray} goes with --redis.`);
    if (path === undefined) throw usage('Name a file of JSON lines, or - for stdin; or a blacklist with --redis.');
    run.service();
    return flags.has('dry-run') ? previewAll(run, path) : resumable(run, path);
  },
};

async function resumable(run: Run, path: string): Promise<ExitCode> {
  const key = await keyOf(path, run.args.texts['idempotency-key']);
  const counts = { accepted: 0, rejected: 0 };
  try {
    return await importAll(run, { path, key, counts });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Usage says that nothing was changed.
    const exit = error.exit === EXIT.usage && counts.accepted > 0 ? EXIT.failed : error.exit;
    const so = `${countsText(counts)} until then`;
    throw new Failure(
      exit,
      `${error.message}\n${so}. To resume: the same file with --idempotency-key ${key}`,
      error.problem,
    );
  }
}

interface Counts {
  accepted: number;
  rejected: number;
}

interface Import {
  readonly path: string;
  readonly key: string;
  /** Goes up as parts are answered. */
  readonly counts: Counts;
}

const countsText = ({ accepted, rejected }: Counts): string => `${accepted} accepted, ${rejected} failed`;

async function importAll(run: Run, { path, key, counts }: Import): Promise<ExitCode> {
  await handOver(run, path, (part) => send(run, part, `${key}.${part.number}`), counts);
  run.world.out(run.json ? `${JSON.stringify({ done: true, ...counts })}\n` : `done: ${countsText(counts)}\n`);
  if (counts.rejected === 0) return EXIT.ok;
  run.world.err(
    `Mend the lines where they stand and repeat with --idempotency-key ${key}: the others keep their effect.\n`,
  );
  return EXIT.failed;
}

async function previewAll(run: Run, path: string): Promise<ExitCode> {
  const counts = { accepted: 0, rejected: 0 };
  const tally = new Tally();
  const lookAt = async (part: Part): Promise<PartResult> => {
    const result = await look(run, part);
    tally.add(result.taken);
    return result;
  };
  await handOver(run, path, lookAt, counts);
  run.world.out(
    run.json
      ? `${JSON.stringify({ done: true, dryRun: true, ...counts, would: tally.json() })}\n`
      : lookedText(counts.accepted, counts.rejected, 'line') + tally.text(),
  );
  return counts.rejected === 0 ? EXIT.ok : EXIT.failed;
}

/** Hands the file over part by part, with a bar; says which lines failed. */
async function handOver(
  run: Run,
  path: string,
  hand: (part: Part) => Promise<PartResult>,
  counts: Counts,
): Promise<void> {
  const progress = new Progress(run.world);
  const total = path === '-' ? undefined : await sizeOf(path);
  let bytes = 0;
  try {
    for await (const part of partsOf(readable(inputOf(path, run.world)))) {
      const result = await hand(part);
      counts.accepted += result.accepted;
      counts.rejected += result.rejected.length;
      for (const line of part.lines) bytes += Buffer.byteLength(line) + 1;
      if (result.rejected.length > 0) progress.clear();
      for (const line of result.rejected) run.world.out(run.json ? `${JSON.stringify(line)}\n` : rejectedText(line));
      progress.show(countsText(counts), total && bytes / total);
    }
  } finally {
    progress.clear();
  }
}

const send = (run: Run, part: Part, key: string): Promise<PartResult> =>
  resultFrom(run, part, { path: '/v1/revocations/batch', headers: { 'idempotency-key': key } });

const look = (run: Run, part: Part): Promise<PartResult> =>
  resultFrom(run, part, { path: '/v1/revocations/batch/preview', headers: {} });

interface To {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function resultFrom(run: Run, part: Part, to: To): Promise<PartResult> {
  const ndjson = part.lines.map((line) => `${line}\n`).join('');
  const text = await run.service().text({ method: 'POST', ...to, ndjson, repeatable: true });
  const result = partResult(text, part);
  if (result === undefined) throw new Failure(EXIT.unreachable, 'The service broke off in the middle of its answer.');
  return result;
}

/** Of what is no file with a size, such as a pipe, nobody knows how much there is. */
async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && found.size > 0 ? found.size : undefined;
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
