import { beforeEach, describe, expect, it } from '@jest/globals';
import { sequence, type Verdict } from '@revocast/core';
import { someFacts } from '@revocast/testing';
import { type Acknowledged, RoundHistory } from './history.js';
import { judge } from './round.js';

const BOUND_MS = 2_000;
const LOG = 'REVOCAST_LOG_e1';
const ACTIVE: Verdict = { kind: 'active', watermark: sequence(0) };

/** Each of the judges of a round must be able to say no. */
describe('A round is not kept', () => {
  let history: RoundHistory;
  const acknowledge = (parts: Partial<Acknowledged> = {}): void =>
    history.publish({ id: 'r1', token: 't', facts: someFacts(), at: 1_000, ...parts }, LOG, 7);
  const judged = (): ReturnType<typeof judge> => judge(history, []);

  beforeEach(() => {
    history = new RoundHistory(BOUND_MS);
  });

  it('unless everything was refused that had to be', () => {
    acknowledge();
    history.check('r1', { node: 'n1', at: 1_000 + BOUND_MS + 1_000, verdict: ACTIVE });
    history.settle(0);
    history.observe('n1', 'current', new Set(['r1']));
    expect(judged()).toEqual({ falseAccepts: 0, problems: [] });
  });

  it('when a node accepts longer after the answer than the bound and a second', () => {
    acknowledge();
    history.check('r1', { node: 'n1', at: 1_000 + BOUND_MS + 1_001, verdict: ACTIVE });
    expect(judged()).toMatchObject({ falseAccepts: 1, problems: [expect.stringContaining('n1 called active')] });
  });

  it('when a node is asked after "enforced" was answered, and accepts', () => {
    acknowledge({ enforcedAt: 1_500 });
    history.check('r1', { node: 'n1', at: 1_499, verdict: ACTIVE });
    expect(judged().falseAccepts).toBe(0);
    history.check('r1', { node: 'n1', at: 1_501, verdict: ACTIVE });
    expect(judged()).toMatchObject({ falseAccepts: 1, problems: [expect.stringContaining('after "enforced"')] });
  });

  it('when a node accepts what is at or below its watermark', () => {
    acknowledge();
    history.check('r1', { node: 'n1', at: 1_001, verdict: { kind: 'active', watermark: sequence(7) }, log: LOG });
    expect(judged().falseAccepts).toBe(1);
  });

  it('when a node never learns of one, or forgets one that it knew', () => {
    acknowledge();
    history.observe('n1', 'current', new Set(['r1']));
    history.settle(0);
    history.observe('n1', 'current', new Set());
    expect(judged().problems).toEqual(['n1 forgot r1', 'n1 never learned of r1']);
  });

  it('when a node refuses a token that nobody revoked', () => {
    history.stand({ node: 'n1', at: 1, kind: 'revoked' });
    expect(judged().problems).toEqual(['n1 refuses a token that nobody revoked']);
  });
});
