// The suites that talk to NATS, once more on the oldest server that is supported.
//   node tools/nats/oldest.mjs [arguments of jest]
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureNatsServer, NatsServerUnavailableError, OLDEST_VERSION } from './index.mjs';

const root = join(import.meta.dirname, '../..');
// Leaf servers republish what they mirror from nats-server 2.10 on; on older ones there is nothing to test.
const SUITES = '/test/nats/(?!leaf)|/libs/jetstream/test/(?!leaf)';

/**
 * What to run for it: arguments of jest, and what to add to the environment. Undefined where that server cannot be had,
 * which is said in words nobody overlooks: a suite that silently did not run looks like one that passed.
 *
 * @param {(text: string) => void} [log]
 * @returns {Promise<{ args: string[], env: Record<string, string> } | undefined>}
 */
export async function oldestServerPhase(log = console.error) {
  try {
    await ensureNatsServer({ version: OLDEST_VERSION, log });
  } catch (error) {
    if (!(error instanceof NatsServerUnavailableError)) throw error;
    const line = '!'.repeat(100);
    log(
      `${line}\nNOT TESTED on nats-server ${OLDEST_VERSION}, the oldest that is supported.\n${error.message}\n${line}`,
    );
    return undefined;
  }
  const args = ['--selectProjects', 'e2e', '--runInBand', '--testPathPatterns', SUITES];
  return { args, env: { REVOCAST_TEST_NATS_VERSION: OLDEST_VERSION } };
}

async function main() {
  const phase = await oldestServerPhase();
  if (phase === undefined) return 1;
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const env = { ...process.env, ...phase.env };
  const args = [...jest, ...phase.args, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main();
