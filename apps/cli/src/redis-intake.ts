import { type FoundKey } from './blacklist.js';
import { type Run } from './command.js';
import { EXIT, Failure } from './failure.js';
import { LINES_PER_REQUEST, partResult, type PartResult } from './import-parts.js';
import { lookedText, Tally } from './import-preview.js';
import { Progress } from './progress.js';
import { type KeyRules, LEFT, type Left, type Reading, readKey } from './redis-key.js';
import { type Json, plain } from './text.js';

export const KEYS_AT_ONCE_MAX = LINES_PER_REQUEST;
/** Lines that the service could not carry out now are sent again so often. */
const TRIES = 3;
const TRY_AGAIN_MS = 1_000;
/** Remembered to have been accepted, some 100 bytes each; the service knows the others by their keys. */
const KNOWN_MAX = 1_000_000;
const LEFT_NAMES = Object.keys(LEFT) as readonly Left[];

type Line = Extract<Reading, { readonly kind: 'line' }>;

/** Takes in keys of a blacklist, each once, and counts what became of them. No key is ever shown: it may be a token or an address. */
export class BlacklistIntake {
  readonly #known = new Set<string>();
  /** What the service says against those that it refused, and is sent again by the next scan. */
  readonly #failed = new Map<string, string>();
  readonly #tally = new Tally();
  readonly #progress: Progress;
  #left = new Map<Left, number>();
  #accepted = 0;
  #seen = 0;
  /** By id: a scan may bring a key twice. */
  readonly #waiting = new Map<string, Line>();

  constructor(
    private readonly run: Run,
    private readonly rules: KeyRules,
  ) {
    this.#progress = new Progress(run.world);
  }

  /** What is left is counted anew by each scan: keys stay, and would be counted again and again. */
  beginScan(): void {
    this.#left = new Map();
    this.#seen = 0;
    this.#waiting.clear();
  }

  async take(keys: readonly FoundKey[]): Promise<void> {
    for (const key of keys) {
      const reading = readKey(key, this.rules, this.run.world.now());
      this.#seen += 1;
      if (reading.kind === 'left') this.#left.set(reading.why, (this.#left.get(reading.why) ?? 0) + 1);
      else if (!this.#known.has(reading.id)) this.#waiting.set(reading.id, reading);
    }
    // A scan of a large Redis brings few keys at once.
    while (this.#waiting.size >= LINES_PER_REQUEST) await this.#sendSome();
  }

  /** Sends what is left of the last group. */
  async settle(): Promise<void> {
    if (this.run.world.signal.aborted) return;
    while (this.#waiting.size > 0) await this.#sendSome();
  }

  isComplete(): boolean {
    return this.#failed.size === 0 && LEFT_NAMES.every((why) => why === 'ended' || !this.#left.has(why));
  }

  async #sendSome(): Promise<void> {
    const lines = [...this.#waiting.values()].slice(0, LINES_PER_REQUEST);
    for (const { id } of lines) this.#waiting.delete(id);
    const isDryRun = this.run.args.flags.has('dry-run');
    for (let left = isDryRun ? 1 : TRIES, due = lines; due.length > 0 && left > 0; left--) {
      if (left < TRIES && !isDryRun) await this.run.world.pause(TRY_AGAIN_MS);
      due = this.#note(due, await this.#send(due, isDryRun));
    }
    this.#progress.show(`${this.#seen} keys seen, ${this.#accepted} accepted, ${this.#failed.size} failed`);
  }

  /** Gives those to be sent again. */
  #note(lines: readonly Line[], { taken, rejected }: PartResult): Line[] {
    this.#tally.add(taken);
    this.#accepted += taken.length;
    const refused = new Map(rejected.map((result) => [Number(result['line']) - 1, result]));
    lines.forEach(({ id }, at) => {
      const result = refused.get(at);
      if (result === undefined) this.#remember(id);
      else this.#failed.set(id, `${plain(result['code'])}: ${whyText(result)}`);
    });
    return lines.filter((_, at) => isTransient(refused.get(at)));
  }

  #remember(id: string): void {
    this.#failed.delete(id);
    this.#known.add(id);
    for (const oldest of this.#known) {
      if (this.#known.size <= KNOWN_MAX) return;
      this.#known.delete(oldest);
    }
  }

  async #send(lines: readonly Line[], isDryRun: boolean): Promise<PartResult> {
    const texts = lines.map(({ line }) => JSON.stringify(line));
    const path = isDryRun ? '/v1/revocations/batch/preview' : '/v1/revocations/batch';
    const call = { path, ndjson: texts.map((text) => `${text}\n`).join(''), repeatable: true };
    const text = await this.run.service().text({ method: 'POST', ...call });
    const result = partResult(text, { number: 0, lines: texts });
    if (result === undefined) throw new Failure(EXIT.unreachable, 'The service broke off in the middle of its answer.');
    return result;
  }

  printSummary(): void {
    this.#progress.clear();
    const { world, json, args } = this.run;
    const isDryRun = args.flags.has('dry-run');
    const failures = new Map<string, number>();
    for (const text of this.#failed.values()) failures.set(text, (failures.get(text) ?? 0) + 1);
    const counts = { accepted: this.#accepted, failed: this.#failed.size };
    if (json) {
      const left = Object.fromEntries(this.#left);
      const why = Object.fromEntries(failures);
      const would = isDryRun ? { dryRun: true, would: this.#tally.json() } : {};
      world.out(`${JSON.stringify({ done: true, ...counts, failures: why, left, ...would })}\n`);
      return;
    }
    const head = isDryRun
      ? lookedText(counts.accepted, counts.failed, 'key') + this.#tally.text()
      : `done: ${counts.accepted} accepted, ${counts.failed} failed\n`;
    const failed = [...failures].map(([text, count]) => `  ${count} failed: ${text}\n`);
    const left = [...this.#left].map(([why, count]) => `  ${count} left: they ${LEFT[why]}\n`);
    world.out(head + failed.join('') + left.join(''));
  }
}

/** Where it is wrong and what, and none of what was sent. */
const whyText = ({ detail, errors }: Json): string => {
  const all = Array.isArray(errors) ? errors.map((error) => plain((error as Json)['pointer'])) : [];
  return all.length > 0 ? `at ${all.join(', ')}` : plain(detail);
};

/** The broker is away, the fleet is full for now, or the same line is still under way. */
const isTransient = (result: Json | undefined): boolean =>
  result !== undefined &&
  (result['status'] === 503 || result['status'] === 429 || result['code'] === 'ERR_IDEMPOTENCY_IN_FLIGHT');
