import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../..');
const GUARDIAN = join(root, 'tools/dev/guardian.mjs');

/** Ends our processes when we are gone, however we went: a run that is killed leaves nothing behind. */
class Guardian {
  #child: ChildProcess | undefined;

  watch(pid: number): void {
    this.#child ??= this.#start();
    this.#child.stdin?.write(`+${pid}\n`);
  }

  forget(pid: number): void {
    this.#child?.stdin?.write(`-${pid}\n`);
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [GUARDIAN], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    child.unref();
    (child.stdin as unknown as { unref?: () => void }).unref?.();
    return child;
  }
}
export const guardian = new Guardian();

export type AppName = 'revocation-service' | 'api-node';

/** Brings the apps up to date: a process must never run what was built yesterday. Incremental. */
export const buildApps = async (): Promise<void> => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-b', 'tsconfig.build.json'], { cwd: root });
};

/** An app as a process of its own, as it was built. */
export class AppProcess {
  #child: ChildProcess | undefined;
  #url: Promise<string> = Promise.reject(new Error('never started'));
  #last = '';

  constructor(
    private readonly app: AppName,
    private readonly environment: Readonly<Record<string, string>>,
  ) {
    // Asked for only after start().
    this.#url.catch(() => undefined);
  }

  /** Where it listens; the same over restarts when PORT says so. */
  get url(): Promise<string> {
    return this.#url;
  }

  /** Its last line of output: why it ended, when it ended by itself. */
  get lastWords(): string {
    return this.#last;
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { PATH = '' } = process.env;
    const main = join(root, 'apps', this.app, 'dist/main.js');
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      env: { PATH, ...this.environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { pid } = child;
    if (pid === undefined) throw new Error(`${this.app} could not be started`);
    guardian.watch(pid);
    child.once('exit', () => guardian.forget(pid));
    this.#child = child;
    this.#url = this.#listening(child);
    this.#url.catch(() => undefined);
  }

  /** SIGSTOP and SIGCONT return at once; every other signal ends it, and is waited for. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await gone;
  }

  async restart(): Promise<void> {
    await this.signal('SIGTERM');
    this.start();
  }

  #listening(child: ChildProcess): Promise<string> {
    const { stdout } = child;
    return new Promise((settle, reject) => {
      child.once('exit', (code, signal) => {
        this.#last += ` ended by ${signal ?? `code ${String(code)}`}`;
        reject(new Error(`${this.app}: ${this.#last}`));
      });
      if (stdout === null) return;
      createInterface({ input: stdout }).on('line', (line) => {
        this.#last = line;
        const url = /"url":"(http:[^"]+)"/.exec(line)?.[1];
        if (line.includes('"listening"') && url !== undefined) settle(url);
      });
    });
  }
}
