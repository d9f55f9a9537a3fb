// Plays random steps on the index and on the plain one it replaced, and stops at the first difference.
//   npm run soak:index -- [--steps 2000000] [--seed 1]
import { parseArgs } from 'node:util';
import { CompactIndex } from '../../src/compact-index.ts';
import { PlainIndex } from '../plain-index.ts';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '2000000' }, seed: { type: 'string', default: '1' } },
});
const [steps, seed] = [Number(values.steps), Number(values.seed)];
const hashKey = Uint8Array.from({ length: 16 }, (_, i) => (seed >> (i % 4)) + i);

let state = seed | 0;
/** SplitMix, 32 bits: the same steps for the same seed. */
const word = () => {
  state = (state + 0x9e3779b9) | 0;
  let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
};
const below = (count) => word() % count;
const hex = () => Array.from({ length: 4 }, () => word().toString(16).padStart(8, '0')).join('');

const SECOND = 1000;
let now = 1_790_000_000 * SECOND;
let index = new CompactIndex({ hashKey, capacity: 16 }, 32);
const oracle = new PlainIndex(hashKey);
const known = [];
/** What may have been reclaimed ended before this: about earlier times the two may differ. */
let reclaimedTo = 0;
const counts = { apply: 0, lift: 0, find: 0, hits: 0, reclaim: 0, image: 0 };

const FIELDS = { session: 'sid', subject: 'sub', client: 'clientId', device: 'deviceId' };
const aKey = () => {
  const name = `name-${below(60_000)}`;
  const kind = below(9);
  if (kind < 3) return { scope: 'token', jti: name };
  if (kind < 7) {
    const scope = Object.keys(FIELDS)[kind - 3];
    return { scope, [FIELDS[scope]]: name };
  }
  if (kind === 7) return { scope: 'grant', sub: name, clientId: `app-${below(3)}` };
  // A few keys that are revoked over and over again: their entries do not fit into a table.
  return { scope: 'subject', sub: `crowded-${below(40)}` };
};
const anEffect = () => {
  const kind = below(4);
  if (kind === 0) return { kind: 'always' };
  if (kind === 1) return { kind: 'suspended' };
  return {
    kind: 'issuedBefore',
    issuedBefore: Math.floor(now / SECOND) + below(20) - 10 + (below(50) === 0 ? 0.5 : 0),
  };
};
const aRevocation = () => ({
  id: below(30) === 0 ? `odd ${word()}` : hex(),
  issuer: `https://${below(3)}.example`,
  key: aKey(),
  effect: anEffect(),
  retainUntil: below(200) === 0 ? 'lifted' : Math.floor(now / SECOND) + below(20_000),
});
const aToken = () => {
  const { issuer, key } = below(3) === 0 || known.length === 0 ? aRevocation() : known[below(known.length)];
  const fields = { ...key, scope: undefined };
  const cutoffTime = below(20) === 0 ? undefined : Math.floor(now / SECOND) + below(40) - 20;
  return { issuer, issuedAt: 0, expiresAt: 0, cutoffTime, ...fields, signingInputHash: () => 'x' };
};
const fail = (what) => {
  console.error(
    `${what}, after ${JSON.stringify(counts)}. Again: npm run soak:index -- --steps ${steps} --seed ${seed}`,
  );
  process.exit(1);
};

const play = {
  apply: () => {
    const revocation = below(20) === 0 && known.length > 0 ? known[below(known.length)] : aRevocation();
    index.apply(revocation);
    oracle.apply(revocation);
    if (known.length < 50_000) known.push(revocation);
    else known[below(known.length)] = revocation;
  },
  lift: () => {
    const { id } = known.length > 0 && below(10) > 0 ? known[below(known.length)] : { id: hex() };
    const lift = { id, retainUntil: Math.floor(now / SECOND) + 40_000 };
    index.lift(lift);
    oracle.lift(lift);
  },
  find: () => {
    // The clock steps back now and then, never before what may have been reclaimed.
    const at = Math.max(now - (below(10) === 0 ? below(3_000) * SECOND : 0), reclaimedTo);
    const token = aToken();
    const claim = below(2) === 0 ? 'iat' : 'auth_time';
    const [mine, other] = [index.find(token, at, claim), oracle.find(token, at, claim)];
    const same = (name) => mine?.[name] === other?.[name];
    if (!same('revocationId') || !same('scope') || !same('byAuthTime'))
      fail(`${mine?.revocationId} instead of ${other?.revocationId}`);
    if (mine !== undefined) counts.hits++;
  },
  reclaim: () => {
    now += below(30) * SECOND;
    reclaimedTo = Math.max(reclaimedTo, now - 3_600 * SECOND);
    index.reclaim(now, now, 400);
    oracle.reclaim(now, now, 400);
  },
  image: () => {
    const copy = new CompactIndex({ hashKey, capacity: 16 }, 32);
    const reader = copy.readImage();
    for (const part of index.image()) reader.take(part);
    reader.end();
    index = copy;
  },
};

for (let step = 0; step < steps; step++) {
  const dice = below(10_000);
  const what =
    step % 200_000 === 199_999
      ? 'image'
      : dice < 3_000
        ? 'apply'
        : dice < 3_150
          ? 'lift'
          : dice < 3_250
            ? 'reclaim'
            : 'find';
  counts[what]++;
  play[what]();
  if (step % 50_000 === 0) {
    // Lifts are counted once the sweep has met their entries, which it has after a pass with nothing else to do.
    const [mine, other] = [index.size(now).liveEntries, oracle.liveEntries(now)];
    if (mine < other) fail(`counts ${mine} live entries, at least ${other} expected`);
  }
}
console.log(JSON.stringify({ ok: true, seed, steps, ...counts, ...index.size(now) }));
