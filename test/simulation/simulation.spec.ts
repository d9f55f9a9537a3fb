import { describe, expect, it } from '@jest/globals';
import { GUARANTEES, judgeRun, playSchedule, scheduleOf, shrink } from '@revocast/testing';
import { MUTANTS, withMutant } from '../../libs/core/test/mutants/index.js';

/** CI plays the first 10,000 beside the tests that wait (`tools/sim/beside.mjs`), `npm run sim` ones that nobody played before. */
const FROM_SEED = 10_001;
const RUNS = 300;
const SEEDS_MAX = 1_000;
const TIMEOUT_MS = 300_000;

describe('The simulation', () => {
  it(
    `finds every guarantee kept, from seed ${FROM_SEED} on`,
    async () => {
      for (let seed = FROM_SEED; seed < FROM_SEED + RUNS; seed += 1) {
        expect({ repeat: `npm run sim -- --seed ${seed}`, broken: await judgeRun(scheduleOf(seed)) }).toMatchObject({
          broken: {},
        });
      }
    },
    TIMEOUT_MS,
  );

  it.each(MUTANTS)(
    'notices a product $what: it breaks "$breaks" ($name)',
    async (mutant) => {
      const isNoticed = async (seed: number): Promise<boolean> => {
        const history = await withMutant(mutant, (alterations) => playSchedule(scheduleOf(seed), alterations));
        return GUARANTEES[mutant.breaks](history).length > 0;
      };
      let noticed = await isNoticed(mutant.seed);
      for (let seed = 1; !noticed && seed <= SEEDS_MAX; seed += 1) noticed = await isNoticed(seed);
      expect(noticed).toBe(true);
    },
    TIMEOUT_MS,
  );

  it('has a mutant for every guarantee', () => {
    expect(new Set(MUTANTS.map(({ breaks }) => breaks))).toEqual(new Set(Object.keys(GUARANTEES)));
  });

  it('plays a schedule twice alike, to the last entry', async () => {
    const schedule = scheduleOf(7);
    expect(await playSchedule(schedule)).toEqual(await playSchedule(schedule));
  });

  it('leaves out of a failing run what is not needed for it to fail', async () => {
    const schedule = scheduleOf(7);
    const [first, last] = [schedule.happenings[3], schedule.happenings.at(-2)];
    const has = ({ seed }: { readonly seed: number }, happenings: readonly { readonly seed: number }[]): boolean =>
      happenings.some((happening) => happening.seed === seed);
    const short = await shrink(schedule, ({ happenings }) =>
      Promise.resolve(has(first!, happenings) && has(last!, happenings)),
    );
    expect(short.happenings.map(({ seed }) => seed)).toEqual([first!.seed, last!.seed]);
  });
});
