import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePort } from '@revocast/testing';
import { type Binary, findBinary } from '../../debian/binary.js';
import { guardian } from '../../fault/app-process.js';

const run = promisify(execFile);

export const findRedis = (): Promise<Binary> =>
  findBinary({
    name: 'redis-server',
    setting: 'REDIS_SERVER_BIN',
    paths: ['redis-server', '/usr/bin/redis-server', '/opt/homebrew/bin/redis-server'],
    packages: ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1', 'libssl3'],
    inPackages: 'usr/bin/redis-server',
    tryOut: async ({ path, env }) => {
      await run(path, ['--version'], { env: { ...process.env, ...env } });
    },
  });

/** What Redis keeps on disk: nothing; snapshots as its own default settings take them; or its command log, synced each second. */
const PERSISTENCE = {
  none: ['--save', '', '--appendonly', 'no'],
  rdb: ['--save', '3600 1 300 100 60 10000', '--appendonly', 'no'],
  aof: ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'],
} as const;
export type Persistence = keyof typeof PERSISTENCE;

/** A real redis-server under the control of the bench: same port and folder over every restart. */
export class RedisServer {
  #child: ChildProcess | undefined;

  private constructor(
    private readonly binary: Binary,
    private readonly directory: string,
    private readonly persistence: Persistence,
    readonly port: number,
  ) {}

  static async start(binary: Binary, persistence: Persistence = 'rdb'): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'revocast-redis-'));
    const server = new RedisServer(binary, directory, persistence, await freePort());
    await server.start();
    return server;
  }

  async version(): Promise<string> {
    const { stdout } = await run(this.binary.path, ['--version'], { env: { ...process.env, ...this.binary.env } });
    return /v=([\d.]+)/.exec(stdout)?.[1] ?? 'unknown';
  }

  pid(): number {
    if (this.#child?.pid === undefined) throw new Error('redis-server does not run');
    return this.#child.pid;
  }

  async start(): Promise<void> {
    const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.directory];
    const child = spawn(
      this.binary.path,
      [...place, '--logfile', join(this.directory, 'redis.log'), ...PERSISTENCE[this.persistence]],
      { env: { ...process.env, ...this.binary.env }, stdio: 'ignore' },
    );
    const { pid } = child;
    if (pid === undefined) throw new Error('redis-server could not be started');
    guardian.watch(pid);
    child.once('exit', () => guardian.forget(pid));
    this.#child = child;
    await eventually(() => answersPing(this.port));
  }

  /** SIGKILL: nothing is saved first. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Connections stay open and nothing answers. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Also while it loads its data from disk it takes connections, and answers otherwise. */
async function answersPing(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!answer.toString().startsWith('+PONG')) throw new Error(answer.toString());
  } finally {
    socket.destroy();
  }
}
