// What the heartbeats of a large fleet cost the service: the fleet of the service takes the heartbeats of simulated nodes,
// each node one per second, while records wait for their proof. The baseline in the same run only parses the same bytes.
//   npm run bench:fleet -- [--nodes N] [--seconds N] [--records N] [--json]
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { settingsDigest } from '@revocast/core';
import { issuerSettings, parseIssuers } from '@revocast/gate';
import { IssuerRegistry } from '../../apps/revocation-service/src/command/issuer-registry.ts';
import { Fleet } from '../../apps/revocation-service/src/fleet/fleet.ts';

const CHUNK_MS = 10;
const ISSUER = 'https://issuer.example';
const EPOCH = 'epoch-1';
const FLEET_BOUND_MS = 300_000;

const { values } = parseArgs({
  options: {
    nodes: { type: 'string' },
    seconds: { type: 'string' },
    records: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const nodes = Number(values.nodes ?? 10_000);
const seconds = Number(values.seconds ?? 10);
const records = Number(values.records ?? 100);

const configs = parseIssuers([{ issuer: ISSUER, audience: false }]);
const digest = settingsDigest(issuerSettings(configs[0]));
const clock = { wall: () => Date.now(), monotonic: () => performance.now() };
const schedule = (delayMs, task) => {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
};

const encode = (at) =>
  new TextEncoder().encode(
    JSON.stringify({
      ...{ node: `node-${at}`, instance: `instance-${at}`, service: `service-${at % 20}`, version: '1.0.0' },
      ...{ epoch: EPOCH, watermark: 1_000, identity: 'record-1000', state: 'current', mode: 'strict' },
      ...{ stalenessMsMax: FLEET_BOUND_MS, stalenessMs: 5, liveEntries: 1_000, guarded: true, at: Date.now() },
      issuers: [
        {
          issuer: ISSUER,
          scopes: ['token', 'subject'],
          settingsDigest: digest,
          tokens: 10_000,
          seen: { token: 9_000 },
        },
      ],
    }),
  );
const payloads = Array.from({ length: nodes }, (_, at) => encode(at));

/** Sends each node's heartbeat once per second, evenly spread, and measures what the process spends meanwhile. */
async function measure(take) {
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpuBefore = process.cpuUsage();
  const beganAt = performance.now();
  let sent = 0;
  while (performance.now() - beganAt < seconds * 1000) {
    const due = Math.floor(((performance.now() - beganAt) / 1000) * nodes);
    for (; sent < due; sent++) take(payloads[sent % nodes]);
    await new Promise((resolve) => setTimeout(resolve, CHUNK_MS));
  }
  const elapsedMs = performance.now() - beganAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  delay.disable();
  globalThis.gc?.();
  return {
    heartbeats: sent,
    cpuShare: Number(((user + system) / 1000 / elapsedMs).toFixed(3)),
    eventLoopDelayMs: { p50: toMs(delay.percentile(50)), p99: toMs(delay.percentile(99)), max: toMs(delay.max) },
    heapMb: Number(((process.memoryUsage().heapUsed - heapBefore) / 2 ** 20).toFixed(1)),
  };
}

const toMs = (nanoseconds) => Number((nanoseconds / 1e6).toFixed(1));

function aFleet() {
  const fleet = new Fleet({
    ...{ fleetBoundMs: FLEET_BOUND_MS, expected: {}, expectedIsExact: false, issuers: new IssuerRegistry(configs) },
    ...{ clock, schedule, reference: () => ({ epoch: EPOCH, head: 1_000 }) },
    identityAt: (_epoch, sequence) => `record-${sequence}`,
    hasLostRecords: () => false,
  });
  const waiting = Array.from({ length: records }, (_, at) => ({
    ...{ issuer: ISSUER, scope: 'subject' },
    carrier: { epoch: EPOCH, sequence: 901 + at, ackedAt: Date.now(), proof: undefined },
  }));
  // As the keeper of proofs and the event stream do at each look.
  fleet.onChange(() => {
    fleet.proven(waiting);
    fleet.nodes();
  });
  fleet.hears(true);
  fleet.start();
  return fleet;
}

const parse = (payload) => JSON.parse(new TextDecoder().decode(payload));
const baseline = await measure(parse);
const fleet = aFleet();
const service = await measure((payload) => fleet.heard(parse(payload)));
const known = fleet.nodes().length;
fleet.close();

const result = { nodes, seconds, records, known, baseline, service };
if (values.json) console.log(JSON.stringify(result));
else {
  console.log(`${nodes} nodes, ${known} known, ${records} records wait for their proof; ${seconds} s each`);
  console.table({ 'parses only': flat(baseline), 'fleet of the service': flat(service) });
}

function flat({ cpuShare, eventLoopDelayMs, heapMb, heartbeats }) {
  const { p50, p99, max } = eventLoopDelayMs;
  return { heartbeats, 'CPU share': cpuShare, 'delay p50 ms': p50, 'p99 ms': p99, 'max ms': max, 'heap MB': heapMb };
}
