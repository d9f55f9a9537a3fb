import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as passed } from 'node:timers/promises';
import { createFollower, epochMs, epochSeconds, monotonicMs } from '@revocast/core';
import { issuerSettings, parseIssuers } from '@revocast/gate';
import { epochOpenedBody, InMemoryBroker, revokedBody } from '@revocast/testing';
import { ISSUER } from './issuer.mjs';

export const clock = { wall: () => epochMs(Date.now()), monotonic: () => monotonicMs(performance.now()) };

const schedule = (delayMs, task) => {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
};

/** A broker in memory whose epoch is open. */
export function startBroker() {
  const broker = new InMemoryBroker({ schedule, now: clock.wall });
  broker.createLog('epoch-1');
  broker.publish(epochOpenedBody());
  return broker;
}

/** The real follower, current, on a broker in memory. */
export async function startFollower(broker, issuerInput) {
  const issuers = parseIssuers([issuerInput]).map(issuerSettings);
  const follower = createFollower({ feed: broker.createFeed(), clock, prng: Math.random, schedule, issuers });
  follower.start();
  await until(() => follower.status().state === 'current');
  return follower;
}

export async function until(holds) {
  while (!holds()) await passed(1);
}

/** Every scope a check asks for, so that none is skipped for want of entries; none of them hits a token of the bench. */
const KEYS = [
  (id) => ({ scope: 'token', jti: id }),
  (id) => ({ scope: 'session', sid: id }),
  (id) => ({ scope: 'subject', sub: id }),
  (id) => ({ scope: 'device', deviceId: id }),
  (id) => ({ scope: 'grant', sub: id, clientId: 'shop-web' }),
  (id) => ({ scope: 'client', clientId: id }),
  (id) => ({ scope: 'key', kid: id }),
];

/** One record that carries `count` revocations of one scope, with ids as the service makes them: an index keeps others outside of its arrays. */
export function recordBody(number, count) {
  const keyOf = KEYS[number % KEYS.length];
  const retainUntil = epochSeconds(Math.floor(Date.now() / 1000) + 86_400);
  return revokedBody(
    ...Array.from({ length: count }, () => ({
      ...{
        id: randomBytes(16).toString('hex'),
        issuer: ISSUER,
        key: keyOf(randomUUID()),
        effect: { kind: 'always' },
        retainUntil,
      },
    })),
  );
}
