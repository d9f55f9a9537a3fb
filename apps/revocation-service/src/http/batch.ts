import { type Operator } from '../auth/operator.js';
import { revocationCommandSchema } from '../command/command-schema.js';
import { type Commands, type RevokeInput } from '../command/commands.js';
import { plannedAnswer } from './answers.js';
import { type CommandReport } from './command-report.js';
import { inOrder } from './in-order.js';
import { type NdjsonLine, readNdjson } from './ndjson.js';
import { idempotencyKeyOf } from './prefer.js';
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

interface Counts {
  accepted: number;
  rejected: number;
}

interface BatchLine {
  readonly number: number;
  readonly command: RevokeInput['command'];
  /** Of the line itself, for lines whose place in the batch says nothing. */
  readonly ownKey: string | undefined;
}

/** Carries out many commands, and answers each in order, after its confirmation. A bad line stops no other. */
export class Batch {
  constructor(
    private readonly commands: Commands,
    private readonly report: CommandReport,
  ) {}

  /** The answer, line by line; the last one sums up. */
  async *run({ chunks, operator, idempotencyKey }: BatchInput): AsyncGenerator<string> {
    const counts = { accepted: 0, rejected: 0 };
    if (idempotencyKey !== undefined) await this.commands.caughtUp();
    yield* this.#answers(chunks, counts, ({ command, ownKey, number }) => {
      // A newline cannot be in a key: no single command shares its id with a line that is numbered.
      const lineKey = ownKey ?? (idempotencyKey && `${idempotencyKey}\n${number}`);
      return this.#revoke({ command, operator, idempotencyKey: lineKey });
    });
    this.report.batch(operator, counts);
    yield summary(counts);
  }

  /** What `run` would answer to the same lines; nothing is accepted or published. */
  async *preview({ chunks, operator }: Omit<BatchInput, 'idempotencyKey'>): AsyncGenerator<string> {
    const counts = { accepted: 0, rejected: 0 };
    yield* this.#answers(chunks, counts, async ({ command }) => {
      const { planned } = await this.commands.consider(command, operator);
      const [first] = planned;
      if (first === undefined) throw new ProblemError('ERR_INVARIANT', 'A command made no revocation.');
      return plannedAnswer(first);
    });
    yield summary(counts);
  }

  async *#answers(
    chunks: BatchInput['chunks'],
    counts: Counts,
    carryOut: (line: BatchLine) => Promise<Result>,
  ): AsyncGenerator<string> {
    const lines = upTo(readNdjson(chunks, LINE_BYTES_MAX), BATCH_LINES_MAX + 1);
    for await (const result of inOrder(lines, LINES_IN_FLIGHT_MAX, (line) => resultOf(line, carryOut))) {
      if (result['code'] === undefined) counts.accepted++;
      else counts.rejected++;
      yield `${JSON.stringify(result)}\n`;
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

const summary = (counts: Counts): string => `${JSON.stringify({ done: true, ...counts })}\n`;

async function resultOf(line: NdjsonLine, carryOut: (line: BatchLine) => Promise<Result>): Promise<Result> {
  try {
    return { line: line.number, ...(await carryOut(batchLine(line))) };
  } catch (error) {
    const { status, code, detail, errors } = problemAnswer(error).problem;
    return { line: line.number, status, code, ...(detail !== undefined && { detail }), ...(errors && { errors }) };
  }
}

function batchLine(line: NdjsonLine): BatchLine {
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
  const { ownKey, value } = withoutKey(line.value);
  const parsed = revocationCommandSchema.safeParse(value);
  if (!parsed.success) throw invalidInput(parsed.error.issues);
  return { number: line.number, command: parsed.data, ownKey };
}

/** The key is no part of the command: the same one given alone, with the key as its header, is the same command. */
function withoutKey(value: unknown): { readonly ownKey: string | undefined; readonly value: unknown } {
  if (typeof value !== 'object' || value === null || !('idempotencyKey' in value)) return { ownKey: undefined, value };
  const { idempotencyKey, ...command } = value;
  return { ownKey: idempotencyKeyOf(idempotencyKey), value: command };
}

async function* upTo<T extends { readonly number: number }>(lines: AsyncIterable<T>, last: number): AsyncGenerator<T> {
  for await (const line of lines) {
    yield line;
    if (line.number >= last) return;
  }
}
