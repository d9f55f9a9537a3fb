import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { type FeedRecord, type Head, type LogIdentity, RevocationError, type Sequence, sequence } from '@revocast/core';
import { sequenceOf } from './stored-message.js';

/**
 * Direct gets under way at once. Measured: 185,000 to 215,000 answers/s, while signatures are verified at 3,000 to 10,000/s on
 * one core. So neither more of them nor the batches of nats-server 2.11 would make a read any faster.
 */
const GETS_IN_FLIGHT_MAX = 256;
/** Without any answer for this long the rest of a pass is not coming. */
const GET_SILENCE_MS = 2_000;
/** A copy that lags catches up within milliseconds, or after an election; then whoever reads asks again. */
const PASSES_MAX = 4;
const PASS_PAUSE_MS = 50;
/** Verifying a signature takes 0.1 to 0.3 ms: after so many, others get their turn. */
const DECODED_PER_TURN = 32;

export interface DirectReaderOptions {
  readonly connection: NatsConnection;
  readonly inboxPrefix: string;
  readonly log: LogIdentity;
  /** Whose direct gets are asked, in this order: each pass goes to the next one, all further passes to the last. */
  readonly apis: readonly [string, ...string[]];
  /** Asked only when a sequence is missing: whether it has aged out or is late. */
  readonly head: () => Promise<Head>;
  readonly decode: (message: Msg, at: Sequence) => FeedRecord;
}

/**
 * Reads `from`..`to` by direct get: no consumer, any copy of the log may answer. A copy that lags answers "not
 * found", so inside the log that never means "deleted": the sequence is asked for again, and in the end the whole read rejects with
 * ERR_LOG_UNAVAILABLE. Only what has aged out, below the first sequence of the leader, is left out.
 */
export const readDirect = async (
  options: DirectReaderOptions,
  from: Sequence,
  to: Sequence,
): Promise<readonly FeedRecord[]> => {
  const found = new Map<Sequence, FeedRecord>();
  let missing = range(from, to);
  for (let pass = 1; missing.length > 0; pass++) {
    for (const [at, record] of await decodeAll(options, await askPass(options, missing, pass))) found.set(at, record);
    missing = missing.filter((at) => !found.has(at));
    if (missing.length > 0) missing = await stillExpected(options, missing, pass);
  }
  return [...found.values()].sort((a, b) => a.sequence - b.sequence);
};

const range = (from: Sequence, to: Sequence): readonly Sequence[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => sequence(from + index));

/** Those of the missing that the log still has, after a pause. Rejects when none is left to be hoped for. */
const stillExpected = async (
  { log, head }: DirectReaderOptions,
  missing: readonly Sequence[],
  pass: number,
): Promise<readonly Sequence[]> => {
  const { first, last, log: now } = await head();
  if (now.created !== log.created) throw unavailable(`log ${log.name} was made anew`);
  const expected = missing.filter((at) => at >= first);
  const [lowest] = expected;
  if (lowest === undefined) return expected;
  if (pass >= PASSES_MAX || expected.some((at) => at > last)) {
    throw unavailable(`sequence ${lowest} of ${log.name} cannot be had now`);
  }
  await pause(Math.random() * PASS_PAUSE_MS * 2 ** pass);
  return expected;
};

const decodeAll = async (
  { decode }: DirectReaderOptions,
  messages: ReadonlyMap<Sequence, Msg>,
): Promise<ReadonlyMap<Sequence, FeedRecord>> => {
  const records = new Map<Sequence, FeedRecord>();
  for (const [at, message] of messages) {
    records.set(at, decode(message, at));
    if (records.size % DECODED_PER_TURN === 0) await turn();
  }
  return records;
};

/** A copy that does not answer at all is no more than a copy that has nothing, as long as there is somebody else to ask. */
const askPass = async (
  options: DirectReaderOptions,
  wanted: readonly Sequence[],
  pass: number,
): Promise<ReadonlyMap<Sequence, Msg>> => {
  const api = options.apis[pass - 1];
  if (api === undefined || pass === options.apis.length) return askAll(options, options.apis.at(-1) ?? '', wanted);
  return askAll(options, api, wanted).catch((error: unknown) => {
    if (error instanceof RevocationError && error.code === 'ERR_LOG_UNAVAILABLE') return new Map<Sequence, Msg>();
    throw error;
  });
};

/** One pass: asks for each sequence once. The answers that came, and only those that hold a message. */
const askAll = (
  options: DirectReaderOptions,
  api: string,
  wanted: readonly Sequence[],
): Promise<ReadonlyMap<Sequence, Msg>> =>
  new Promise((resolve, reject) => {
    new Pass({ ...options, api }, wanted, (outcome) =>
      outcome instanceof Error ? reject(outcome) : resolve(outcome),
    ).begin();
  });

/** Asks with one subscription for all answers; the last token of the reply subject says which sequence was asked for. */
class Pass {
  readonly #answers = new Map<Sequence, Msg>();
  readonly #inbox: string;
  #subscription: Subscription | undefined;
  #silence: NodeJS.Timeout | undefined;
  #asked = 0;
  #answered = 0;

  constructor(
    readonly options: DirectReaderOptions & { readonly api: string },
    readonly wanted: readonly Sequence[],
    readonly settle: (outcome: ReadonlyMap<Sequence, Msg> | Error) => void,
  ) {
    this.#inbox = createInbox(options.inboxPrefix);
  }

  begin(): void {
    const subscription = this.options.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else this.#end(unavailable(error.message));
      },
    });
    this.#subscription = subscription;
    this.#silence = setTimeout(() => this.#giveUp(), GET_SILENCE_MS);
    // Also runs after our own unsubscribe; then the pass is settled already.
    void subscription.closed.then(() => this.#end(disconnected()));
    this.#ask();
  }

  #take(message: Msg): void {
    this.#silence?.refresh();
    const status = message.headers?.code ?? 0;
    if (status === NO_RESPONDERS) {
      this.#end(unavailable('nobody answers direct gets of the log'));
      return;
    }
    const at = sequenceOf(message.headers);
    const asked = message.subject.slice(this.#inbox.length + 1);
    // "Not found" and every other answer without a message carry a status.
    if (status === 0 && at !== undefined && String(at) === asked) this.#answers.set(at, message);
    this.#answered++;
    if (this.#answered >= this.wanted.length) this.#end(this.#answers);
    else this.#ask();
  }

  #ask(): void {
    const { connection, log, api } = this.options;
    while (this.#asked < this.wanted.length && this.#asked - this.#answered < GETS_IN_FLIGHT_MAX) {
      const at = this.wanted[this.#asked++];
      connection.publish(`${api}.DIRECT.GET.${log.name}`, `{"seq":${at}}`, { reply: `${this.#inbox}.${at}` });
    }
  }

  /** nats-server 2.9 says nothing at all where direct get is not to be had; later ones say 503. */
  #giveUp(): void {
    this.#end(this.#answered === 0 ? unavailable('nobody answers direct gets of the log') : this.#answers);
  }

  #end(outcome: ReadonlyMap<Sequence, Msg> | Error): void {
    if (this.#subscription === undefined) return;
    clearTimeout(this.#silence);
    if (!this.#subscription.isClosed()) this.#subscription.unsubscribe();
    this.#subscription = undefined;
    this.settle(outcome);
  }
}

const NO_RESPONDERS = 503;

const unavailable = (message: string): RevocationError => new RevocationError('ERR_LOG_UNAVAILABLE', message);
const disconnected = (): RevocationError =>
  new RevocationError('ERR_FEED_DISCONNECTED', 'the connection ended while reading');
