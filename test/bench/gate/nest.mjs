import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { issuerWith } from './issuer.mjs';
import { median, rounded } from './measure.mjs';

const KINDS = ['open', 'emptyGuard', 'guarded', 'guardedUncached'];

const processOf = (file) => fork(join(import.meta.dirname, file));

/** Sends `message` to a process and waits for its answer. */
async function ask(child, message) {
  child.send(message);
  const [answer] = await once(child, 'message');
  return answer;
}

/**
 * Requests per second, and what the server spent on each. What its event loop was busy for says whether the client kept it
 * so: if not, the rate would be the client's.
 */
async function round(client, { server, port }, load) {
  const before = await ask(server, 'usage');
  const { answers, failed, seconds } = await ask(client, { port, path: '/orders', ...load });
  const after = await ask(server, 'usage');
  if (failed > 0 || answers === 0) throw new Error(`${failed} of ${answers} requests of the bench failed`);
  const [active, idle] = [after.active - before.active, after.idle - before.idle];
  return {
    perSecond: answers / seconds,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / answers,
    utilization: active / (active + idle),
  };
}

const summary = (rounds) => ({
  requestsPerSecond: Math.round(median(rounds.map(({ perSecond }) => perSecond))),
  cpuMicrosPerRequest: rounded(median(rounds.map(({ cpuMicros }) => cpuMicros))),
  serverUtilization: rounded(median(rounds.map(({ utilization }) => utilization))),
});

/** Each turn sends the same requests, token included, to all apps; a ratio is the median of those of the turns. */
async function measure(apps, client, { turns, warmUpTurns, ...load }) {
  const rounds = Object.fromEntries(KINDS.map((kind) => [kind, []]));
  for (let turn = -warmUpTurns; turn < turns; turn++) {
    for (const kind of turn % 2 === 0 ? KINDS : KINDS.toReversed()) {
      const measured = await round(client, apps[kind], load);
      if (turn >= 0) rounds[kind].push(measured);
    }
  }
  return rounds;
}

const ratios = (rounds, kind) => ({
  throughput: rounded(median(rounds[kind].map(({ perSecond }, turn) => perSecond / rounds.open[turn].perSecond))),
  cpu: rounded(median(rounds[kind].map(({ cpuMicros }, turn) => rounds.open[turn].cpuMicros / cpuMicros))),
});

/** Nest on Fastify without a guard, with an empty one, with ours, and with ours without the cache. */
export async function measureNest({ revocations, tokens, ...load }) {
  const issuer = await issuerWith('ES256', tokens);
  const client = processOf('load.mjs');
  const apps = {};
  try {
    for (const kind of KINDS) {
      const server = processOf('nest-server.mjs');
      apps[kind] = { server };
      apps[kind].port = (await ask(server, { kind, issuer: issuer.input, revocations })).port;
    }
    const rounds = await measure(apps, client, { tokens: issuer.tokens.map(String), ...load });
    return {
      ...Object.fromEntries(KINDS.map((kind) => [kind, summary(rounds[kind])])),
      emptyToOpen: ratios(rounds, 'emptyGuard'),
      guardedToOpen: ratios(rounds, 'guarded'),
      uncachedToOpen: ratios(rounds, 'guardedUncached'),
    };
  } finally {
    for (const { server } of Object.values(apps)) server.kill();
    client.kill();
  }
}
