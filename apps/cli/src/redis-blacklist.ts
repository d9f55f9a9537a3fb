import type { Redis } from 'ioredis';
import {
  type Blacklist,
  type BlacklistOptions,
  type FoundKey,
  type Heard,
  type Notifying,
  type RedisSettings,
} from './blacklist.js';
import { EXIT, Failure } from './failure.js';

const CONNECT_MS_MAX = 5_000;
const COMMAND_MS_MAX = 10_000;
/** Keys that Redis looks at in one step of a SCAN: few enough to keep it free for others. */
const SCAN_COUNT = 1_000;
/** Between tries to connect again. Milliseconds. */
const AGAIN_MS_MAX = 5_000;
const KEY_GONE = -2;
const NO_TTL = -1;
/** Events after which a key is not there. */
const GONE_EVENTS: ReadonlySet<string> = new Set(['del', 'expired', 'evicted', 'rename_from', 'move_from']);

/** Loads the client of Redis only now: who imports files needs none. */
export async function openBlacklist(options: BlacklistOptions): Promise<Blacklist> {
  const { Redis } = await import('ioredis').catch(() => {
    throw new Failure(EXIT.usage, 'Reading from Redis needs the package ioredis beside this one: npm install ioredis.');
  });
  const redis = new Redis(optionsOf(options.settings));
  // It connects again by itself, and says so as an error each time; only these tell why it cannot.
  let reason: unknown;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect();
    return new RedisBlacklist(redis, options);
  } catch (error) {
    redis.disconnect();
    throw failureOf(reason ?? error);
  }
}

const optionsOf = ({ tls, database, ...rest }: RedisSettings) => ({
  ...{ ...rest, db: database, lazyConnect: true, connectTimeout: CONNECT_MS_MAX, commandTimeout: COMMAND_MS_MAX },
  ...{ maxRetriesPerRequest: 1, retryStrategy: (attempt: number) => Math.min(attempt * 200, AGAIN_MS_MAX) },
  ...(tls && { tls: { servername: rest.host } }),
});

class RedisBlacklist implements Blacklist {
  #subscriber: Redis | undefined;
  #hasEndTimes: boolean | undefined;

  constructor(
    private readonly redis: Redis,
    private readonly options: BlacklistOptions,
  ) {}

  async *scan(): AsyncGenerator<readonly FoundKey[]> {
    const { pattern } = this.options;
    for (let cursor = '0'; ;) {
      const [next, keys] = await asked(() => this.redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT));
      yield await this.read(keys);
      if (next === '0') return;
      cursor = next;
    }
  }

  read(keys: readonly string[]): Promise<readonly FoundKey[]> {
    return asked(async () => {
      const [first] = keys;
      if (first === undefined) return [];
      const hasEndTimes = (this.#hasEndTimes ??= await this.#knowsEndTimes(first));
      const now = hasEndTimes ? 0 : await this.#time();
      const [ends, values] = await Promise.all([
        this.#each(keys, hasEndTimes ? 'pexpiretime' : 'pttl'),
        this.options.withValues ? this.#each(keys, 'get') : undefined,
      ]);
      return keys.flatMap((key, at) => {
        const end = ends[at];
        if (typeof end !== 'number' || end === KEY_GONE) return [];
        const value = values?.[at];
        const found = { key, ...(typeof value === 'string' && { value }) };
        return [{ ...found, ends: end === NO_TTL ? ('never' as const) : hasEndTimes ? end : minute(now + end) }];
      });
    });
  }

  async follow(heard: Heard): Promise<Notifying> {
    const channel = `__keyspace@${this.options.settings.database}__:`;
    const subscriber = this.redis.duplicate();
    this.#subscriber = subscriber;
    subscriber.on('error', () => undefined);
    subscriber.on('pmessage', (_pattern, from, event) => {
      if (from.startsWith(channel) && !GONE_EVENTS.has(event)) heard.key(from.slice(channel.length));
    });
    await asked(() => subscriber.connect());
    try {
      await subscriber.psubscribe(`${channel}${this.options.pattern}`);
    } catch (error) {
      // Without the right to hear of keys scans find them all the same.
      if (wordOf(error) !== 'NOPERM') throw failureOf(error);
      subscriber.disconnect();
      return 'unknown';
    }
    // After a line that broke; what was set meanwhile was told to nobody.
    subscriber.on('ready', () => heard.gap());
    return this.#notifying();
  }

  close(): void {
    this.redis.disconnect();
    this.#subscriber?.disconnect();
  }

  async #notifying(): Promise<Notifying> {
    const setting = await this.redis.config('GET', 'notify-keyspace-events').catch(() => undefined);
    const flags = Array.isArray(setting) ? setting[1] : undefined;
    if (typeof flags !== 'string') return 'unknown';
    return flags.includes('K') && /[A$]/.test(flags) ? 'on' : 'off';
  }

  /** PEXPIRETIME came with Redis 7. Without it an end is the time now and what is left, and a little off each time. */
  #knowsEndTimes(key: string): Promise<boolean> {
    return this.redis.call('PEXPIRETIME', key).then(
      () => true,
      (error: unknown) => {
        if (['ERR', 'NOPERM'].includes(wordOf(error) ?? '')) return false;
        throw error;
      },
    );
  }

  async #time(): Promise<number> {
    const [seconds, micros] = await this.redis.time();
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }

  /** Undefined for a key whose type has no such command. */
  async #each(keys: readonly string[], command: 'pexpiretime' | 'pttl' | 'get'): Promise<readonly unknown[]> {
    const answers = await this.redis.pipeline(keys.map((key) => [command, key])).exec();
    return keys.map((_, at) => {
      const [error, value] = answers?.[at] ?? [new Error('no answer')];
      if (error !== null && wordOf(error) !== 'WRONGTYPE') throw error;
      return error === null ? value : undefined;
    });
  }
}

/** An end that is a little off each time is taken for the same up to the minute, or each scan would find another event. */
const minute = (ms: number): number => Math.ceil(ms / 60_000) * 60_000;

async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failureOf(error);
  }
}

/** The first word of a refusal is its code; the rest may repeat what was sent. */
const wordOf = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]+\b/.exec(error.message)?.[0] : undefined;

const RIGHTS: ReadonlySet<string> = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM']);

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const word = wordOf(error);
  if (word !== undefined && RIGHTS.has(word))
    return new Failure(
      EXIT.refused,
      `Redis refuses (${word}). It needs SCAN, PEXPIRETIME or PTTL and TIME, and GET for --cut-off value.`,
    );
  const code = word ?? (error instanceof Error && 'code' in error ? String(error.code) : 'the connection failed');
  return new Failure(EXIT.unreachable, `Redis gives no answer (${code}). Is the address right, and does it run?`);
}
