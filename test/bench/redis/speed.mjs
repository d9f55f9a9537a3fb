import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { median, rounded } from '../gate/measure.mjs';
import { processCost } from '../nats-bench.mjs';
import { NodeProcess } from './node-process.mjs';
import { PATTERNS } from './patterns.mjs';

const KINDS = ['unchecked', 'get', 'pubsub', 'revocast', 'revocastUncached'];
const CLIENT = join(import.meta.dirname, '../gate/load.mjs');

async function ask(child, message) {
  child.send(message);
  const [answer] = await once(child, 'message');
  return answer;
}

/** Sends the load to one node, and counts what the node and its broker have spent on it. */
async function round(client, { node, brokerPid }, load) {
  const [before, brokerBefore] = [await node.question('usage'), processCost(brokerPid)];
  const told = await ask(client, { port: node.port, path: '/orders', ...load });
  const [after, brokerAfter] = [await node.question('usage'), processCost(brokerPid)];
  if (told.failed > 0 || told.answers === 0) throw new Error(`${told.failed} of ${told.answers} requests failed`);
  return {
    ...told,
    perSecond: told.answers / told.seconds,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / told.answers,
    brokerMicros: brokerBefore ? ((brokerAfter.cpuMs - brokerBefore.cpuMs) * 1_000) / told.answers : Number.NaN,
  };
}

const medianOf = (rounds, name) => median(rounds.map((one) => one[name]));

function summary({ awake, asleep, single }, baseline) {
  const perSecond = (rounds) => Math.round(medianOf(rounds, 'perSecond'));
  const better = perSecond(awake) >= perSecond(asleep) ? awake : asleep;
  const rates = [awake, asleep].map((rounds, which) => {
    const other = [baseline.awake, baseline.asleep][which];
    return median(rounds.map((one, turn) => one.perSecond / other[turn].perSecond));
  });
  return {
    ...{ perSecond: perSecond(better), perSecondAwake: perSecond(awake), perSecondAsleep: perSecond(asleep) },
    toUnchecked: rounded(Math.max(...rates)),
    cpuMicros: rounded(medianOf(better, 'cpuMicros')),
    brokerMicros: rounded(medianOf(better, 'brokerMicros')),
    ...{ p50Ms: rounded(medianOf(single, 'p50Micros') / 1_000), p99Ms: rounded(medianOf(single, 'p99Micros') / 1_000) },
  };
}

/**
 * Throughput with many connections, and what a request takes with one, where it waits for no other. Each turn sends the
 * same requests to all nodes. A client that never sleeps takes a core that a look-up in Redis needs where there are two;
 * one that sleeps has to be woken: both are measured, and for each side the better one counts.
 */
export async function measureSpeed(stage, { turns, warmUpTurns, connections, ms, tokens: count, held }) {
  const tokens = Array.from({ length: count }, () => stage.take().token);
  for (const { writer } of [stage.redis, stage.ours]) await writer.fill(held);
  const client = fork(CLIENT, { execArgv: [] });
  const nodes = {};
  try {
    for (const kind of KINDS) {
      const node = await NodeProcess.start(stage.optionsFor(PATTERNS[kind]));
      const brokerPid = stage[PATTERNS[kind].broker].server.pid();
      nodes[kind] = { node, brokerPid, rounds: { awake: [], asleep: [], single: [] } };
    }
    await currentOnAll(nodes, tokens[0]);
    for (let turn = -warmUpTurns; turn < turns; turn += 1) {
      for (const kind of turn % 2 === 0 ? KINDS : KINDS.toReversed()) {
        const loads = {
          awake: { connections },
          asleep: { connections, sleeps: true },
          single: { connections: 1, latency: true },
        };
        for (const [name, load] of Object.entries(loads)) {
          const measured = await round(client, nodes[kind], { tokens, ms, ...load });
          if (turn >= 0) nodes[kind].rounds[name].push(measured);
        }
      }
    }
    const { rounds: baseline } = nodes.unchecked;
    return Object.fromEntries(KINDS.map((kind) => [kind, summary(nodes[kind].rounds, baseline)]));
  } finally {
    client.kill();
    await Promise.all(Object.values(nodes).map(({ node }) => node.stop()));
  }
}

async function currentOnAll(nodes, token) {
  for (const { node } of Object.values(nodes)) {
    while ((await node.ask(token)).status !== 200);
  }
}
