import { RevocationError } from '@revocast/core';
import { ISSUERS, loadFilter, watchIssuers } from '@revocast/node';
import { startGateApp } from './gate-app.js';
import { readSettings } from './settings.js';

/** `EX_CONFIG` of sysexits.h: starting again without new settings is useless. */
const EXIT_CONFIG = 78;

type Level = 'log' | 'warn' | 'error' | 'fatal';

/** One JSON line per event, all on stdout: what collects logs reads one stream in order. */
function say(level: Level, message: unknown, context = 'Gate'): void {
  process.stdout.write(`${JSON.stringify({ level, timestamp: Date.now(), context, message })}\n`);
}

async function main(): Promise<void> {
  const settings = readSettings(process.env, ({ level, ...event }) =>
    say(level === 'info' ? 'log' : level, event, 'Feed'),
  );
  const { issuersFile: path, host, port, grpcPort, cookie } = settings;
  const log = { warn: (line: unknown) => say('warn', line), error: (line: unknown) => say('error', line) };
  const filter = await loadFilter(settings.filter);
  const app = await startGateApp({
    ...{ host, port, grpcPort, cookie, node: { ...settings.node, filter, log } },
    onDefect: (error) => say('error', { event: 'defect', because: error instanceof Error ? error.stack : 'unknown' }),
    onMisconfigured: (error) => say('error', { event: 'misconfigured', because: error.message }, 'ExtAuthz'),
  });
  app.node.on((notice) => {
    if (notice.kind === 'status')
      say('log', { event: 'state', state: notice.state, because: notice.because }, 'Follower');
  });
  const onReload: Parameters<typeof watchIssuers>[0]['onReload'] = (reload) =>
    say(reload.event === 'issuersReplaced' ? 'log' : 'error', reload);
  const unwatch = path === undefined ? undefined : watchIssuers({ node: app.node, path, setting: ISSUERS, onReload });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      unwatch?.();
      void app.close();
    });
  }
  say('log', { event: 'listening', url: app.url, ...(app.grpc !== undefined && { grpc: app.grpc }) });
}

try {
  await main();
} catch (error) {
  const isConfig = error instanceof RevocationError && error.code === 'ERR_CONFIG';
  if (isConfig) say('fatal', { event: 'notStarted', problems: error.message.split('\n') });
  else say('fatal', { event: 'notStarted', because: error instanceof Error ? error.stack : 'unknown' });
  process.exit(isConfig ? EXIT_CONFIG : 1);
}
