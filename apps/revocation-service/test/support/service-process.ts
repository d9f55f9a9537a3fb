import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Api } from './api.js';
import { untilReady } from './running-service.js';
import { closedInTheEnd } from './still-open.js';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LOADER = new URL('./register-typescript.mjs', import.meta.url).href;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The service as a process of its own, from its sources. */
export class ServiceProcess {
  readonly logged: Readonly<Record<string, unknown>>[] = [];
  readonly exited: Promise<Exit>;

  private constructor(private readonly child: ChildProcess) {
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  }

  static spawn(environment: Readonly<Record<string, string>>): ServiceProcess {
    const args = ['--conditions=@revocast/source', '--disable-warning=ExperimentalWarning', '--import', LOADER, MAIN];
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, args, {
      env: { PATH, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const service = new ServiceProcess(child);
    closedInTheEnd(() => service.kill());
    createInterface({ input: child.stdout }).on('line', (line) => {
      service.logged.push(JSON.parse(line) as Record<string, unknown>);
    });
    return service;
  }

  /** Resolves once it listens. */
  async api(): Promise<Api> {
    const ended = this.exited.then(({ code }) => {
      throw new Error(`the service ended with ${code}: ${JSON.stringify(this.logged.at(-1))}`);
    });
    const url = await Promise.race([this.#url(), ended]);
    return new Api(url);
  }

  async ready(): Promise<Api> {
    const api = await this.api();
    await untilReady(api);
    return api;
  }

  /** SIGKILL: nothing is finished, nothing is closed. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  async end(): Promise<Exit> {
    this.child.kill('SIGTERM');
    return this.exited;
  }

  async #url(): Promise<string> {
    for (;;) {
      const line = this.logged.find(({ event }) => event === 'listening');
      if (line !== undefined) return String(line['url']);
      await new Promise((resolve) => this.child.stdout?.once('data', resolve));
    }
  }
}
