import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { renderConfig } from './config.mjs';
import { ensureNatsServer } from './find.mjs';
import { isAlive } from './process.mjs';

const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 10;
const PORT_TRIES = 20;
/** Below the range systems give to outgoing connections: a server that restarts finds its port still free. */
const PORT_RANGE = /** @type {const} */ ([20_000, 32_000]);
const LOG_TAIL_BYTES = 1_024;

/**
 * Starts a nats-server with JetStream on disk, on loopback. It ends with this process, also when that is killed.
 * With NATS_URL set, nothing is started and that server is the answer. See index.d.mts.
 *
 * @param {import('./index.d.mts').StartOptions} options
 * @returns {Promise<import('./index.d.mts').NatsServer>}
 */
export async function startNatsServer(options) {
  const env = options.env ?? process.env;
  const url = options.binary === undefined && options.version === undefined ? env['NATS_URL'] : undefined;
  if (url) return external(url, options.log);
  const binary = options.binary ?? (await ensureNatsServer(options));
  if (options.port !== undefined) return launch({ ...options, env, binary, port: options.port });
  for (let tries = 1; ; tries += 1) {
    try {
      return await launch({ ...options, env, binary, port: randomInt(...PORT_RANGE) });
    } catch (error) {
      if (!(error instanceof PortTakenError) || tries === PORT_TRIES) throw error;
    }
  }
}

/** The given port belongs to somebody else. */
export class PortTakenError extends Error {
  name = 'PortTakenError';
}

/** @param {string} url @param {((line: string) => void) | undefined} log @returns {import('./index.d.mts').NatsServer} */
function external(url, log = (line) => void process.stderr.write(`${line}\n`)) {
  log('nats-server: none started, NATS_URL is used');
  const refuse = () => Promise.reject(new Error('the server of NATS_URL is not ours to kill'));
  return { origin: 'NATS_URL', url, stop: () => Promise.resolve(), kill: refuse, exited: new Promise(() => undefined) };
}

/**
 * @param {import('./index.d.mts').StartOptions & { env: NodeJS.ProcessEnv, binary: import('./cache.mjs').Binary, port: number }} options
 * @returns {Promise<import('./index.d.mts').NatsServer>}
 */
async function launch({ storeDir, binary, port, env, config = '', include = [], monitor = false, domain }) {
  const directory = resolve(storeDir);
  const configFile = join(directory, 'nats-server.conf');
  const logFile = join(directory, 'nats-server.log');
  await prepare(directory);
  await writeFile(
    configFile,
    renderConfig({ version: binary.version, port, directory, include, config, monitor, domain }),
  );
  const logStart = (await stat(logFile).catch(() => ({ size: 0 }))).size;
  const guardian = spawnGuardian([binary.path, directory, logFile, '-c', configFile], env);
  const ports = await untilReady(guardian, directory, () => readTail(logFile, logStart));
  guardian.release();
  const monitorUrl = ports.monitoring?.[0];
  return {
    ...binary,
    url: `nats://127.0.0.1:${port}`,
    port,
    pid: ports.pid,
    ...(monitorUrl === undefined ? {} : { monitorUrl }),
    storeDir: directory,
    logFile,
    exited: guardian.exited,
    stop: guardian.end,
    kill: (signal = 'SIGKILL') => killServer(guardian, ports.pid, signal),
  };
}

/** @param {string} directory */
async function prepare(directory) {
  // What is in the store names people: nobody else on the machine needs to read it.
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await rm(join(directory, 'run'), { recursive: true, force: true });
  await mkdir(join(directory, 'run'));
}

/** @typedef {{ kind: 'exited' | 'failed' | 'lost', why: string }} End */
/** @typedef {ReturnType<typeof spawnGuardian>} Guardian */

/**
 * @param {readonly string[]} args @param {NodeJS.ProcessEnv} env
 */
function spawnGuardian(args, env) {
  // Its own process group: Ctrl-C in a terminal reaches us, and we decide when the server goes.
  const child = fork(join(import.meta.dirname, 'guardian.mjs'), args, {
    detached: true,
    env: { ...env, NODE_OPTIONS: '' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  /** @type {{ pid?: number, end?: End }} */
  const state = {};
  const exited = new Promise((/** @type {(end: End) => void} */ settle) => {
    const finish = (/** @type {End} */ end) => settle((state.end ??= end));
    child.on('message', (/** @type {any} */ message) => {
      if (message.kind === 'spawned') state.pid = message.pid;
      else finish({ kind: message.kind, why: message.why ?? `exit code ${message.code ?? message.signal}` });
    });
    child.once('error', (error) => finish({ kind: 'failed', why: error.message }));
    child.once('exit', () => {
      // Only when somebody killed the guardian itself: then ending the server falls to us.
      if (state.end === undefined && state.pid !== undefined && isAlive(state.pid)) process.kill(state.pid, 'SIGKILL');
      finish({ kind: 'lost', why: 'the guardian was killed' });
    });
  });
  const hold = () => void (child.ref(), child.channel?.ref());
  return {
    state,
    exited,
    hold,
    /** From here on the server alone keeps no process running: a test that forgets it still ends. */
    release: () => void (child.unref(), child.channel?.unref()),
    end: async () => {
      hold();
      if (child.connected) child.send('end');
      await exited;
    },
  };
}

/**
 * The ports file is written by this very server once it accepts connections: a stranger on the port cannot fool us.
 * @param {Guardian} guardian @param {string} directory @param {() => Promise<string>} readLog
 * @returns {Promise<{ pid: number, monitoring?: string[] }>}
 */
async function untilReady(guardian, directory, readLog) {
  for (const deadline = Date.now() + READY_TIMEOUT_MS; ; await delay(POLL_MS)) {
    if (guardian.state.end !== undefined) throw explainEnd(guardian.state.end, await readLog());
    const { pid } = guardian.state;
    const ports = pid === undefined ? undefined : await readPortsFile(join(directory, 'run'), pid);
    if (pid !== undefined && ports !== undefined) return { ...ports, pid };
    if (Date.now() > deadline) {
      await guardian.end();
      throw new Error(`nats-server was not ready within ${READY_TIMEOUT_MS / 1000} s:\n${await readLog()}`);
    }
  }
}

/** @param {string} directory @param {number} pid */
async function readPortsFile(directory, pid) {
  const name = (await readdir(directory)).find((entry) => entry.endsWith(`_${pid}.ports`));
  if (name === undefined) return undefined;
  try {
    return JSON.parse(await readFile(join(directory, name), 'utf8'));
  } catch {
    return undefined; // half written
  }
}

/** @param {End} end @param {string} log */
function explainEnd(end, log) {
  if (end.kind !== 'exited') return new Error(`nats-server did not start: ${end.why}`);
  if (/address already in use|Only one usage of each socket/i.test(log)) return new PortTakenError(log);
  return new Error(`nats-server did not start (${end.why}):\n${log}`);
}

/** The end of what was logged since `start`: earlier starts are of no interest. @param {string} file @param {number} start */
async function readTail(file, start) {
  const log = await readFile(file).catch(() => Buffer.alloc(0));
  return log
    .subarray(Math.max(start, log.length - LOG_TAIL_BYTES))
    .toString('utf8')
    .trim();
}

/** @param {Guardian} guardian @param {number} pid @param {NodeJS.Signals} signal */
async function killServer(guardian, pid, signal) {
  // Checked at once before: the pid of a server that has ended may belong to somebody else by now.
  if (guardian.state.end !== undefined) return;
  process.kill(pid, signal);
  if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
  guardian.hold();
  await guardian.exited;
}
