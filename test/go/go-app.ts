import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Told {
  readonly status: number;
  readonly code?: string;
  readonly sub?: string;
}

/** The Go example as a process of its own. */
export class GoApp {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(binary: string, environment: Readonly<Record<string, string>>): Promise<GoApp> {
    const child = spawn(binary, [], { env: { HOST: '127.0.0.1', PORT: '0', ...environment }, stdio: 'pipe' });
    const complaints: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk.toString()));
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /^listening on (http:\S+)$/.exec(line)?.[1];
      if (url !== undefined) return new GoApp(child, url);
    }
    throw new Error(`the app ended:\n${complaints.join('')}`);
  }

  /** What a client with this token is told. */
  async me(token: string): Promise<Told> {
    const response = await fetch(`${this.url}/me`, { headers: { authorization: `Bearer ${token}` } });
    return { ...((await response.json()) as object), status: response.status };
  }

  async health(): Promise<{ readonly Instance: string; readonly State: string; readonly Watermark: number }> {
    const response = await fetch(`${this.url}/health`);
    return (await response.json()) as { Instance: string; State: string; Watermark: number };
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}
