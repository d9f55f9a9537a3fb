import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { RevocationError } from '@revocast/core';
import { loadFilter, RevocationNode } from '@revocast/nest';
import { AppModule } from './app.module.js';
import { JsonLogger } from './json-logger.js';
import { readSettings } from './settings.js';

/** `EX_CONFIG` of sysexits.h: starting again without new settings is useless. */
const EXIT_CONFIG = 78;

const logger = new JsonLogger();

async function main(): Promise<void> {
  const settings = readSettings(process.env, ({ level, ...event }) => {
    logger[level === 'info' ? 'log' : level](event, 'Feed');
  });
  const revocation = { ...settings.revocation, filter: await loadFilter(settings.filter) };
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with({ ...settings, revocation }),
    new FastifyAdapter(),
    {
      logger,
      abortOnError: false,
    },
  );
  app.enableShutdownHooks();
  app.get(RevocationNode).on((notice) => {
    if (notice.kind === 'status')
      logger.log({ event: 'state', state: notice.state, because: notice.because }, 'Follower');
  });
  await app.listen(settings.port, settings.host);
  logger.log({ event: 'listening', url: await app.getUrl() });
}

try {
  await main();
} catch (error) {
  const isConfig = error instanceof RevocationError && error.code === 'ERR_CONFIG';
  if (isConfig) logger.fatal({ event: 'notStarted', problems: error.message.split('\n') });
  else logger.fatal(error);
  process.exit(isConfig ? EXIT_CONFIG : 1);
}
