import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, run } from './process.mjs';

/** A server that is just ending gets the time to do so. */
const WAIT_MS = 15_000;
const POLL_MS = 50;
const PS_TIMEOUT_MS = 5_000;

/**
 * Two servers on one store destroy it, and nats-server itself does not look. The lock is a file with the pid of its
 * holder; one whose holder is gone (power loss, SIGKILL) is taken over.
 *
 * @param {string} store
 * @param {() => boolean} isCancelled
 * @param {number} [waitMs] how long a holder may take to go
 * @returns {Promise<() => Promise<void>>} unlocks
 */
export async function lockStore(store, isCancelled, waitMs = WAIT_MS) {
  const file = join(store, 'nats-server.lock');
  for (const deadline = Date.now() + waitMs; !isCancelled(); await delay(POLL_MS)) {
    if (await tryToTake(file)) return () => rm(file, { force: true });
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (!(await holds(holder, store))) await removeStale(file, holder);
    else if (Date.now() > deadline) {
      throw new Error(`${store} is in use by process ${holder}: end that one first, or use another directory`);
    }
  }
  throw new Error('the start was called off');
}

/** A link, since it appears with its content or not at all. @param {string} file */
async function tryToTake(file) {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, String(process.pid));
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Moved away first and looked at then: between our reading and now another one may have taken the lock over.
 * @param {string} file @param {number} holder
 */
async function removeStale(file, holder) {
  const aside = `${file}.${process.pid}.stale`;
  try {
    await rename(file, aside);
  } catch {
    return; // gone already
  }
  if (Number(await readFile(aside, 'utf8')) !== holder) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

/**
 * A pid alone proves nothing after a reboot or in a new container: the command line of the holder names the store.
 * @param {number} pid @param {string} store
 */
async function holds(pid, store) {
  if (!(pid > 0) || !isAlive(pid)) return false;
  const commandLine = await commandLineOf(pid);
  return commandLine === undefined || commandLine.includes(store);
}

/** @param {number} pid @returns {Promise<string | undefined>} undefined where it cannot be had */
async function commandLineOf(pid) {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  const { ok, stdout } = await run('ps', ['-o', 'args=', '-ww', '-p', String(pid)], { timeoutMs: PS_TIMEOUT_MS });
  return ok ? stdout : undefined;
}
