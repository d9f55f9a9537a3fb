import { randomUUID } from 'node:crypto';
import {
  type Clock,
  type LiveTokensAnswer,
  type NodeView,
  type Revocation,
  type Schedule,
  epochMs,
} from '@revocast/core';
import { type Publisher } from '@revocast/jetstream';
import { addUp, type LiveTokens } from './live-tokens.js';

/** Tokens that were not seen for longer are not called live. Milliseconds. */
export const LIVE_TOKENS_WINDOW_MS = 600_000;
/** Longest wait for nodes: a node looks at its tokens in some tens of milliseconds. */
export const ANSWERS_MS_MAX = 1_000;
/** Surveys at once: each makes every node of the fleet look at its tokens. */
const SURVEYS_AT_ONCE_MAX = 4;

export interface LiveTokenSurveyOptions {
  readonly publisher: Pick<Publisher, 'ask' | 'onAnswer'>;
  readonly nodes: () => readonly NodeView[];
  readonly clock: Clock;
  readonly schedule: Schedule;
}

interface Survey {
  /** Instances that may still answer, by service and instance. */
  readonly waiting: Map<string, NodeView>;
  readonly answers: LiveTokensAnswer[];
  readonly done: () => void;
}

const nameOf = ({ service, instance }: Pick<LiveTokensAnswer, 'service' | 'instance'>): string =>
  `${service}\n${instance}`;

/** Asks the nodes how many live tokens a revocation would hit. */
export class LiveTokenSurvey {
  readonly #underWay = new Map<string, Survey>();

  constructor(private readonly options: LiveTokenSurveyOptions) {
    options.publisher.onAnswer((answer) => this.#heard(answer));
  }

  /** Undefined: too many ask already. Resolves once all that can answer have, after `ANSWERS_MS_MAX` at the latest. */
  async of(revocations: readonly Revocation[]): Promise<LiveTokens | undefined> {
    if (this.#underWay.size >= SURVEYS_AT_ONCE_MAX) return undefined;
    const nodes = this.options.nodes().filter(({ state }) => state !== 'gone' && state !== 'presumedGone');
    const asked = nodes.filter(({ state, answersQuestions }) => state !== 'silent' && answersQuestions === true);
    const waiting = new Map(asked.map((node) => [nameOf(node), node]));
    const answers = asked.length === 0 ? [] : await this.#ask(revocations, waiting);
    const condition = revocations[0]?.condition;
    const exceptClients = condition !== undefined && 'exceptClients' in condition ? condition.exceptClients : [];
    return addUp(nodes, answers, { windowMs: LIVE_TOKENS_WINDOW_MS, exceptClients });
  }

  async #ask(revocations: readonly Revocation[], waiting: Survey['waiting']): Promise<readonly LiveTokensAnswer[]> {
    const id = randomUUID();
    const answers: LiveTokensAnswer[] = [];
    await new Promise<void>((resolve) => {
      const cancel = this.options.schedule(ANSWERS_MS_MAX, resolve);
      const done = (): void => {
        cancel();
        resolve();
      };
      this.#underWay.set(id, { waiting, answers, done });
      const time = epochMs(this.options.clock.wall());
      this.options.publisher.ask({ id, time, windowMs: LIVE_TOKENS_WINDOW_MS, revocations });
    });
    this.#underWay.delete(id);
    return answers;
  }

  /** One answer of each instance that was asked: what comes later, twice or from elsewhere counts nothing. */
  #heard(answer: LiveTokensAnswer): void {
    const survey = this.#underWay.get(answer.question);
    if (survey?.waiting.delete(nameOf(answer)) !== true) return;
    survey.answers.push(answer);
    if (survey.waiting.size === 0) survey.done();
  }
}
