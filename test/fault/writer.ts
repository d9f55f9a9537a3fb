import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createTokenVerifier, parseIssuers, type TokenVerifier } from '@revocast/gate';
import { ISSUER, type Deployment, WRITER_KEY } from '../../apps/revocation-service/test/support/settings.js';
import { type Acknowledged, type RoundHistory } from './history.js';
import { systemClock } from './system.js';

/** Revocations under way at once: every other one waits for "enforced", so that both kinds of answer are put to the test. */
const WORKERS = 4;
const PACE_MS = 50;
const RETRY_MS = 200;
const ANSWER_MS_MAX = 30_000;

export interface ServiceAnswer {
  readonly id: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly propagation: { readonly state: string };
}

export interface Command {
  readonly url: string;
  readonly key: string;
  readonly sub: string;
  /** Waits for enforcement up to so many seconds. */
  readonly waitSeconds: number;
}

/** Undefined: no success was answered, so the same is asked again. */
export type Revoke = (command: Command) => Promise<ServiceAnswer | undefined>;

/** As an operator's script does it: the same key until there is an answer. */
export const revokeByHttp: Revoke = async ({ url, key, sub, waitSeconds }) => {
  const response = await fetch(`${url}/v1/revocations`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${WRITER_KEY}`,
      'content-type': 'application/json',
      'idempotency-key': key,
      prefer: waitSeconds === 0 ? 'respond-async' : `wait=${waitSeconds}`,
    },
    body: JSON.stringify({ issuer: ISSUER, scope: 'subject', sub }),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const answer = (await response.json()) as ServiceAnswer;
  return response.status === 201 || response.status === 200 ? answer : undefined;
};

export interface WriterOptions {
  readonly deployment: Deployment;
  readonly history: RoundHistory;
  readonly serviceUrl: () => Promise<string>;
  readonly waitSeconds: number;
  readonly revoke: Revoke;
}

/** Revokes one subject after the other through the service's API, and remembers what was answered with success. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #verifier: TokenVerifier;
  readonly #ended: Promise<unknown>;
  #stopped = false;
  #unanswered = 0;

  private constructor(options: WriterOptions, verifier: TokenVerifier) {
    this.#options = options;
    this.#verifier = verifier;
    this.#ended = Promise.all(Array.from({ length: WORKERS }, (_, n) => this.#work(n % 2 === 0)));
  }

  static async start(options: WriterOptions): Promise<Writer> {
    const issuers = parseIssuers(await options.deployment.issuers());
    return new Writer(options, createTokenVerifier({ issuers, clock: systemClock }));
  }

  /** Tokens and what they say; made before their subject is revoked. */
  async token(sub: string): Promise<Pick<Acknowledged, 'token' | 'facts'>> {
    const token = await this.#options.deployment.token({ sub });
    return { token, facts: (await this.#verifier.verify(token)).facts };
  }

  /** No new ones; resolves when those under way are answered or given up. Answers how many were given up. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#ended;
    return this.#unanswered;
  }

  async #work(waits: boolean): Promise<void> {
    while (!this.#stopped) {
      await this.#revokeOne(waits);
      await pause(PACE_MS);
    }
  }

  async #revokeOne(waits: boolean): Promise<void> {
    const { history, waitSeconds } = this.#options;
    const [key, sub] = [randomUUID(), `subject-${randomUUID()}`];
    const made = await this.token(sub);
    const answer = await this.#untilAnswered({ key, sub, waitSeconds: waits ? waitSeconds : 0 });
    if (answer === undefined) {
      this.#unanswered += 1;
      return;
    }
    const at = history.now();
    const { id, epoch, sequence, propagation } = answer;
    const isEnforced = propagation.state === 'enforced';
    history.publish({ ...made, id, at, ...(isEnforced && { enforcedAt: at }) }, `REVOCAST_LOG_${epoch}`, sequence);
  }

  async #untilAnswered(command: Omit<Command, 'url'>): Promise<ServiceAnswer | undefined> {
    // One that is under way when the writer stops gets one more chance: its outcome is wanted, not its success.
    for (let last = false; !last;) {
      last = this.#stopped;
      const answer = await this.#ask(command);
      if (answer !== undefined) return answer;
      await pause(RETRY_MS);
    }
    return undefined;
  }

  async #ask(command: Omit<Command, 'url'>): Promise<ServiceAnswer | undefined> {
    try {
      return await this.#options.revoke({ ...command, url: await this.#options.serviceUrl() });
    } catch {
      return undefined;
    }
  }
}
