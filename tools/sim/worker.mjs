// One worker of `npm run sim`: plays the seeds it is given, and makes each run that breaks something as short as it goes.
import { parentPort } from 'node:worker_threads';
import { describeRun, judgeRun, scheduleOf, shrink } from '@revocast/testing';
import { MUTANTS, withMutant } from '../../libs/core/test/mutants/index.ts';

const SOUND = { spoil: () => ({}) };

function mutantOf(name) {
  if (name === undefined) return SOUND;
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant !== undefined) return mutant;
  throw new Error(`There is no mutant "${name}". There are: ${MUTANTS.map((one) => one.name).join(', ')}`);
}

/** What a mutant breaks besides what it is made for is of no interest. */
const problemsOf = (broken, { breaks }) => {
  if (breaks === undefined) return broken;
  return broken[breaks] === undefined ? {} : { [breaks]: broken[breaks] };
};

async function play(seed, steps, mutant) {
  const judge = async (schedule) =>
    problemsOf(await withMutant(mutant, (alterations) => judgeRun(schedule, alterations)), mutant);
  const schedule = scheduleOf(seed, steps);
  const broken = await judge(schedule);
  const [first] = Object.keys(broken);
  if (first === undefined) return undefined;
  const short = await shrink(schedule, async (shorter) => (await judge(shorter))[first] !== undefined);
  const left = await judge(short);
  const text = await withMutant(mutant, (alterations) => describeRun(short, left, alterations));
  return { seed, broken, happenings: short.happenings.length, text };
}

parentPort.on('message', async ({ done, from, count, steps, mutant }) => {
  if (done) return parentPort.close();
  const chosen = mutantOf(mutant);
  const failures = [];
  let played = 0;
  for (let seed = from; seed < from + count; seed++) {
    const failure = await play(seed, steps, chosen);
    played++;
    if (failure !== undefined) failures.push(failure);
    if (failure !== undefined && mutant !== undefined) break;
  }
  parentPort.postMessage({ played, failures });
});
