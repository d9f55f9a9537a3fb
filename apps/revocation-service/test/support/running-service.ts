import { eventually } from '@revocast/testing';
import { createHttpApp } from '../../src/http/http-app.js';
import { createServiceLog } from '../../src/log/service-log.js';
import { Service } from '../../src/service.js';
import { readSettings } from '../../src/settings/settings.js';
import { Api } from './api.js';
import { closedInTheEnd } from './still-open.js';

/** A service in this process. */
export interface RunningService {
  readonly api: Api;
  readonly service: Service;
  /** Resolves once commands are carried out and watchers hear of all of them. */
  ready(): Promise<void>;
  /** Resolves once this node is in the fleet. */
  hears(node: string): Promise<void>;
  close(): Promise<void>;
}

export async function startService(environment: Readonly<Record<string, string>>): Promise<RunningService> {
  const service = new Service(readSettings(environment), createServiceLog(process.env['LOG_LEVEL'] ?? 'silent'));
  const app = await createHttpApp(service);
  const close = closedInTheEnd(async () => {
    await app.close();
    await service.close();
  });
  service.start();
  await app.listen(0, '127.0.0.1');
  const api = new Api(await app.getUrl());
  return {
    api,
    service,
    ready: () => untilReady(api),
    hears: (node) =>
      eventually(async () => {
        const { body } = await api.get('/v1/nodes');
        if (!body.nodes.some((one) => one.node === node)) throw new Error(`${node} is not heard`);
      }),
    close,
  };
}

/** The service's own follower as well: what it reads before it is current is old news to watchers. */
export const untilReady = (api: Api): Promise<void> =>
  eventually(
    async () => {
      const { status, body, text } = await api.get('/health/ready');
      if (status !== 200 || body.follower.state !== 'current') throw new Error(text);
    },
    { withinMs: 30_000 },
  );
