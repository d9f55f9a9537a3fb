import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@revocast/testing';
import { findEnvoy } from './envoy-binary.js';
import { startProxy } from './proxy-process.js';

export type EnvoyRecipe = 'revocast' | 'revocast-grpc';

const recipes = join(import.meta.dirname, '../../deploy/envoy');

export interface RunningEnvoy {
  readonly port: number;
  stop(): Promise<void>;
}

/** A real Envoy with a recipe of ours, between `api` and `gate` on these ports of the loopback. */
export async function startEnvoy(recipe: EnvoyRecipe, gatePort: number, apiPort: number): Promise<RunningEnvoy> {
  const path = await findEnvoy();
  const directory = await mkdtemp(join(tmpdir(), 'revocast-envoy-'));
  const port = await freePort();
  const ports: Readonly<Record<string, number>> = { 3010: gatePort, 3011: gatePort, 8080: apiPort, 8000: port };
  const written = (await readFile(join(recipes, `${recipe}.yaml`), 'utf8')).replace(
    /port_value: (\d+)/g,
    (_all, named: string) => `port_value: ${ports[named] ?? named}`,
  );
  const [config, logFile] = [join(directory, 'revocast.yaml'), join(directory, 'envoy.log')];
  await writeFile(config, written);
  // Without hot restart it shares no memory with an Envoy that this machine runs for itself.
  const args = ['-c', config, '--disable-hot-restart', '--concurrency', '1', '-l', 'warn', '--log-path', logFile];
  const log = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const proxy = await startProxy({ name: 'Envoy', path, args, port, log });
  const stop = async (): Promise<void> => {
    await proxy.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { port, stop };
}
