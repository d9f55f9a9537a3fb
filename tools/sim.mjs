// Plays seeded runs of the whole product in memory and judges every guarantee.
//   npm run sim -- --seed N [--runs N] [--steps N] [--workers N] [--mutant NAME] [--json]
// A run that breaks something is made as short as it goes and printed; the exit code is then 1. With --mutant it is the
// other way round: the run that catches the mutant ends it, and none within --runs (1,000) is the failure.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

/** Seeds that a worker is given at once: some seconds of work. */
const SEEDS_AT_ONCE = 25;
const PROGRESS_EVERY_MS = 5_000;
/** Failing seeds that are told: after these there is enough to do. */
const FAILURES_MAX = 5;

const usage = 'npm run sim -- --seed N [--runs N] [--steps N] [--workers N] [--mutant NAME] [--json]';

function wholeNumber(text, name, least) {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  console.error(`--${name} must be a whole number of at least ${least}, not "${text}".\n${usage}`);
  process.exit(2);
}

function readOptions() {
  const text = { type: 'string' };
  const options = { seed: text, runs: text, steps: text, workers: text, mutant: text, json: { type: 'boolean' } };
  const { values } = parseArgs({ options });
  const runs = wholeNumber(values.runs ?? (values.mutant === undefined ? 1 : 1_000), 'runs', 1);
  return {
    runs,
    seed: wholeNumber(values.seed ?? 1 + Math.floor(Math.random() * 2 ** 31), 'seed', 0),
    steps: values.steps === undefined ? undefined : wholeNumber(values.steps, 'steps', 1),
    workers: Math.min(
      wholeNumber(values.workers ?? availableParallelism(), 'workers', 1),
      Math.ceil(runs / SEEDS_AT_ONCE),
    ),
    mutant: values.mutant,
    json: values.json === true,
  };
}

/** Gives every worker seeds until there are none, or enough has failed. */
function playAll({ seed, runs, steps, workers, mutant }, onProgress) {
  const results = { played: 0, failures: [] };
  const enough = mutant === undefined ? FAILURES_MAX : 1;
  let next = seed;
  const give = (worker) => {
    const left = seed + runs - next;
    if (left <= 0 || results.failures.length >= enough) return worker.postMessage({ done: true });
    const count = Math.min(SEEDS_AT_ONCE, left);
    worker.postMessage({ from: next, count, steps, mutant });
    next += count;
  };
  const ended = Array.from({ length: workers }, () => {
    const worker = new Worker(new URL('./sim/worker.mjs', import.meta.url));
    return new Promise((resolve, reject) => {
      worker.on('message', ({ played, failures }) => {
        results.played += played;
        results.failures.push(...failures);
        onProgress(results);
        give(worker);
      });
      worker.on('error', reject);
      worker.on('exit', resolve);
      give(worker);
    });
  });
  return Promise.all(ended).then(() => results);
}

function printFailure({ seed, broken, text, happenings }, { steps, mutant }) {
  const more = [steps === undefined ? '' : ` --steps ${steps}`, mutant === undefined ? '' : ` --mutant ${mutant}`];
  console.log(`\nSeed ${seed} breaks ${Object.keys(broken).join(', ')}; ${happenings} happenings are enough:\n${text}`);
  console.log(`To repeat: npm run sim -- --seed ${seed} --runs 1${more.join('')}`);
}

const options = readOptions();
const { seed, runs, mutant, json } = options;
const beganAt = performance.now();
let toldAt = beganAt;
if (!json)
  console.log(`Seeds ${seed} to ${seed + runs - 1}${mutant === undefined ? '' : `, with the mutant ${mutant}`}.`);
let told = 0;
const { played, failures } = await playAll(options, (results) => {
  // At once: a long search may be ended by hand.
  for (; !json && told < results.failures.length; told++) {
    const { seed: failing, broken } = results.failures[told];
    console.log(`Seed ${failing} breaks ${Object.keys(broken).join(', ')}.`);
  }
  if (json || performance.now() - toldAt < PROGRESS_EVERY_MS) return;
  toldAt = performance.now();
  console.log(`${results.played} of ${runs} runs, ${results.failures.length} failed`);
});
failures.sort((a, b) => a.seed - b.seed);
const seconds = (performance.now() - beganAt) / 1000;
if (json) console.log(JSON.stringify({ seed, runs, played, mutant, seconds: Number(seconds.toFixed(1)), failures }));
else {
  for (const failure of failures) printFailure(failure, options);
  const kept = failures.length === 0 ? 'all guarantees kept' : `${failures.length} runs broke a guarantee`;
  console.log(`\n${played} runs in ${seconds.toFixed(1)} s, ${kept}.`);
  if (mutant !== undefined && failures.length === 0)
    console.log(`The mutant ${mutant} survives: nothing would notice it.`);
}
process.exitCode = failures.length > 0 === (mutant !== undefined) ? 0 : 1;
