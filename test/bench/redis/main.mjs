// Beside the two usual ways to keep a blacklist in Redis: the same work, in one run, on real servers.
//   npm run compare:redis -- [--json] [--quick] [--only speed,revocation,memory,outage,missed,restart,broker]
// --quick says nothing about speed: it is for the test that the facts hold.
import { randomUUID } from 'node:crypto';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { buildApps } from '../../fault/app-process.ts';
import { measureMemory } from './memory.mjs';
import * as scenes from './scenes.mjs';
import { measureSpeed } from './speed.mjs';
import { openStage } from './stage.mjs';
import { tableOf } from './table.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, only: { type: 'string' } },
});

const FULL = {
  tokens: 1_500,
  speed: { turns: 5, warmUpTurns: 2, connections: 32, ms: 500, tokens: 500, held: 10_000 },
  samples: 100,
  cuts: 9,
  times: { outageMs: 3_000, watchedMs: 10_000, settleMs: 2_000 },
  entries: 100_000,
};
const QUICK = {
  tokens: 120,
  speed: { turns: 1, warmUpTurns: 0, connections: 2, ms: 20, tokens: 5, held: 10 },
  samples: 2,
  cuts: 1,
  times: { outageMs: 50, watchedMs: 600, settleMs: 0 },
  entries: 500,
};
const sizes = values.quick ? QUICK : FULL;
const wanted = values.only?.split(',');
const isWanted = (name) => wanted?.includes(name) ?? true;
const say = (text) => process.stderr.write(`${text}\n`);

const PARTS = {
  speed: (stage) =>
    measureSpeed(stage, { ...sizes.speed, held: Array.from({ length: sizes.speed.held }, () => randomUUID()) }),
  revocation: (stage) => scenes.measureRevocation(stage, sizes),
  memory: (stage) => measureMemory(stage, sizes),
  outage: async (stage) => ({
    killed: await scenes.measureOutage(stage, sizes.times, 'killed'),
    hung: await scenes.measureOutage(stage, sizes.times, 'hung'),
  }),
  missed: (stage) => scenes.measureMissedMessage(stage, { ...sizes.times, cuts: sizes.cuts }),
  restart: (stage) => scenes.measureNodeRestart(stage, sizes.times),
  // Last: it takes the disk away.
  broker: (stage) => scenes.measureBrokerRestart(stage, sizes.times),
};

async function run() {
  say('nats-server, the service, redis-server ...');
  const stage = await openStage(sizes);
  try {
    const result = {
      ...{ node: process.version, processors: cpus().length, processor: cpus()[0]?.model ?? 'unknown' },
      ...{ redis: await stage.redis.server.version(), nats: stage.ours.server.version, quick: values.quick === true },
    };
    for (const [name, part] of Object.entries(PARTS)) {
      if (!isWanted(name)) continue;
      say(`${name} ...`);
      const from = performance.now();
      result[name] = await part(stage);
      say(`    ${((performance.now() - from) / 1_000).toFixed(1)} s: ${JSON.stringify(result[name])}`);
    }
    return result;
  } finally {
    await stage.close();
  }
}

await buildApps();
const result = await run();
if (values.json) console.log(JSON.stringify(result));
else console.log(tableOf(result));
