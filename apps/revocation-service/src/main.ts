import 'reflect-metadata';
import { RevocationError } from '@revocast/core';
import { createHttpApp } from './http/http-app.js';
import { createServiceLog, type ServiceLog } from './log/service-log.js';
import { Service } from './service.js';
import { readSettings } from './settings/settings.js';

/** `EX_CONFIG` of sysexits.h: starting again without new settings is useless. */
const EXIT_CONFIG = 78;

async function main(log: ServiceLog): Promise<void> {
  const settings = readSettings(process.env);
  const service = new Service(settings, log);
  const app = await createHttpApp(service);
  endOnSignal(async () => {
    await app.close();
    await service.close();
  }, log);
  service.start();
  await app.listen(settings.port, settings.host);
  log.info('listening', { url: await app.getUrl() });
}

/** A second signal does not wait. */
function endOnSignal(close: () => Promise<void>, log: ServiceLog): void {
  let isClosing = false;
  const end = (signal: NodeJS.Signals): void => {
    if (isClosing) process.exit(1);
    isClosing = true;
    log.info('closing', { signal });
    close().then(
      () => process.exit(0),
      (error: unknown) => fail(log, error),
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

function fail(log: ServiceLog, error: unknown): never {
  const isConfig = error instanceof RevocationError && error.code === 'ERR_CONFIG';
  if (isConfig) log.error('notStarted', { problems: error.message.split('\n') });
  else log.error('failed', { error });
  process.exit(isConfig ? EXIT_CONFIG : 1);
}

const log = createServiceLog(process.env['LOG_LEVEL'] ?? 'info');
try {
  await main(log);
} catch (error) {
  fail(log, error);
}
