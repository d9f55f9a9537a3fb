import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@revocast/testing';
import { findNginx } from './nginx-binary.js';
import { startProxy } from './proxy-process.js';

const root = join(import.meta.dirname, '../..');
const recipe = join(root, 'deploy/nginx/revocast.conf');

export interface RunningNginx {
  readonly port: number;
  readonly log: () => Promise<string>;
  stop(): Promise<void>;
}

/** A real nginx with our recipe, between `api` and `gate` on these ports of the loopback. */
export async function startNginx(gatePort: number, apiPort: number): Promise<RunningNginx> {
  const { path, env } = await findNginx();
  const directory = await mkdtemp(join(tmpdir(), 'revocast-nginx-'));
  const port = await freePort();
  const written = (await readFile(recipe, 'utf8'))
    .replace('127.0.0.1:3010', `127.0.0.1:${gatePort}`)
    .replace('127.0.0.1:8080', `127.0.0.1:${apiPort}`)
    .replace('127.0.0.1:8000', `127.0.0.1:${port}`);
  await writeFile(join(directory, 'revocast.conf'), written);
  await copyFile(join(root, 'examples/nginx/nginx.conf'), join(directory, 'nginx.conf'));
  const args = ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', join(directory, 'error.log')];
  const log = (): Promise<string> => readFile(join(directory, 'error.log'), 'utf8').catch(() => '');
  const proxy = await startProxy({ name: 'nginx', path, args, env, port, log });
  const stop = async (): Promise<void> => {
    await proxy.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { port, log, stop };
}
