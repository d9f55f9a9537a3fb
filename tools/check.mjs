// Everything that is checked without running the tests. All checks run even when one fails: one list of what to mend.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';

const root = dirname(import.meta.dirname);
const checks = [
  'format:check',
  'lint',
  'typecheck',
  'check:layers',
  'check:tidy',
  'check:docs',
  'check:api',
  'check:compose',
  'check:deploy',
  'check:packages',
];

const run = (script) =>
  new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '--silent', script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ passed: code === 0, output }));
  });

const failed = [];
for (const script of checks) {
  const startedAt = performance.now();
  const { passed, output } = await run(script);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${script} (${seconds} s)`);
  // What a check could not do on this machine is said also when the rest passes.
  if (passed && output.includes('not installed')) console.log(`       ${output.trim()}`);
  if (passed) continue;
  failed.push(script);
  console.log(output.trimEnd());
}
if (failed.length > 0) {
  console.log(
    `${failed.length} of ${checks.length} checks failed: ${failed.map((name) => `npm run ${name}`).join(', ')}`,
  );
  process.exitCode = 1;
}
