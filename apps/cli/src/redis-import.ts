import { type Arguments, type OptionKinds, wholeNumber } from './arguments.js';
import { type Blacklist, type Notifying } from './blacklist.js';
import { type Run } from './command.js';
import { EXIT, type ExitCode, Failure, usage } from './failure.js';
import { BlacklistIntake, KEYS_AT_ONCE_MAX } from './redis-intake.js';
import { type KeyRules, keyTemplate, templateOf } from './redis-key.js';
import { redisSettings } from './redis-settings.js';

/** A new scan finds what nobody was told of. Seconds; without notifications it is the only way to hear of a key. */
const RESCAN_SECONDS = { on: 60, unknown: 10, off: 10 } as const;
const RESCAN_SECONDS_MAX = 86_400;
/** How long a key that was heard of waits for others to be sent with. Milliseconds. */
const LOOK_MS = 200;
/** After an outage. Milliseconds. */
const AGAIN_MS = 2_000;
/** More than these that wait are not remembered one by one: a scan finds them all. */
const WAITING_MAX = 100_000;

export const REDIS_OPTIONS: OptionKinds = {
  ...{ redis: 'string', 'redis-url': 'string', 'redis-key': 'string', issuer: 'string', 'no-ttl': 'string' },
  ...{ 'cut-off': 'string', reason: 'string', follow: 'boolean', rescan: 'string' },
};
export const REDIS_VALUES = { 'cut-off': ['value', 'now'] } as const;
export const REDIS_HELP = `or
  --redis PATTERN           the keys of a Redis blacklist, as for SCAN:
                            'blacklist:*'; nothing in Redis is changed
  --redis-url URL           redis://HOST:PORT/0 or rediss://, no password
                            (or REVOCAST_REDIS_URL, REVOCAST_REDIS_PASSWORD,
                            each also as ..._FILE)
  --redis-key TEMPLATE      what a key says: 'blacklist:{jti}', {token} a whole
                            JWT, {hash} SHA-256 of header.payload, {session},
                            {sub}, {client}, {device}, {*} anything
  --issuer ISS              of the tokens; {token} names its own
  --no-ttl END              keys that never expire: issuer (as long as a token
                            of it can live), lifted, or a time (RFC 3339)
  --cut-off value|now       for {sub}, {client}, {device}: tokens from before
                            the time in the value, or before the import
  --follow                  go on with what comes, until Ctrl-C or SIGTERM
  --rescan SECONDS          look at all keys again (default ${RESCAN_SECONDS.on}; ${RESCAN_SECONDS.off} where
                            Redis does not notify)
  --reason TEXT             for the audit (default: imported from Redis)`;

export async function redisImport(run: Run): Promise<ExitCode> {
  const { args, world } = run;
  const { rules, pattern, rescanMs } = planOf(args);
  const settings = redisSettings(world.env, args.texts['redis-url']);
  run.service();
  const blacklist = await world.openBlacklist({ settings, pattern, withValues: rules.timeIsValue });
  const intake = new BlacklistIntake(run, rules);
  const close = (): void => blacklist.close();
  world.signal.addEventListener('abort', close);
  try {
    if (args.flags.has('follow')) await followAll(run, blacklist, intake, rescanMs);
    else await scanAll(blacklist, intake);
  } catch (error) {
    intake.printSummary();
    // Whatever was under way then fails because we closed it.
    throw world.signal.aborted ? new Failure(EXIT.interrupted, 'Interrupted.') : error;
  } finally {
    close();
  }
  intake.printSummary();
  if (world.signal.aborted) return EXIT.interrupted;
  return intake.isComplete() ? EXIT.ok : EXIT.failed;
}

interface Plan {
  readonly pattern: string;
  readonly rules: KeyRules;
  readonly rescanMs: number | undefined;
}

function planOf({ texts, flags }: Arguments): Plan {
  const { redis: pattern = '', issuer, rescan, reason = 'imported from Redis' } = texts;
  if (rescan !== undefined && !flags.has('follow')) throw usage('--rescan goes with --follow.');
  if (flags.has('follow') && flags.has('dry-run')) throw usage('--follow and --dry-run exclude each other.');
  const template = keyTemplate(texts['redis-key'] ?? templateOf(pattern));
  if (issuer === undefined && !template.hasToken) throw usage('Name the issuer of the tokens with --issuer.');
  const hasCutoff = !['token', 'session'].includes(template.scope);
  const cutoff = texts['cut-off'];
  if (hasCutoff !== (cutoff !== undefined) || !['value', 'now', undefined].includes(cutoff))
    throw usage('--cut-off value or --cut-off now goes with {sub}, {client} and {device}, and with nothing else.');
  const seconds = rescan === undefined ? undefined : wholeNumber(rescan, 'rescan', [1, RESCAN_SECONDS_MAX]);
  const noTtl = endOf(texts['no-ttl'], template.scope);
  return {
    ...{ pattern, rules: { template, issuer, noTtl, timeIsValue: cutoff === 'value', reason } },
    rescanMs: seconds === undefined ? undefined : seconds * 1000,
  };
}

function endOf(text: string | undefined, scope: string): KeyRules['noTtl'] {
  if (text === undefined || text === 'issuer' || text === 'lifted') return text;
  const ms = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) throw usage('--no-ttl is to be issuer, lifted, or a time such as 2027-01-31T00:00:00Z.');
  if (scope !== 'token') throw usage('--no-ttl takes a time for tokens only: others are kept as long as can matter.');
  return Math.ceil(ms / 1000);
}

async function scanAll(blacklist: Blacklist, intake: BlacklistIntake): Promise<void> {
  intake.beginScan();
  for await (const keys of blacklist.scan()) await intake.take(keys);
  await intake.settle();
}

/** Subscribe first, scan second: a key that is set in between comes twice, which has one effect; else it would never come. */
async function followAll(
  run: Run,
  blacklist: Blacklist,
  intake: BlacklistIntake,
  rescanMs: number | undefined,
): Promise<void> {
  const { world } = run;
  const heard = new Set<string>();
  let isScanDue = true;
  const notifying = await blacklist.follow({
    key: (key) => {
      if (heard.size < WAITING_MAX) heard.add(key);
      else isScanDue = true;
    },
    gap: () => {
      isScanDue = true;
    },
  });
  const everyMs = rescanMs ?? RESCAN_SECONDS[notifying] * 1000;
  world.err(followText(notifying, everyMs));
  const isInterrupted = (): boolean => world.signal.aborted;
  const tolerant = tolerance(run);
  for (let scannedAt = 0; !isInterrupted();) {
    const isDue = isScanDue || world.now() - scannedAt >= everyMs;
    isScanDue = false;
    const isDone = await tolerant(async () => {
      if (isDue) await scanAll(blacklist, intake);
      await takeHeard(blacklist, intake, heard);
    });
    if (isDone && isDue) scannedAt = world.now();
    if (!isDone) {
      isScanDue = true;
      await world.pause(AGAIN_MS);
    }
    await world.pause(LOOK_MS);
  }
}

async function takeHeard(blacklist: Blacklist, intake: BlacklistIntake, heard: Set<string>): Promise<void> {
  while (heard.size > 0) {
    const keys = [...heard].slice(0, KEYS_AT_ONCE_MAX);
    // Taken out before they are read: one that changes meanwhile is heard of again. What then fails, the next scan finds.
    for (const key of keys) heard.delete(key);
    await intake.take(await blacklist.read(keys));
  }
  await intake.settle();
}

/** An outage of Redis or of the service is no reason to stop following; a wrong key is one. It is told once, not each time. */
function tolerance(run: Run): (work: () => Promise<void>) => Promise<boolean> {
  let told = '';
  return async (work) => {
    try {
      await work();
      told = '';
      return true;
    } catch (error) {
      if (!(error instanceof Failure) || (error.exit !== EXIT.unreachable && error.exit !== EXIT.interrupted))
        throw error;
      if (!run.world.signal.aborted && told !== error.message)
        run.world.err(`revocast: ${error.message} It is tried again.\n`);
      told = error.message;
      return false;
    }
  };
}

function followText(notifying: Notifying, everyMs: number): string {
  const scans = `all keys are looked at every ${everyMs / 1000} s`;
  if (notifying === 'on') return `following: Redis notifies of keys that are set, and ${scans}\n`;
  const what =
    notifying === 'off'
      ? 'Redis does not notify of keys that are set'
      : 'Redis does not tell whether it notifies of keys';
  return `following: ${what}; ${scans}, and a key that lives shorter may be missed.
To hear of them at once: add K$ to notify-keyspace-events (CONFIG SET, or the parameter group of a managed Redis). Nothing was changed there.
`;
}
