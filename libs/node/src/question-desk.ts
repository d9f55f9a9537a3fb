import { type Clock, type Feed, type LiveTokensAnswer, type LiveTokensQuestion, type Schedule } from '@revocast/core';
import { type Gate } from '@revocast/gate';
import { type NodeIdentity } from './options.js';

/** A question that is older, or further ahead, is a repetition or comes from a clock that nobody can trust. Milliseconds. */
export const QUESTION_AGE_MS_MAX = 60_000;
/** Questions remembered, so that one that is sent again costs nothing. */
const QUESTIONS_REMEMBERED = 256;
/** Looked at at once; a node that is asked more often does not answer. */
const QUESTIONS_AT_ONCE_MAX = 2;

export interface QuestionDeskParts extends NodeIdentity {
  readonly feed: Pick<Feed, 'onQuestion'>;
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** The gate of the moment. */
  readonly gate: () => Pick<Gate, 'liveTokens'>;
}

/** Answers what a revocation would hit here. Requests go before: it pauses every few hundred tokens. */
export class QuestionDesk {
  readonly #seen = new Set<string>();
  #underWay = 0;

  constructor(private readonly parts: QuestionDeskParts) {
    parts.feed.onQuestion?.((question) => this.answer(question));
  }

  /** Whether anybody can ask. */
  get isOpen(): boolean {
    return this.parts.feed.onQuestion !== undefined;
  }

  async answer(question: LiveTokensQuestion): Promise<LiveTokensAnswer | undefined> {
    if (!this.#isNew(question) || this.#underWay >= QUESTIONS_AT_ONCE_MAX) return undefined;
    this.#underWay += 1;
    try {
      const { service, instance } = this.parts;
      const steps = this.parts.gate().liveTokens(question);
      let step = steps.next();
      while (step.done !== true) {
        await this.#pause();
        step = steps.next();
      }
      return { question: question.id, service, instance, count: step.value };
    } finally {
      this.#underWay -= 1;
    }
  }

  #isNew({ id, time }: LiveTokensQuestion): boolean {
    if (this.#seen.has(id) || Math.abs(this.parts.clock.wall() - time) > QUESTION_AGE_MS_MAX) return false;
    this.#seen.add(id);
    const [oldest] = this.#seen;
    if (this.#seen.size > QUESTIONS_REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
    return true;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.parts.schedule(0, resolve));
  }
}
