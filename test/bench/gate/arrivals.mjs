import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as passed } from 'node:timers/promises';
import { createGate, parseIssuers } from '@revocast/gate';
import { issuerWith } from './issuer.mjs';
import { rounded } from './measure.mjs';
import { clock, recordBody, startBroker, startFollower, until } from './node.mjs';

/** What the service packs into one record when it is flooded, and the rate it has been measured to publish at. */
const REVOCATIONS_PER_RECORD = 100;
const RECORDS_PER_SECOND = 2_400;
/** What one turn of the event loop brings at most, also to a node that is behind: a socket is read in pieces. */
const RECORDS_PER_TURN = 24;
/** Cached checks per turn of the event loop: a busy node, and a turn is still far below a millisecond. */
const CHECKS_PER_TURN = 20;

/** Checks known tokens in each turn of the event loop until `done`, and watches how late the loop is. */
async function watched(gate, issuer, done) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAt = performance.now();
  let checks = 0;
  let running = true;
  const finished = done().then(() => (running = false));
  while (running) {
    for (let at = 0; at < CHECKS_PER_TURN; at++) await gate.checkNow(issuer.tokenAt(checks++));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await finished;
  delay.disable();
  const seconds = (performance.now() - startedAt) / 1000;
  const ms = (nanoseconds) => rounded(nanoseconds / 1e6);
  return {
    seconds: rounded(seconds),
    checksPerSecond: Math.round(checks / seconds),
    delayMs: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) },
  };
}

/** Publishes at the rate of a flooded service, and waits until the node has applied all of it. */
async function arrive(broker, follower, records) {
  const startedAt = performance.now();
  for (let number = 0; number < records; number++) {
    if (number % RECORDS_PER_TURN === 0) await passed(1);
    while (((performance.now() - startedAt) / 1000) * RECORDS_PER_SECOND < number) await passed(1);
    broker.publish(recordBody(number, REVOCATIONS_PER_RECORD));
  }
  await until(() => follower.status().liveEntries >= records * REVOCATIONS_PER_RECORD);
}

/**
 * How late the event loop is while revocations arrive at the real follower and known tokens are checked; the same
 * checks without arrivals are the baseline. The broker is in memory: decoding and the signatures of records are not in
 * it, making the records is.
 */
export async function measureArrivals({ revocations, idleMs }) {
  const issuer = await issuerWith('ES256', 200);
  const broker = startBroker();
  const follower = await startFollower(broker, issuer.input);
  const gate = createGate({ issuers: parseIssuers([issuer.input]), source: follower, mode: 'strict', clock });
  await watched(gate, issuer, () => passed(idleMs / 4));
  const idle = await watched(gate, issuer, () => passed(idleMs));
  const records = Math.ceil(revocations / REVOCATIONS_PER_RECORD);
  const arriving = await watched(gate, issuer, () => arrive(broker, follower, records));
  const { liveEntries } = follower.status();
  return { follower, result: { revocations: liveEntries, recordsPerSecond: RECORDS_PER_SECOND, idle, arriving } };
}
