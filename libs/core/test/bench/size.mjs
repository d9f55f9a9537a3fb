// One size of index, beside a Map of the same keys, in one process. Prints one JSON object.
//   node --expose-gc ... libs/core/test/bench/size.mjs <entries> <rounds> <checks per round>
import { randomBytes } from 'node:crypto';
import { PerformanceObserver } from 'node:perf_hooks';
import { createBloomFiltersFilter, createIndex } from '@revocast/core';
import { KeyHash } from '../../src/key-hash.ts';
import { collect, fresh, inTurns, median, percentile, timed, uuids } from './measure.mjs';

const [entries, rounds, count] = process.argv.slice(2).map(Number);
const ISSUER = 'https://id.example/realms/shop';
const NOW = 1_790_000_000_000;
const DAY = 86_400;
const BATCH = 10_000;
const ALLOCATION_TIMES = 40;
const hashKey = randomBytes(16);

const signingInputHash = () => {
  throw new Error('Nothing asks for the signing input.');
};
const tokens = (ids) =>
  ids.map((jti) => ({ issuer: ISSUER, issuedAt: 1, expiresAt: 2, cutoffTime: 1, jti, signingInputHash }));
const whole = (ids) =>
  ids.map((id) => ({
    issuer: ISSUER,
    issuedAt: 1,
    expiresAt: 2,
    cutoffTime: 1,
    jti: id,
    sub: id,
    sid: id,
    clientId: id,
    deviceId: id,
    signingInputHash,
  }));

/** As the codec hands them over: parsed from JSON. */
const revocations = (jtis) => {
  const ids = randomBytes(16 * jtis.length).toString('hex');
  return fresh(
    jtis.map((jti, i) => ({
      id: ids.slice(32 * i, 32 * i + 32),
      issuer: ISSUER,
      key: { scope: 'token', jti },
      effect: { kind: 'always' },
      retainUntil: NOW / 1000 + Math.floor(Math.random() * DAY) + 1,
    })),
  );
};

/** Keeps a sample of the keys alone, so that a hundred million characters do not get in the way. */
const build = (indexes, sampleEvery) => {
  const sample = [];
  const slices = [];
  let applyMs = 0;
  for (let done = 0; done < entries; done += BATCH) {
    const jtis = uuids(Math.min(BATCH, entries - done));
    for (let i = 0; i < jtis.length; i += sampleEvery) sample.push(jtis[i]);
    const records = revocations(jtis);
    applyMs += timed(() => {
      for (const record of records) indexes[0].apply(record);
    });
    for (const index of indexes.slice(1)) for (const record of records) index.apply(record);
  }
  // The slowest of each hundred writes, on top of what is there: one in a hundred makes a partition anew.
  const extra = revocations(uuids(Math.min(entries, 20_000)));
  for (let at = 0; at < extra.length; at += 100) {
    let slowest = 0;
    for (const record of extra.slice(at, at + 100)) {
      const before = performance.now();
      indexes[0].apply(record);
      slowest = Math.max(slowest, performance.now() - before);
    }
    slices.push(slowest);
  }
  return { sample, applyPerSecond: (entries * 1000) / applyMs, slices };
};

/** Of several such times the median: one of them is interrupted by whoever else runs here. */
const typicalPause = async () => {
  const pauses = [];
  for (let i = 0; i < 5; i++) pauses.push(await longestPause());
  return median(pauses);
};

/** The longest collection of garbage while requests make some. Milliseconds. */
const longestPause = async () => {
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ entryTypes: ['gc'] });
  let kept = [];
  for (let i = 0; i < 60; i++) {
    kept = [
      ...kept.slice(-20_000),
      ...Array.from({ length: 20_000 }, (_, j) => ({ claims: { sub: `user-${j}`, roles: [j] } })),
    ];
    await new Promise((resolve) => setImmediate(resolve));
  }
  collect();
  await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  return longest;
};

const allocation = (index) => {
  const checks = tokens(fresh(uuids(50_000)));
  for (const token of checks) index.find(token, NOW, 'iat');
  collect();
  const before = process.memoryUsage().heapUsed;
  // Asking for the memory costs some kilobytes itself: so many checks that this does not show.
  for (let time = 0; time < ALLOCATION_TIMES; time++) {
    for (let i = 0; i < checks.length; i++) index.find(checks[i], NOW, 'iat');
  }
  return Math.max(0, process.memoryUsage().heapUsed - before) / checks.length / ALLOCATION_TIMES;
};

const load = (index) => {
  const parts = [...index.image()];
  const other = createIndex({ hashKey });
  const partTimes = [];
  const ms = timed(() => {
    const reader = other.readImage();
    for (const part of parts) {
      const before = performance.now();
      reader.take(part);
      partTimes.push(performance.now() - before);
    }
    reader.end();
  });
  if (other.size(NOW).liveEntries !== index.size(NOW).liveEntries) throw new Error('The image is not the index.');
  return { ms, partTimes };
};

collect();
const pauseWithout = await typicalPause();
const index = createIndex({ hashKey });
const behindBloomFilters = createIndex({ hashKey, filter: createBloomFiltersFilter(await import('bloom-filters')) });
const { sample, applyPerSecond, slices } = build([index], Math.max(1, Math.floor(entries / 200_000)));
const pauseWith = await typicalPause();
const bytesPerEntry = index.size(NOW).indexBytes / index.size(NOW).liveEntries;
const loaded = load(index);
const allocated = allocation(index);

// The same image fills the second index: building it record by record would take as long again.
const reader = behindBloomFilters.readImage();
for (const part of index.image()) reader.take(part);

collect();
const heapBefore = process.memoryUsage().heapUsed;
const map = new Map();
for (const jti of fresh(sample)) map.set(jti, { id: jti, end: 1 });
for (let done = map.size; done < entries; done += BATCH)
  for (const jti of fresh(uuids(BATCH))) map.set(jti, { id: jti, end: 1 });
collect();
const mapBytesPerEntry = (process.memoryUsage().heapUsed - heapBefore) / map.size;

const hash = new KeyHash(hashKey);
let sink = 0;
const asks = (one) => (inputs) => {
  for (let i = 0; i < inputs.length; i++) if (one.find(inputs[i], NOW, 'iat') !== undefined) sink++;
};
const asksMap = (inputs) => {
  for (let i = 0; i < inputs.length; i++) if (map.get(inputs[i].jti) !== undefined) sink++;
};
const known = (size) => Array.from({ length: size }, () => sample[Math.floor(Math.random() * sample.length)]);
const missing = (size) => tokens(fresh(uuids(size)));
const hitting = (size) => tokens(fresh(known(size)));
const before = index.size(NOW);
const ns = inTurns(
  {
    miss: { prepare: missing, run: asks(index) },
    mapMiss: { prepare: missing, run: asksMap },
    hash: {
      prepare: missing,
      run: (inputs) => {
        for (let i = 0; i < inputs.length; i++) {
          hash.first(0, ISSUER, inputs[i].jti);
          sink ^= hash.words[0];
        }
      },
    },
    bloomFilters: { prepare: missing, run: asks(behindBloomFilters) },
    hit: { prepare: hitting, run: asks(index) },
    mapHit: { prepare: hitting, run: asksMap },
  },
  { rounds, count },
);
const after = index.size(NOW);

// One live entry of each kind: without one its scope would not even be looked at.
for (const key of [
  { scope: 'session', sid: 's' },
  { scope: 'subject', sub: 's' },
  { scope: 'client', clientId: 'c' },
  { scope: 'device', deviceId: 'd' },
]) {
  index.apply({
    id: randomBytes(16).toString('hex'),
    issuer: ISSUER,
    key,
    effect: { kind: 'suspended' },
    retainUntil: 'lifted',
  });
}
const { token } = inTurns(
  { token: { prepare: (size) => whole(fresh(uuids(size))), run: asks(index) } },
  { rounds, count },
);

const round = (number, digits = 1) => Number(number.toFixed(digits));
console.log(
  JSON.stringify({
    entries,
    check_miss_ns: round(ns.miss),
    check_hit_ns: round(ns.hit),
    map_miss_ns: round(ns.mapMiss),
    map_hit_ns: round(ns.mapHit),
    bloom_filters_miss_ns: round(ns.bloomFilters),
    hash_only_ns: round(ns.hash),
    token_check_ns: round(token),
    bytes_per_entry: round(bytesPerEntry),
    map_bytes_per_entry: round(mapBytesPerEntry),
    alloc_bytes_per_check: round(allocated, 2),
    apply_per_s: Math.round(applyPerSecond),
    load_image_ms: round(loaded.ms),
    load_part_ms_p99: round(percentile(loaded.partTimes, 0.99), 2),
    max_slice_ms_p99: round(percentile(slices, 0.99), 3),
    false_positive_rate: round(
      (after.falsePositives - before.falsePositives) / Math.max(1, after.misses - before.misses),
      6,
    ),
    gc_pause_ms: round(pauseWith, 2),
    gc_pause_empty_ms: round(pauseWithout, 2),
    ratios: {
      miss_vs_map: round(ns.mapMiss / ns.miss, 2),
      miss_vs_hash: round(ns.miss / ns.hash, 2),
      hit_vs_map: round(ns.mapHit / ns.hit, 2),
      gc_pause: round(pauseWith / pauseWithout, 2),
    },
    sink: sink < 0 ? 1 : 0,
  }),
);
