import { describe, expect, it } from '@jest/globals';
import { epochMs, type LiveTokensCount, type LiveTokensQuestion } from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import { QUESTION_AGE_MS_MAX, QuestionDesk } from './question-desk.js';

const COUNT: LiveTokensCount = { tokens: 3, machines: 1, atLeast: false };

/** A gate that takes `steps` steps for each question. */
function aDesk(steps: number) {
  const time = new ManualTime();
  const taken: string[] = [];
  const gate = {
    *liveTokens({ id }: LiveTokensQuestion): Generator<void, LiveTokensCount> {
      for (let step = 0; step < steps; step++) {
        taken.push(id);
        yield;
      }
      return COUNT;
    },
  };
  const parts = { service: 'payments', instance: 'i1', clock: time, schedule: time.schedule, gate: () => gate };
  const desk = new QuestionDesk({ ...parts, feed: { onQuestion: () => undefined } });
  const ask = (id: string, at = 0) =>
    desk.answer({ id, time: epochMs(time.wall() + at), windowMs: 600_000, revocations: [] });
  return { time, desk, ask, taken };
}

describe('A node that is asked what a revocation would hit', () => {
  it('answers for itself', async () => {
    const { ask } = aDesk(0);
    expect(await ask('q1')).toEqual({ question: 'q1', service: 'payments', instance: 'i1', count: COUNT });
  });

  it('lets requests go between its steps', async () => {
    const { time, ask, taken } = aDesk(3);
    const answer = ask('q1');
    expect(taken).toHaveLength(1);
    expect(time.pending).toBe(1);
    await time.advance(1);
    expect(await answer).toMatchObject({ count: COUNT });
    expect(taken).toHaveLength(3);
  });

  it('answers once, and nothing that is old', async () => {
    const { ask } = aDesk(0);
    await ask('q1');
    expect(await ask('q1')).toBeUndefined();
    expect(await ask('q2', -QUESTION_AGE_MS_MAX - 1)).toBeUndefined();
    expect(await ask('q3', QUESTION_AGE_MS_MAX + 1)).toBeUndefined();
  });

  it('looks at a few questions at once and at no more', async () => {
    const { time, ask } = aDesk(1);
    const answers = [ask('q1'), ask('q2'), ask('q3')];
    await time.advance(1);
    expect((await Promise.all(answers)).map((answer) => answer?.question)).toEqual(['q1', 'q2', undefined]);
    expect(await Promise.race([ask('q4'), time.advance(1).then(() => 'waits')])).toBeDefined();
  });

  it('cannot be asked over a feed that brings no questions', () => {
    const { time } = aDesk(0);
    const gate = () => ({
      liveTokens: () => {
        throw new Error('nobody asked');
      },
    });
    const parts = { service: 'payments', instance: 'i1', clock: time, schedule: time.schedule, gate };
    expect(new QuestionDesk({ ...parts, feed: {} }).isOpen).toBe(false);
  });
});
