import { randomUUID } from 'node:crypto';
import { rounded } from '../gate/measure.mjs';
import { processCost } from '../nats-bench.mjs';
import { NodeProcess } from './node-process.mjs';
import { PATTERNS } from './patterns.mjs';

const MB = 1024 * 1024;

async function untilHeld(node, entries) {
  while ((await node.question('entries')).entries < entries) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** What a node holds more once so many tokens are revoked, after garbage collection; and what those that are run take. */
export async function measureMemory(stage, { entries }) {
  const jtis = Array.from({ length: entries }, () => randomUUID());
  const results = {};
  const redisBefore = await stage.redis.writer.usedBytes();
  for (const kind of ['pubsub', 'revocast']) {
    const node = await NodeProcess.start(stage.optionsFor(PATTERNS[kind]));
    while ((await node.ask(stage.take().token)).status !== 200);
    const before = await node.question('memory');
    const from = performance.now();
    await stage[PATTERNS[kind].broker].writer.fill(jtis);
    await untilHeld(node, before.entries + entries);
    const seconds = rounded((performance.now() - from) / 1_000);
    const { usedBytes, rssBytes } = await node.question('memory');
    results[kind] = {
      nodeMb: rounded((usedBytes - before.usedBytes) / MB),
      nodeRssMb: rounded((rssBytes - before.rssBytes) / MB),
      filledInSeconds: seconds,
    };
    await node.stop();
  }
  results.redisMb = rounded(((await stage.redis.writer.usedBytes()) - redisBefore) / MB);
  const rss = (pid) => Math.round(processCost(pid)?.rssMb ?? Number.NaN);
  const { server, service } = stage.ours;
  const processesMb = { redis: rss(stage.redis.server.pid()), nats: rss(server.pid()), service: rss(service.pid) };
  return { entries, ...results, processesMb };
}
