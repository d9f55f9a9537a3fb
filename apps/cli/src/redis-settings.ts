import { readFileSync } from 'node:fs';
import { type RedisSettings } from './blacklist.js';
import { usage } from './failure.js';
import { type World } from './world.js';

const PORT_DEFAULT = 6379;

/** A password comes from the environment or a file alone: arguments stand in the list of processes. */
export function redisSettings(env: World['env'], given: string | undefined): RedisSettings {
  const known = given ?? fromEnvironment(env, 'REVOCAST_REDIS_URL');
  if (known === undefined)
    throw usage('Name the Redis with --redis-url, REVOCAST_REDIS_URL or REVOCAST_REDIS_URL_FILE.');
  const url = URL.canParse(known) ? new URL(known) : undefined;
  const database = /^\/?(\d{0,5})$/.exec(url?.pathname ?? '')?.[1];
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || database === undefined)
    throw usage('The address of Redis is to look like redis://HOST:6379/0, or rediss:// with TLS.');
  if (given !== undefined && url.password !== '')
    throw usage('--redis-url is to hold no password: others see arguments. Use REVOCAST_REDIS_PASSWORD_FILE.');
  const password = fromEnvironment(env, 'REVOCAST_REDIS_PASSWORD') ?? decodeURIComponent(url.password);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? PORT_DEFAULT : Number(url.port),
    tls: url.protocol === 'rediss:',
    database: Number(database),
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(password !== '' && { password }),
  };
}

function fromEnvironment(env: World['env'], name: string): string | undefined {
  const [given = '', path = ''] = [env[name], env[`${name}_FILE`]];
  if (given !== '' && path !== '') throw usage(`Set one of ${name} and ${name}_FILE, not both.`);
  if (path === '') return given === '' ? undefined : given;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw usage(`The file that ${name}_FILE names cannot be read.`);
  }
}
