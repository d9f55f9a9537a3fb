import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NatsServerBinary, type OwnNatsServer } from '@revocast/testing/nats-launcher';
import { eventually } from './eventually.js';

export interface TestNatsOptions {
  /** Exactly this version; default: REVOCAST_TEST_NATS_VERSION, else whatever the launcher finds first. */
  readonly version?: string;
  /** More configuration text. */
  readonly config?: string;
  /** Configuration files to include, absolute paths. */
  readonly include?: readonly string[];
  /** Variables for the configuration, on top of the environment of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** HTTP monitoring on a free port; default off. */
  readonly monitor?: boolean;
  /** JetStream domain: a leaf keeps streams of its own beside those of its hub. Default: none. */
  readonly domain?: string;
}

/** A real nats-server under a test's control. NATS_URL is not looked at: what a test kills must be its own. */
export interface TestNats {
  /** The same over every restart. */
  readonly url: string;
  readonly port: number;
  readonly version: string;
  readonly storeDir: string;
  /** Of the process that runs now. Throws while there is none. */
  pid(): number;
  /** Where HTTP monitoring answers, if it was asked for; changes with every restart. */
  monitorUrl(): string | undefined;
  /** Starts it again after stop() or kill(): same port, same store. Does nothing while it runs. */
  start(): Promise<void>;
  /** Ends it in an orderly way. */
  stop(): Promise<void>;
  /** SIGKILL: what was acknowledged but not synced may be lost. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers; resolves when the last thread has stopped. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  restart(): Promise<void>;
  /** Stops it and deletes all that JetStream stored; start() then begins empty. */
  wipe(): Promise<void>;
  /** Stops it for good and removes its directory. */
  dispose(): Promise<void>;
}

/** Starts a nats-server with JetStream on disk in a temporary directory, on a free loopback port. Dispose of it in `afterAll`. */
export async function startTestNats(options: TestNatsOptions = {}): Promise<TestNats> {
  // Imported late: the launcher is an ES module, and the CommonJS build of this package must load without it.
  const { ensureNatsServer } = await import('@revocast/testing/nats-launcher');
  const version = options.version ?? process.env['REVOCAST_TEST_NATS_VERSION'];
  const binary = await ensureNatsServer({ ...(version ? { version } : {}), log: announceOnce });
  const storeDir = await mkdtemp(join(tmpdir(), 'revocast-nats-'));
  const server = new ControlledServer(binary, storeDir, options);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.dispose();
    throw error;
  }
}

const announced = new Set<string>();

/** A suite starts dozens of servers of one binary: its origin is worth one line. */
function announceOnce(line: string): void {
  if (announced.has(line)) return;
  announced.add(line);
  process.stderr.write(`${line}\n`);
}

/** The signal is only sent when kill() returns: a thread that is running may still answer a request (measured). */
async function isStopped(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, 'utf8')));
  return states.every((status) => /^State:\s+T/m.test(status));
}

class ControlledServer implements TestNats {
  #running: OwnNatsServer | undefined;
  #port: number | undefined;

  constructor(
    private readonly binary: NatsServerBinary,
    readonly storeDir: string,
    private readonly options: TestNatsOptions,
  ) {}

  get version(): string {
    return this.binary.version;
  }

  get port(): number {
    if (this.#port === undefined) throw new Error('the server was never started');
    return this.#port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  pid(): number {
    return this.#require().pid;
  }

  monitorUrl(): string | undefined {
    return this.#require().monitorUrl;
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    const { startNatsServer } = await import('@revocast/testing/nats-launcher');
    this.#running = await startNatsServer({
      ...this.options,
      env: { ...process.env, ...this.options.env },
      binary: this.binary,
      storeDir: this.storeDir,
      ...(this.#port === undefined ? {} : { port: this.#port }),
    });
    this.#port = this.#running.port;
  }

  async stop(): Promise<void> {
    const server = this.#running;
    this.#running = undefined;
    await server?.stop();
  }

  async kill(): Promise<void> {
    const server = this.#require();
    this.#running = undefined;
    await server.kill('SIGKILL');
  }

  async pause(): Promise<void> {
    const server = this.#require();
    await server.kill('SIGSTOP');
    await eventually(async () => {
      if (!(await isStopped(server.pid))) throw new Error('the server has not stopped yet');
    });
  }

  resume(): Promise<void> {
    return this.#require().kill('SIGCONT');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async wipe(): Promise<void> {
    await this.stop();
    await rm(join(this.storeDir, 'jetstream'), { recursive: true, force: true });
  }

  async dispose(): Promise<void> {
    await this.stop();
    await rm(this.storeDir, { recursive: true, force: true });
  }

  #require(): OwnNatsServer {
    if (this.#running === undefined) throw new Error('the server is not running: call start() first');
    return this.#running;
  }
}
