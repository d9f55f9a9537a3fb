import { beforeAll, describe, expect, it } from '@jest/globals';
import { buildApps } from './app-process.js';
import { FAULTS } from './faults.js';
import { mutantOf } from './mutants.js';
import { type Fault, playRound, type RoundReport } from './round.js';

const BOUND_MS = 2_000;

const faultOf = (name: string): Fault => {
  const found = FAULTS.find((fault) => fault.name === name);
  if (found === undefined) throw new Error(`no fault ${name}`);
  return found;
};

const isOfMutant = (problem: string): boolean => problem.includes('mutant-');

/** The nodes kept every guarantee, and the one that is broken on purpose did not: so the judges can fail. */
const expectOnlyTheMutantFails = ({ problems, acknowledged, lost }: RoundReport): void => {
  expect(problems.filter((problem) => !isOfMutant(problem))).toEqual([]);
  expect(problems.filter((problem) => /mutant-.*(called active|accepted)/.test(problem))).not.toEqual([]);
  expect(acknowledged).toBeGreaterThan(20);
  expect(lost).toBe(0);
};

describe('with real servers that break', () => {
  beforeAll(buildApps, 180_000);

  it('a feed that is delayed past the bound is noticed, unless arrival is taken for proof', async () => {
    const report = await playRound(
      {
        ...faultOf('delayed-feed'),
        followers: 2,
        play: async (stage) => {
          const lines = stage.victims.flatMap(({ proxies }) => proxies);
          for (const line of lines) line.delay(6_000);
          await stage.last(9_000);
          for (const line of lines) line.heal();
        },
      },
      { boundMs: BOUND_MS, mutant: mutantOf('dated-by-receipt') },
    );
    expectOnlyTheMutantFails(report);
    expect(report.staleSaidMs).toBeDefined();
  }, 400_000);

  it('three servers and a leaf: leader killed, leader cut off, leaf cut off, and nothing is lost', async () => {
    const cutOff = faultOf('leader-cut-off');
    const report = await playRound(
      {
        ...cutOff,
        broker: 'leaf',
        followers: 2,
        processes: 1,
        play: async (stage) => {
          await cutOff.play(stage);
          await stage.allCurrent();
          await faultOf('leaf-cut').play(stage);
          await stage.allCurrent();
          await faultOf('leader-lost').play(stage);
        },
      },
      { boundMs: BOUND_MS, mutant: mutantOf('without-quorum') },
    );
    expectOnlyTheMutantFails(report);
  }, 400_000);
});
