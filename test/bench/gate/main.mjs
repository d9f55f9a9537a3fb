// What the gate and the guard cost, against their baselines in the same run.
//   npm run bench:gate -- [--json] [--quick] [--only algorithms|nest|arrivals] [--algorithm ES256] [--revocations N]
// --quick says nothing about speed: it is for the test that the bench works.
import { parseArgs } from 'node:util';
import { build } from '../../../tools/dev/build.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    only: { type: 'string' },
    algorithm: { type: 'string' },
    revocations: { type: 'string' },
  },
});

const FULL = {
  arrivals: { revocations: 1_000_000, idleMs: 2_000 },
  algorithms: { turns: 9, calls: 300, tokens: 200 },
  // The engine goes on optimising a server for tens of thousands of requests: those of the first turns.
  nest: { revocations: 100_000, tokens: 500, turns: 15, warmUpTurns: 5, ms: 1_000, connections: 32 },
};
const QUICK = {
  arrivals: { revocations: 2_000, idleMs: 100 },
  algorithms: { turns: 1, calls: 5, tokens: 5 },
  nest: { revocations: 1_000, tokens: 5, turns: 1, warmUpTurns: 1, ms: 50, connections: 2 },
};
const sizes = values.quick ? QUICK : FULL;
const isWanted = (section) => values.only === undefined || values.only === section;

const say = (text) => process.stderr.write(`${text}\n`);

async function run() {
  // Only now: the libraries run as they are published, so they must be built first.
  const { measureArrivals } = await import('./arrivals.mjs');
  const { measureAlgorithms } = await import('./algorithms.mjs');
  const { measureNest } = await import('./nest.mjs');
  const result = { node: process.version, quick: values.quick === true };
  if (isWanted('nest')) {
    say('Nest on Fastify, open and guarded ...');
    result.nest = await measureNest(sizes.nest);
  }
  if (isWanted('arrivals') || isWanted('algorithms')) {
    say(`${sizes.arrivals.revocations} revocations arrive ...`);
    const { follower, result: arrivals } = await measureArrivals({
      ...sizes.arrivals,
      ...(values.revocations !== undefined && { revocations: Number(values.revocations) }),
    });
    result.arrivals = arrivals;
    if (isWanted('algorithms')) {
      say('jose, the gate, the gate with its cache, for each algorithm ...');
      result.algorithms = await measureAlgorithms(follower, { ...sizes.algorithms, algorithm: values.algorithm });
    }
    await follower.close();
  }
  return result;
}

function print({ nest, arrivals, algorithms }) {
  if (nest !== undefined) {
    const { open, emptyGuard, guarded, guardedUncached } = nest;
    console.table({ open, 'empty guard': emptyGuard, guarded, 'guarded, no cache': guardedUncached });
    const { emptyToOpen, guardedToOpen, uncachedToOpen } = nest;
    console.table({
      ...{ 'empty guard : open': emptyToOpen, 'guarded : open': guardedToOpen },
      'guarded, no cache : open': uncachedToOpen,
    });
  }
  if (arrivals !== undefined) {
    const row = ({ checksPerSecond, seconds, delayMs }) => ({ seconds, checksPerSecond, ...delayMs });
    console.table({ idle: row(arrivals.idle), [`${arrivals.revocations} arriving`]: row(arrivals.arriving) });
  }
  if (algorithms !== undefined) console.table(algorithms);
}

await build();
const result = await run();
if (values.json) console.log(JSON.stringify(result));
else print(result);
