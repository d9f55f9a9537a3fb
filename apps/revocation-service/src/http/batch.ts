import { type Operator } from '../auth/operator.js';
import { revocationCommandSchema } from '../command/command-schema.js';
import { type Commands, type RevokeInput } from '../command/commands.js';
import { plannedAnswer } from './answers.js';
import { type CommandReport } from './command-report.js';
import { inOrder } from './in-order.js';
import { type NdjsonLine, readNdjson } from './ndjson.js';
import { problemAnswer, ProblemError } from './problem.js';
import { invalidInput } from './validation.js';

/** Lines per request; more than that is better sent in several. */
export const BATCH_LINES_MAX = 1_000_000;
/** A line may hold a raw token. */
export const LINE_BYTES_MAX = 128 * 1024;
/** Lines under way at once: enough to fill records while others wait for the disk and the broker, little enough to hold. */
const LINES_IN_FLIGHT_MAX = 4_000;

export interface BatchInput {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly operator: Operator;
  readonly idempotencyKey: string | undefined;
}

type Result = Readonly<Record<string, unknown>>;

/** Carries out many commands, and answers each in order, after its confirmation. A bad line stops no other. */
export class Batch {
  constructor(
    private readonly commands: Commands,
    private readonly report: CommandReport,
  ) {}

  /** The answer, line by line; the last one sums up. */
  async *run(input: BatchInput): AsyncGenerator<string> {
    const counts = { accepted: 0, rejected: 0 };
    if (input.idempotencyKey !== undefined) await this.commands.caughtUp();
    const lines = upTo(readNdjson(input.chunks, LINE_BYTES_MAX), BATCH_LINES_MAX + 1);
    for await (const result of inOrder(lines, LINES_IN_FLIGHT_MAX, (line) => this.#carryOut(line, input))) {
      if (result['code'] === undefined) counts.accepted++;
      else counts.rejected++;
      yield `${JSON.stringify(result)}\n`;
    }
    this.report.batch(input.operator, counts);
    yield `${JSON.stringify({ done: true, ...counts })}\n`;
  }

  async #carryOut(line: NdjsonLine, { operator, idempotencyKey }: BatchInput): Promise<Result> {
    try {
      const command = commandOf(line);
      // A newline cannot be in a key: no single command shares its id with a line of a batch.
      const lineKey = idempotencyKey && `${idempotencyKey}\n${line.number}`;
      return { line: line.number, ...(await this.#revoke({ command, operator, idempotencyKey: lineKey })) };
    } catch (error) {
      const { status, code, detail, errors } = problemAnswer(error).problem;
      return { line: line.number, status, code, ...(detail !== undefined && { detail }), ...(errors && { errors }) };
    }
  }

  async #revoke(input: RevokeInput): Promise<Result> {
    const part = await this.commands.revokePart(input);
    this.report.countedPart(input.command, part);
    const { entry, stored, confirmed } = part;
    if (!confirmed) {
      const code = this.report.isBrokerAway() ? 'ERR_FEED_DISCONNECTED' : 'ERR_PUBLISH_UNKNOWN';
      return { id: entry.id, status: 503, code, state: 'accepted' };
    }
    return { id: entry.id, ...plannedAnswer(entry), sequence: stored?.sequence ?? null, epoch: stored?.epoch ?? null };
  }
}

function commandOf(line: NdjsonLine): RevokeInput['command'] {
  if (line.number > BATCH_LINES_MAX) {
    throw new ProblemError(
      'ERR_BODY_TOO_LARGE',
      `A batch has at most ${BATCH_LINES_MAX} lines; the rest was not read.`,
    );
  }
  if (line.kind === 'broken') {
    throw line.because === 'tooLong'
      ? new ProblemError('ERR_BODY_TOO_LARGE', `A line has at most ${LINE_BYTES_MAX} bytes.`)
      : new ProblemError('ERR_BODY_MALFORMED', 'The line is not valid JSON in UTF-8.');
  }
  const parsed = revocationCommandSchema.safeParse(line.value);
  if (!parsed.success) throw invalidInput(parsed.error.issues);
  return parsed.data;
}

async function* upTo<T extends { readonly number: number }>(lines: AsyncIterable<T>, last: number): AsyncGenerator<T> {
  for await (const line of lines) {
    yield line;
    if (line.number >= last) return;
  }
}
