// Runs every test and ends with one line, `N passed, N failed`. Units run in parallel; what starts servers runs two files at
// a time, since it mostly waits for time to pass; what waits for a registry runs beside it, at a low priority. Arguments are
// passed to jest,
// but --broken-before=N adds N failures of the steps before the tests to the count, and --packages adds the projects
// that install the packed libraries (after a build; they need a registry, so a plain `npm test` leaves them out), and
// the suites that talk to NATS once more on the oldest supported server, where that can be had. --simulate=N plays the
// seeds 1 to N of the simulation meanwhile, which counts as one test.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from './dev/build.mjs';
import { oldestServerPhase } from './nats/oldest.mjs';
import { simulateBeside } from './sim/beside.mjs';

const root = join(import.meta.dirname, '..');
const phases = [{ args: ['--selectProjects', 'unit'] }, { args: ['--selectProjects', 'e2e', '--maxWorkers=2'] }];
const packages = { args: ['--selectProjects', 'packages', '--runInBand'], priority: 10, beside: true };

/** A phase takes up to 11 minutes. One that takes this long hangs, and a run that hangs tells nobody what is wrong. Milliseconds. */
const PHASE_MS_MAX = 20 * 60_000;
/** After its report jest waits for whatever tests left open, for ever. Milliseconds. */
const LINGER_MS_MAX = 30_000;

/** Not having the oldest server is said loudly by itself, and fails no run: a machine may be without its source. */
async function more() {
  const oldest = await oldestServerPhase();
  return oldest === undefined ? [packages] : [packages, oldest];
}

/** Ends a whole process group: jest's workers and the servers of its tests would outlive jest. */
function endGroup(child, why) {
  console.error(why);
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a process that may not hang: not for longer than `limitMs`, and not for longer than `lingerMs` once `done()`
 * resolved. Answers its exit code, 1 when it had to be ended.
 */
export async function runBounded({ args, env, limitMs, lingerMs, done, priority = 0 }) {
  // A group of its own, so that what hangs can be ended with everything it started.
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env, detached: true });
  // What it starts inherits it.
  if (priority !== 0 && child.pid !== undefined) setPriority(child.pid, priority);
  const forward = (signal) => endGroup(child, `ended by ${signal}`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, forward);
  const over = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const timers = [setTimeout(() => endGroup(child, `not done after ${limitMs / 1000} s: ended`), limitMs)];
  const watch = done(over).then((isDone) => {
    if (isDone) timers.push(setTimeout(() => endGroup(child, 'done, but something was left open: ended'), lingerMs));
  });
  try {
    return await over;
  } finally {
    await watch;
    for (const timer of timers) clearTimeout(timer);
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, forward);
  }
}

/** Resolves to true once jest has written its report, to false when it ended without one. */
const reported = (outputFile) => async (over) => {
  let ended = false;
  void over.then(
    () => (ended = true),
    () => (ended = true),
  );
  while (!ended) {
    if (existsSync(outputFile)) return true;
    await pause(500);
  }
  return false;
};

async function runPhase(phase, outputFile, extraArgs) {
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const report = ['--json', `--outputFile=${outputFile}`, '--passWithNoTests'];
  const code = await runBounded({
    args: [...jest, ...phase.args, ...report, ...extraArgs],
    env: { ...process.env, ...phase.env },
    limitMs: PHASE_MS_MAX,
    lingerMs: LINGER_MS_MAX,
    done: reported(outputFile),
    priority: phase.priority,
  });
  try {
    return { code, result: JSON.parse(await readFile(outputFile, 'utf8')) };
  } catch {
    // jest ended before it could report: its own output says why.
    return { code: code || 1, result: { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0 } };
  }
}

/** Sums up what jest reported per phase, on top of what was broken before any test ran. */
export function tally(phaseResults, brokenBefore = 0) {
  let [passed, failed] = [0, brokenBefore];
  for (const { result } of phaseResults) {
    passed += result.numPassedTests;
    // A file that does not load has no tests to count, yet something in it is broken.
    failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  }
  // jest may exit non-zero without a failed test (an open handle, a coverage threshold): that counts too.
  if (failed === 0 && phaseResults.some(({ code }) => code !== 0)) failed = 1;
  // Zero tests prove nothing.
  return { passed, failed, exitCode: failed > 0 || passed === 0 ? 1 : 0 };
}

async function main(args) {
  const own = ['--broken-before=', '--simulate='];
  const isOwn = (arg) => arg === '--packages' || own.some((name) => arg.startsWith(name));
  const [brokenBefore, runs] = own.map((name) => Number(args.find((arg) => arg.startsWith(name))?.split('=')[1] ?? 0));
  const wanted = args.includes('--packages') ? [...phases, ...(await more())] : phases;
  const extraArgs = args.filter((arg) => !isOwn(arg));
  // End-to-end tests run what is built, and must not run what was built yesterday.
  await build();
  const directory = await mkdtemp(join(tmpdir(), 'revocast-test-'));
  const results = [];
  const simulated = runs > 0 ? simulateBeside(runs) : undefined;
  try {
    const run = (phase) => runPhase(phase, join(directory, `${wanted.indexOf(phase)}.json`), extraArgs);
    const [units, ...others] = wanted;
    results.push(await run(units));
    const beside = others.filter((phase) => phase.beside).map(run);
    for (const phase of others) if (!phase.beside) results.push(await run(phase));
    results.push(...(await Promise.all(beside)));
    if (simulated !== undefined) results.push(await simulated());
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const { passed, failed, exitCode } = tally(results, brokenBefore);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = exitCode;
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
