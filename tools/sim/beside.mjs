// The simulation beside the tests that mostly wait: it takes the processor time which they leave over.
import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** One process with one worker, so that the tests keep a core of their own. */
const WORKERS = 1;
/** The lowest priority there is. */
const PRIORITY = 19;
/** Some 30 ms a run on a core of its own; all of this only where the tests leave it none. Milliseconds. */
const RUN_MS_MAX = 150;
const START_MS_MAX = 60_000;

/** Plays the seeds 1 to `runs`. The answer counts as a phase with one test; what was printed is printed at the end of it. */
export function simulateBeside(runs) {
  const args = ['-C', '@revocast/source', '--import', './tools/register-typescript.mjs', 'tools/sim.mjs'];
  const wanted = ['--seed', '1', '--runs', `${runs}`, '--workers', `${WORKERS}`];
  const child = spawn(process.execPath, [...args, ...wanted], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  setPriority(child.pid, PRIORITY);
  const printed = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => printed.push(chunk));
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  return async () => {
    const limit = setTimeout(end, START_MS_MAX + runs * RUN_MS_MAX);
    const code =
      child.exitCode ?? (await new Promise((resolve) => child.once('close', (ended) => resolve(ended ?? 1))));
    clearTimeout(limit);
    process.removeListener('exit', end);
    console.log(Buffer.concat(printed).toString('utf8'));
    const isKept = code === 0;
    return {
      code,
      result: { numPassedTests: Number(isKept), numFailedTests: Number(!isKept), numRuntimeErrorTestSuites: 0 },
    };
  };
}
