// The index beside a plain Map and beside the package `bloom-filters`, at several sizes, each in a process of its own.
//   npm run bench:index [-- --json] [--quick] [--sizes 1000,1000000]
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { percentOfVerify } from './verify.mjs';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, sizes: { type: 'string' } },
});
const root = join(import.meta.dirname, '..', '..', '..', '..');
const NAMES = [
  [1_000, '1k'],
  [10_000, '10k'],
  [100_000, '100k'],
  [1_000_000, '1M'],
  [10_000_000, '10M'],
];
const sizes =
  values.sizes?.split(',').map(Number) ?? (values.quick ? [1_000, 10_000] : [1_000, 100_000, 1_000_000, 10_000_000]);
const [rounds, checks] = values.quick ? [60, 1_000] : [300, 2_000];

const measure = async (entries) => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--expose-gc',
      '--max-old-space-size=12288',
      '--conditions=@revocast/source',
      '--import=./apps/revocation-service/test/support/register-typescript.mjs',
      join(import.meta.dirname, 'size.mjs'),
      ...[entries, rounds, checks].map(String),
    ],
    { cwd: root, maxBuffer: 1e6 },
  );
  return JSON.parse(stdout);
};

const results = {};
for (const entries of sizes) {
  const name = NAMES.find(([number]) => number === entries)?.[1] ?? String(entries);
  if (!values.json) console.log(`${name} entries ...`);
  results[name] = await measure(entries);
}
const tokenCheckNs = (results['1M'] ?? Object.values(results).at(-1)).token_check_ns;
const verify = await percentOfVerify(tokenCheckNs, values.quick ? 200 : 2_000);
const report = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', sizes: results, ...verify };

if (values.json) console.log(JSON.stringify(report));
else {
  console.table(
    Object.fromEntries(Object.entries(results).map(([name, { ratios, ...row }]) => [name, { ...row, ...ratios }])),
  );
  console.log(verify);
}
