// Child processes of a local fleet: started, watched, started again when they die, ended with their parent.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

const RESTART_DELAY_MS = 500;
const STOP_GRACE_MS = 5_000;

/** Ends the children when this process is gone, however it went. One for all of them. */
class Guardian {
  #process;

  constructor() {
    const script = fileURLToPath(new URL('guardian.mjs', import.meta.url));
    this.#process = spawn(process.execPath, [script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#process.stdin.on('error', () => {});
    this.#process.unref();
  }

  watch(pid) {
    this.#process.stdin.write(`+${pid}\n`);
  }

  forget(pid) {
    this.#process.stdin.write(`-${pid}\n`);
  }

  close() {
    this.#process.stdin.end();
  }
}

/** One program, over all the processes that run it in turn. */
class Child {
  #options;
  #process;
  #stopping = false;

  /** @param options { name, script, env, logFile, restart, guardian, log } */
  constructor(options) {
    this.#options = options;
    this.#launch();
  }

  get name() {
    return this.#options.name;
  }

  get logFile() {
    return this.#options.logFile;
  }

  get pid() {
    return this.#process.pid;
  }

  get alive() {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async stop() {
    this.#stopping = true;
    if (!this.alive) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    // A stopped process takes no SIGTERM; nothing may outlive us, so the second word is SIGKILL.
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_GRACE_MS);
    await gone;
    clearTimeout(timer);
  }

  #launch() {
    const { script, env, logFile, guardian } = this.#options;
    const output = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
    const child = spawn(process.execPath, ['--enable-source-maps', script], {
      // The program reads its settings from the environment, so it gets those it is meant to have and no others.
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C in the terminal reaches the start command alone, which ends children in order.
      detached: true,
    });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    child.once('exit', (code, signal) => {
      guardian.forget(child.pid);
      output.end();
      this.#ended(signal ?? `code ${code}`);
    });
    guardian.watch(child.pid);
    this.#process = child;
  }

  #ended(how) {
    const { name, logFile, restart, log } = this.#options;
    if (this.#stopping || !restart) return;
    log(`${name} ended (${how}), starting it again; its log: ${logFile}`);
    setTimeout(() => {
      if (!this.#stopping) this.#launch();
    }, RESTART_DELAY_MS);
  }
}

/** All children of a fleet. */
export class Children {
  #guardian = new Guardian();
  #all = [];
  #shared;

  /** @param shared { log, restart }: `restart` starts a child again when it dies by itself */
  constructor(shared) {
    this.#shared = shared;
  }

  /** Starts `node script` with `env` as its settings, its output appended to `logFile`. */
  start(options) {
    const child = new Child({ ...options, ...this.#shared, guardian: this.#guardian });
    this.#all.push(child);
    return child;
  }

  async stopAll() {
    await Promise.all(this.#all.map((child) => child.stop()));
    this.#guardian.close();
  }
}
