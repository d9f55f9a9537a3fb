import { randomUUID } from 'node:crypto';
import { wholeNumber } from './arguments.js';
import { type Run } from './command.js';
import { EXIT, Failure, usage } from './failure.js';
import { proofText } from './proof.js';
import { facts, isJson, type Json, listOf, member, plain } from './text.js';

export const WAIT_SECONDS_DEFAULT = 30;
/** The service's own limit. */
export const WAIT_SECONDS_MAX = 60;

export function waitSeconds({ args }: Run): number {
  const { timeout } = args.texts;
  if (timeout !== undefined && !args.flags.has('wait')) throw usage('--timeout goes with --wait.');
  return timeout === undefined ? WAIT_SECONDS_DEFAULT : wholeNumber(timeout, 'timeout', [1, WAIT_SECONDS_MAX]);
}

export const waitHeader = (run: Run): Readonly<Record<string, string>> => {
  const seconds = waitSeconds(run);
  return { prefer: run.args.flags.has('wait') ? `wait=${seconds}` : 'respond-async' };
};

/** Given by the operator, or one of this run alone. */
export function idempotencyKey({ args }: Run): string {
  const key = args.texts['idempotency-key'] ?? randomUUID();
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw usage('--idempotency-key is to be 1 to 255 visible ASCII characters.');
  return key;
}

/** Whoever repeats a kill of unknown outcome needs the key, or two revocations come of it. */
export function withKey(error: unknown, key: string): unknown {
  if (!(error instanceof Failure) || error.exit === EXIT.refused || error.exit === EXIT.usage) return error;
  const text = `${error.message}\nRepeat it with --idempotency-key ${key}: it then has one effect, whatever became of this try.`;
  return new Failure(error.exit, text, error.problem && { ...error.problem, idempotencyKey: key });
}

export function plannedText(answer: Json): string {
  const coverage = answer['coverage'];
  return facts([
    ['issuer', answer['issuer']],
    ['scope', answer['scope']],
    ['effect', answer['effect']],
    ['issuedBefore', secondsText(answer['issuedBefore'])],
    ['retainUntil', secondsText(answer['retainUntil'])],
    ...conditionFacts(answer),
    ['coverage', member(coverage, 'note')],
    ['warning', member(coverage, 'warning')],
    ['refresh tokens', member(answer['refreshTokens'], 'note')],
    ...listOf(answer['warnings']).map(({ detail }) => ['warning', detail] as const),
    ['live tokens', member(answer['liveTokens'], 'note')],
    ...listOf(member(answer['liveTokens'], 'machineClients')).map(
      ({ clientId, tokens }) => ['machine client', `${plain(clientId)}: ${rangeText(tokens)}`] as const,
    ),
    ['nodes', Array.isArray(answer['nodes']) ? answer['nodes'].length : undefined],
  ]);
}

/** As the service says how many there are. */
function rangeText(range: unknown): string {
  const [least, most] = [member(range, 'atLeast'), member(range, 'atMost')];
  if (least === most) return `${plain(least)} live`;
  return most === null ? `at least ${plain(least)} live` : `${plain(least)} to ${plain(most)} live`;
}

/** Whom it lets off. */
export function conditionFacts(answer: Json): readonly (readonly [string, unknown])[] {
  const condition = answer['condition'];
  const clients = member(condition, 'exceptClients');
  const until = member(member(condition, 'spread'), 'until');
  return [
    ['except clients', Array.isArray(clients) ? clients.map(plain).join(', ') : undefined],
    ['waves until', until],
    ['lets off nobody since', answer['conditionEndedAt']],
  ];
}

/** Times of tokens are epoch seconds. */
export const secondsText = (value: unknown): unknown => {
  const date = new Date(typeof value === 'number' ? value * 1000 : NaN);
  return Number.isNaN(date.getTime()) ? value : date.toISOString().replace('.000Z', 'Z');
};

export function killedText(answer: Json): string {
  const warning = member(answer['coverage'], 'warning');
  const head = `${plain(answer['id'])} ${plain(answer['scope'])} ${plain(answer['effect'])}\n`;
  const note = warning === undefined ? '' : `  warning: ${plain(warning)}\n`;
  const ending = endingText(answer['identityProvider']);
  const sessions = ending === undefined ? '' : `  sessions there: ${ending}\n`;
  return `${head}${proofText(answer['propagation'], answer['state'])}${wavesText(answer)}${sessions}${note}`;
}

/** Until their end nobody can say that it is enforced. */
function wavesText(answer: Json): string {
  const until = member(member(answer['condition'], 'spread'), 'until');
  return until === undefined || answer['conditionEndedAt'] !== undefined
    ? ''
    : `  in waves until ${plain(until)}; enforced after that: revocast show ${plain(answer['id'])}\n`;
}

/** What became of the sessions at the identity provider; undefined where none are to be ended. */
export function endingText(ending: unknown): string | undefined {
  if (!isJson(ending)) return undefined;
  const why = ending['because'] === null || ending['because'] === undefined ? '' : ` (${plain(ending['because'])})`;
  const { attempts, closedBy } = ending;
  const cut = closedBy === undefined ? '' : `; what was refreshed until then is cut off by ${plain(closedBy)}`;
  switch (ending['state']) {
    case 'due':
      return `not ended yet, ${attempts === 1 ? 'tried once' : `tried ${plain(attempts)} times`}${why}; next at ${plain(ending['nextAttemptAt'])}`;
    case 'ended':
      return `ended at ${plain(ending['endedAt'])}${cut}`;
    case 'unknown':
      return 'the provider knows none, so nothing was to end';
    case 'failed':
      return `GIVEN UP${why}: end them there by hand`;
    case 'cancelled':
      return 'not ended: the revocation was lifted before';
    default:
      return plain(ending['state']);
  }
}
