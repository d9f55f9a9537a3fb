// What stands in front of the handler without us: nothing but the signature, a blacklist in Redis asked per request, or one
// followed by pub/sub into a Map. Each resolves when its server may listen, to { admit, entries, close }.
import { Redis } from 'ioredis';
import { importJWK, jwtVerify } from 'jose';
import { CHANNEL, PREFIX } from './names.mjs';

const BEARER = 'Bearer ';
/** Keys that a SCAN looks at in one step. */
const SCAN_COUNT = 1_000;
const SWEEP_MS = 60_000;
const CONNECT_MS_MAX = 2_000;
/** What a look-up may take before it counts as failed: without it a broker that hangs would hang every request. */
const COMMAND_MS_MAX = 1_000;
/** Below the client's default of up to 2 s, so that no wait of ours makes Redis look slow to come back. */
const retryStrategy = (attempt) => Math.min(attempt * 50, 250);

const refuse = (response, status) => {
  response.statusCode = status;
  response.end();
  return false;
};

function connectRedis(port, options) {
  const redis = new Redis({ host: '127.0.0.1', port, connectTimeout: CONNECT_MS_MAX, retryStrategy, ...options });
  // It connects again by itself, and says so as an error each time.
  redis.on('error', () => undefined);
  return redis;
}

/** Verifies with jose on every request, then asks `isRevoked`; when that rejects, `whenDown` decides. */
async function joseGuard({ issuer, whenDown = 'refuse' }, isRevoked) {
  const key = await importJWK(issuer.jwks.keys[0], issuer.algorithms[0]);
  const expected = { issuer: issuer.issuer, audience: issuer.audience, algorithms: issuer.algorithms };
  return async (request, response) => {
    const { authorization = '' } = request.headers;
    if (!authorization.startsWith(BEARER)) return refuse(response, 401);
    let payload;
    try {
      ({ payload } = await jwtVerify(authorization.slice(BEARER.length), key, expected));
    } catch {
      return refuse(response, 401);
    }
    try {
      return (await isRevoked(payload.jti)) ? refuse(response, 401) : true;
    } catch {
      return whenDown === 'pass' || refuse(response, 503);
    }
  };
}

export async function unchecked(options) {
  return { admit: await joseGuard(options, () => false), entries: () => 0, close: () => undefined };
}

/** Commands of one turn of the event loop travel together; one that cannot be sent fails at once instead of waiting. */
export async function get(options) {
  const asking = { commandTimeout: COMMAND_MS_MAX, maxRetriesPerRequest: 1, enableOfflineQueue: false };
  const redis = connectRedis(options.redisPort, { ...asking, enableAutoPipelining: true });
  const admit = await joseGuard(options, async (jti) => (await redis.get(PREFIX + jti)) !== null);
  return { admit, entries: () => 0, close: () => redis.disconnect() };
}

/** Subscribes first and reads the keys then: what is revoked meanwhile is in one of the two. */
export async function pubsub({ rescan = false, ...options }) {
  const waiting = { maxRetriesPerRequest: null };
  const commands = connectRedis(options.redisPort, waiting);
  const subscriber = connectRedis(options.redisPort, waiting);
  const expiries = new Map();
  subscriber.on('message', (_channel, text) => {
    const { jti, expiresAt } = JSON.parse(text);
    expiries.set(jti, expiresAt);
  });
  const readAll = async () => {
    for await (const keys of commands.scanStream({ match: `${PREFIX}*`, count: SCAN_COUNT })) {
      if (keys.length === 0) continue;
      const values = await commands.mget(keys);
      keys.forEach((key, at) => values[at] !== null && expiries.set(key.slice(PREFIX.length), Number(values[at])));
    }
  };
  await subscriber.subscribe(CHANNEL);
  await readAll();
  const readAgain = () => void subscriber.subscribe(CHANNEL).then(readAll);
  if (rescan) subscriber.on('ready', readAgain);
  const sweep = setInterval(() => {
    for (const [jti, expiresAt] of expiries) if (expiresAt <= Date.now()) expiries.delete(jti);
  }, SWEEP_MS);
  const close = () => {
    clearInterval(sweep);
    subscriber.disconnect();
    commands.disconnect();
  };
  const isRevoked = (jti) => (expiries.get(jti) ?? 0) > Date.now();
  return { admit: await joseGuard(options, isRevoked), entries: () => expiries.size, close };
}
