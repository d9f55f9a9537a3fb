import { type FollowerState, sequence, type Verdict } from '@revocast/core';
import { AppProcess } from './app-process.js';

/** Longer than any fault lasts: a request to a stopped process is answered when it wakes up, and that answer counts. */
const ANSWER_MS_MAX = 60_000;

/** A node as a process of its own, asked over HTTP as its users do. */
export class ProcessNode {
  readonly kind = 'process';
  readonly process: AppProcess;

  constructor(
    readonly name: string,
    environment: Readonly<Record<string, string>>,
  ) {
    this.process = new AppProcess('api-node', { ...environment, PORT: '0', REVOCAST_NODE_ID: name });
    this.process.start();
  }

  /** Undefined when no answer came: no accept either. */
  async ask(token: string): Promise<Verdict | undefined> {
    try {
      const response = await fetch(`${await this.process.url}/me`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      await response.arrayBuffer();
      return verdictOf(response.status);
    } catch {
      return undefined;
    }
  }

  async state(): Promise<FollowerState> {
    try {
      const response = await fetch(`${await this.process.url}/health/ready`, {
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      const { state } = (await response.json()) as { state?: FollowerState };
      return state ?? 'connecting';
    } catch {
      return 'connecting';
    }
  }

  async close(): Promise<void> {
    await this.process.signal('SIGCONT');
    await this.process.signal('SIGKILL');
  }
}

/** What the guard must have decided to answer so. */
const verdictOf = (status: number): Verdict => {
  if (status === 200) return { kind: 'active', watermark: sequence(0) };
  if (status === 401) return { kind: 'revoked', scope: 'subject', revocationId: '', byAuthTime: false };
  return { kind: 'unknown', because: 'stale', everCurrent: false };
};
