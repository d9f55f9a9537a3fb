// A process of its own, parent of one nats-server: it ends the server when the process that asked for it is gone,
// however that ended. SIGKILL leaves no chance to clean up, but closes the channel between us, and that we notice.
//
// argv: binary, store directory, log file, ...arguments of nats-server
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { lockStore } from './store-lock.mjs';

/** A server that flushes a large store needs its time; one that hangs must not outlive us. */
const GRACE_MS = 10_000;

const [binary = '', store = '', logFile = '', ...args] = process.argv.slice(2);

/** @param {object} message */
const tell = (message) =>
  new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve(undefined);
    else process.send(message, resolve);
  });

/** @type {import('node:child_process').ChildProcess | undefined} */
let server;
let isEnding = false;

function end() {
  isEnding = true;
  if (server === undefined) return;
  // A stopped process does not see SIGTERM before it goes on.
  if (process.platform !== 'win32') server.kill('SIGCONT');
  server.kill('SIGTERM');
  setTimeout(() => server?.kill('SIGKILL'), GRACE_MS).unref();
}

process.on('disconnect', end);
process.on('message', (message) => {
  if (message === 'end') end();
});
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) process.on(signal, end);

async function main() {
  const unlock = await lockStore(store, () => isEnding);
  const log = openSync(logFile, 'a');
  const child = spawn(binary, args, { stdio: ['ignore', log, log], windowsHide: true });
  server = child;
  child.once('spawn', () => {
    void tell({ kind: 'spawned', pid: child.pid });
    if (isEnding) end();
  });
  /** @type {object} */
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve({ kind: 'failed', why: error.message }));
    child.once('exit', (code, signal) => resolve({ kind: 'exited', code, signal }));
  });
  await unlock();
  await tell(outcome);
}

await main().catch((error) => tell({ kind: 'failed', why: error.message }));
process.exit();
