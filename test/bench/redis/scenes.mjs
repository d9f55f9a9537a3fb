// What happens when something fails, one scene each, on real servers.
import { setTimeout as passed } from 'node:timers/promises';
import { TcpProxy } from '@revocast/testing';
import { median, quantile, rounded } from '../nats-bench.mjs';
import { NodeProcess } from './node-process.mjs';
import { PATTERNS } from './patterns.mjs';
import { openRedis } from './stage.mjs';
import { mustAnswer, untilAnswered, watch } from './watching.mjs';

/** For each of `kinds`, one after the other, so that they do not take each other's processor. */
async function each(kinds, scene) {
  const results = {};
  for (const kind of kinds) results[kind] = await scene(PATTERNS[kind]);
  return results;
}

async function withNode(stage, pattern, where, use) {
  const node = await NodeProcess.start(stage.optionsFor(pattern, where));
  try {
    await mustAnswer(node, stage.take().token, 200);
    return await use(node);
  } finally {
    await node.stop();
  }
}

/** A token that is revoked, and that the node is known to refuse. */
async function revokedOn(node, stage, writer) {
  const { token, jti } = stage.take();
  await mustAnswer(node, token, 200);
  await writer.revoke(jti);
  await mustAnswer(node, token, 401);
  return token;
}

/** From the moment at which the command is sent until the node's first refusal. */
export const measureRevocation = (stage, { samples }) =>
  each(['get', 'pubsub', 'revocast'], (pattern) =>
    withNode(stage, pattern, {}, async (node) => {
      const { writer } = stage[pattern.broker];
      const [refused, answered] = [[], []];
      for (let sample = 0; sample < samples; sample += 1) {
        const { token, jti } = stage.take();
        await mustAnswer(node, token, 200);
        const from = performance.now();
        const told = writer.revoke(jti).then(() => answered.push(performance.now() - from));
        refused.push(await mustAnswer(node, token, 401));
        await told;
      }
      const of = (times) => ({ p50Ms: rounded(median(times)), p99Ms: rounded(quantile(times, 0.99)) });
      return { refused: of(refused), answered: of(answered) };
    }),
  );

/** The broker is killed, or hangs; then it is back. What clients are told meanwhile, and how soon all is well. */
export const measureOutage = (stage, { outageMs }, how) =>
  each(['get', 'getOrPass', 'pubsub', 'revocast'], (pattern) =>
    withNode(stage, pattern, {}, async (node) => {
      const { server, writer } = stage[pattern.broker];
      const revoked = await revokedOn(node, stage, writer);
      const { token: good } = stage.take();
      await (how === 'killed' ? server.kill() : server.pause());
      const during = await watch(node, { good, revoked }, outageMs);
      await (how === 'killed' ? server.start() : server.resume());
      return { ...during, goodAgainMs: rounded(await mustAnswer(node, good, 200)) };
    }),
  );

/** The line to the broker is cut while a token is revoked, then healed; several times, unless a token is forgotten. */
export const measureMissedMessage = (stage, { watchedMs, cuts }) =>
  each(['get', 'pubsub', 'pubsubRescan', 'revocast'], async (pattern) => {
    const { server } = stage[pattern.broker];
    const line = await TcpProxy.start(server.port);
    try {
      return await withNode(stage, pattern, { through: line }, async (node) => {
        const rounds = [];
        do rounds.push(await missed(stage, pattern, { node, line, watchedMs }));
        while (rounds.length < cuts && rounds.at(-1).refusedAfterMs !== null);
        const { whileCut, inTheEnd } = rounds.at(-1);
        const times = rounds.map(({ refusedAfterMs }) => refusedAfterMs);
        const isForgotten = times.includes(null);
        return { whileCut, inTheEnd, refusedAfterMs: isForgotten ? null : rounded(median(times)), cuts: times.length };
      });
    } finally {
      await line.close();
    }
  });

async function missed(stage, pattern, { node, line, watchedMs }) {
  const { writer } = stage[pattern.broker];
  const { token, jti } = stage.take();
  await mustAnswer(node, token, 200);
  line.cut();
  await writer.revoke(jti, { wait: 0 });
  const { status: whileCut } = await node.ask(token);
  line.heal();
  const { ms } = await untilAnswered(node, token, 401, { withinMs: watchedMs });
  // The line is good again, so a token that still passes was forgotten, and is not late.
  await revokedOn(node, stage, writer);
  const { ms: late } = await untilAnswered(node, token, 401, { withinMs: watchedMs });
  return { whileCut, refusedAfterMs: ms ?? null, inTheEnd: late === undefined ? 200 : 401 };
}

/** An API node starts while a token is revoked: is it refused from the first request on? And when the broker is away? */
export const measureNodeRestart = (stage, { outageMs }) =>
  each(['get', 'pubsub', 'revocast'], async (pattern) => {
    const { server, writer } = stage[pattern.broker];
    const { token: good } = stage.take();
    const revoked = await withNode(stage, pattern, {}, (node) => revokedOn(node, stage, writer));
    const started = await starting(stage, pattern, (node, from) => untilProtected(node, { good, revoked }, from));
    await server.kill();
    const withoutBroker = await starting(stage, pattern, async (node) => {
      await (pattern.waitsForBroker ? passed(outageMs) : node.listening);
      const { good: forGood, revoked: forRevoked } = await watch(node, { good, revoked }, outageMs);
      return { listens: node.port !== undefined, good: forGood, revoked: forRevoked };
    });
    await server.start();
    return { ...started, withoutBroker };
  });

/** From its start until it refuses the revoked token and takes the good one, and what it answered to the revoked one before. */
async function untilProtected(node, { good, revoked }, from) {
  await node.listening;
  const { before } = await untilAnswered(node, revoked, 401);
  await mustAnswer(node, good, 200);
  const { entries } = await node.question('entries');
  return { readyMs: rounded(performance.now() - from), entries, revokedBefore: before };
}

async function starting(stage, pattern, use) {
  const node = await NodeProcess.load(pattern.options);
  try {
    const from = performance.now();
    node.start(stage.optionsFor(pattern));
    return await use(node, from);
  } finally {
    await node.stop();
  }
}

/** Redis is killed a moment after a revocation, and starts from what it has on disk. */
async function redisRestarted(stage, persistence, settleMs) {
  const redis = await openRedis(persistence);
  const where = { broker: redis.server };
  try {
    return await withNode(stage, PATTERNS.get, where, (asking) =>
      withNode(stage, PATTERNS.pubsub, where, async (following) => {
        const revoked = await revokedOn(following, stage, redis.writer);
        // Longer than a log that is synced each second needs.
        await passed(settleMs);
        await redis.server.kill();
        await redis.server.start();
        await mustAnswer(asking, stage.take().token, 200);
        const fresh = await withNode(stage, PATTERNS.pubsub, where, (node) => node.ask(revoked));
        const [{ status: get }, { status: pubsub }] = [await asking.ask(revoked), await following.ask(revoked)];
        return { get, pubsub, pubsubNewNode: fresh.status };
      }),
    );
  } finally {
    await redis.close();
  }
}

/** Our broker loses its whole disk: the log is written anew from the journal. */
async function oursWiped(stage, watchedMs) {
  const { server, writer } = stage.ours;
  return withNode(stage, PATTERNS.revocast, {}, async (node) => {
    const revoked = await revokedOn(node, stage, writer);
    const { token: good } = stage.take();
    await server.wipe();
    await server.start();
    const from = performance.now();
    const [runningNode, newNode] = await Promise.all([
      watch(node, { good, revoked }, watchedMs),
      starting(stage, PATTERNS.revocast, (late) => untilProtected(late, { good, revoked }, from)),
    ]);
    return { runningNode, newNode };
  });
}

export async function measureBrokerRestart(stage, { settleMs, watchedMs }) {
  const results = {};
  for (const persistence of ['none', 'rdb', 'aof']) {
    results[persistence] = await redisRestarted(stage, persistence, settleMs);
  }
  return { redis: results, revocast: await oursWiped(stage, watchedMs) };
}
