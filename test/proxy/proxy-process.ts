import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '@revocast/testing';

export interface ProxyProcess {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it listens once it is up. */
  readonly port: number;
  readonly log: () => Promise<string>;
}

/** Resolves once the proxy takes connections. */
export async function startProxy(proxy: ProxyProcess): Promise<{ stop(): Promise<void> }> {
  const { name, path, args, env, port, log } = proxy;
  const child = spawn(path, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    const exited = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
    child.kill('SIGTERM');
    await exited;
  };
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${await log()}`);
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
    } finally {
      socket.destroy();
    }
  });
  return { stop };
}
