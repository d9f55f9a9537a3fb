import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '../..');
export const DEV_ISSUER = 'https://issuer.dev.revocast.test';

export interface FleetReport {
  readonly service: string;
  readonly nodes: readonly string[];
  readonly apiKey: string;
  readonly nats: string;
  readonly pids: { readonly service: number; readonly nodes: readonly number[]; readonly nats: number };
}

export interface LocalFleet extends FleetReport {
  readonly dir: string;
  readonly child: ChildProcess;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  token(...args: string[]): Promise<string>;
  ask(node: string, token: string, signal?: AbortSignal): Promise<number>;
  /** Ends it as Ctrl-C does and waits until it is gone. */
  stop(): Promise<number | null>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export const makeHome = (): Promise<string> => mkdtemp(join(tmpdir(), 'revocast-e2e-'));
export const removeHome = (dir: string): Promise<void> => rm(dir, { recursive: true, force: true });

const commands: ChildProcess[] = [];
// What a failed test left running: jest would wait for it. Its own children end with it.
afterAll(() => {
  for (const command of commands) command.kill('SIGKILL');
});

const run = (script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
  const command = spawn(process.execPath, [join(root, 'tools', script), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  commands.push(command);
  return command;
};

/** Everything a command printed on stdout, and its exit code. */
export const runToEnd = async (
  script: string,
  args: readonly string[],
): Promise<{ code: number | null; stdout: string }> => {
  const child = run(script, args);
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.resume();
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout };
};

/** Runs the start command with --json, as a user would, and reads its one line. */
export const startFleet = async (
  dir: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<LocalFleet> => {
  const child = run('start.mjs', ['--json', '--data', dir, ...args], env);
  const complaints: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => complaints.push(chunk.toString()));
  const report = await firstLine(child, complaints);
  return { ...report, ...driveFleet(dir, child, report) };
};

const firstLine = async (child: ChildProcess, complaints: readonly string[]): Promise<FleetReport> => {
  if (child.stdout === null) throw new Error('the start command has no stdout');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as FleetReport;
  throw new Error(`the start command ended without its line:\n${complaints.join('')}`);
};

const driveFleet = (dir: string, child: ChildProcess, report: FleetReport): Omit<LocalFleet, keyof FleetReport> => ({
  dir,
  child,
  call: async (method, path, body, headers = {}) => {
    const response = await fetch(report.service + path, {
      method,
      headers: { authorization: `Bearer ${report.apiKey}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  },
  token: async (...args) => {
    const { code, stdout } = await runToEnd('token.mjs', ['--data', dir, ...args]);
    if (code !== 0) throw new Error(`the token command ended with ${String(code)}`);
    return stdout.trim();
  },
  ask: async (node, token, signal) => {
    const response = await fetch(`${node}/me`, {
      headers: { authorization: `Bearer ${token}` },
      ...(signal && { signal }),
    });
    await response.arrayBuffer();
    return response.status;
  },
  stop: async () => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const gone = once(child, 'exit');
    child.kill('SIGINT');
    const [code] = (await gone) as [number | null];
    return code;
  },
});

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
