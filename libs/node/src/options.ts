import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import {
  MODES,
  RevocationError,
  STALENESS_MS_MAX_DEFAULT,
  type Clock,
  type Feed,
  type FilterFactory,
  type Mode,
  type Schedule,
} from '@revocast/core';
import {
  parseIssuers,
  tokenCacheBounds,
  type GateAnswer,
  type IssuerConfig,
  type IssuerInput,
  type TokenCacheOptions,
} from '@revocast/gate';
import { localFile, type LocalSource } from './local-source.js';
import { type NodeLog } from './local-log.js';
import { systemClock, systemSchedule } from './system.js';

/** How this process names itself to the fleet. */
export interface NodeIdentity {
  readonly service: string;
  /** Random per process: two processes with one node id are two instances. */
  readonly instance: string;
}

export interface RevocationNodeOptions {
  /**
   * Where records come from, not yet opened: the node opens and closes it. Either the feed, or a function that makes
   * it and is told under which names this process reports.
   */
  readonly feed: Feed | ((identity: NodeIdentity) => Feed);
  /** Whose tokens are accepted: presets of `@revocast/gate`, or plain data. */
  readonly issuers: readonly IssuerInput[];
  /**
   * What happens to a request while nobody can say whether its token is revoked. `strict`: 503. `bestEffort`: the last
   * known state decides, once there was one. `observe`: verdicts are counted and nothing is enforced. No default: only
   * the service's owner knows whether being down or being late is worse.
   */
  readonly mode: Mode;
  /** Name of the service in the fleet's view, 1 to 64 characters A-Z a-z 0-9 _ -. */
  readonly service: string;
  /** Name of this node in the fleet's view. Default: the host name. */
  readonly nodeId?: string;
  /** Version of the service, shown in the fleet's view: printable ASCII without blanks, at most 128 characters. Default `unknown`. */
  readonly version?: string;
  /** Longest accepted staleness. Milliseconds, default 300,000; above the fleet's own bound the node never becomes current. */
  readonly stalenessMsMax?: number;
  /** Most connections that `LiveConnections` holds, about 1 kB each. Default 10,000. */
  readonly liveConnectionsMax?: number;
  /**
   * A file that revokes on this node, or overrides its mode, while the log cannot be reached: its path, or a source of your
   * own. It need not exist. Default none. docs/local-file.md has its format.
   */
  readonly localFile?: string | LocalSource;
  /**
   * Bounds of the verified-token cache: the signature of a token is verified once, its times and revocations on every
   * request. `false` = verify it every time. Default: on, 20,000 tokens and 64 MiB at most.
   */
  readonly tokenCache?: false | TokenCacheOptions;
  /** Makes the filter in front of the index. Default: that of `@revocast/core`; {@link loadFilter} knows another one. */
  readonly filter?: FilterFactory;
  /** Called with the answer to each request, for metrics and logs; not with those for live connections. Must not throw. */
  readonly onVerdict?: (answer: GateAnswer) => void;
  /** How key sets are fetched; default the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Told what nobody asked for and somebody has to see, as data, never with a token in it. Default: the console. */
  readonly log?: NodeLog;
  /** For tests. Default: the clocks of the process. */
  readonly clock?: Clock;
  /** For tests. Default: timers that keep no process alive. */
  readonly schedule?: Schedule;
}

/** Options that are checked and complete. */
export interface RevocationSettings extends NodeIdentity {
  readonly feed: Feed;
  readonly issuers: readonly IssuerConfig[];
  readonly mode: Mode;
  readonly nodeId: string;
  readonly version: string;
  readonly stalenessMsMax: number;
  readonly liveConnectionsMax: number;
  readonly localFile: LocalSource | undefined;
  readonly tokenCache: false | Required<TokenCacheOptions>;
  readonly onVerdict: (answer: GateAnswer) => void;
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly filter: FilterFactory | undefined;
  readonly log: NodeLog;
  readonly clock: Clock;
  readonly schedule: Schedule;
}

/** Enough for a busy node; a node that holds more sockets says so and raises it. */
export const LIVE_CONNECTIONS_MAX_DEFAULT = 10_000;

/** Part of a NATS subject, hence the alphabet. */
const SERVICE = /^[A-Za-z0-9_-]{1,64}$/;
/** What a heartbeat may carry: a service does not hear one that breaks this. */
const VERSION = /^[\x21-\x7e]{1,128}$/;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** Throws ERR_CONFIG that lists all problems at once, an adapter's own included. */
export function settingsFrom(options: RevocationNodeOptions, more: readonly string[] = []): RevocationSettings {
  const { stalenessMsMax = STALENESS_MS_MAX_DEFAULT, liveConnectionsMax = LIVE_CONNECTIONS_MAX_DEFAULT } = options;
  const { nodeId = hostname(), version = 'unknown', clock = systemClock, schedule = systemSchedule } = options;
  const identity = { service: options.service, instance: randomUUID() };
  const problems = [...plainProblems(options, { stalenessMsMax, liveConnectionsMax, nodeId, version }), ...more];
  const issuers = attempt(problems, () => parseIssuers(options.issuers));
  const tokenCache = attempt(problems, () => tokenCacheBounds(options.tokenCache)) ?? false;
  // A feed is made last, and only from names that are good: making it may open files or sockets.
  const feed = problems.length === 0 ? attempt(problems, () => feedOf(options.feed, identity)) : undefined;
  if (issuers === undefined || feed === undefined || problems.length > 0) throw configError(problems);
  const { mode, fetch, filter, log = console, onVerdict = () => undefined } = options;
  const local = typeof options.localFile === 'string' ? localFile(options.localFile) : options.localFile;
  return {
    ...identity,
    ...{ feed, issuers, mode, nodeId, version, stalenessMsMax, liveConnectionsMax, tokenCache },
    localFile: local,
    ...{ onVerdict, fetch, filter, log, clock, schedule },
  };
}

export const configError = (problems: readonly string[]): RevocationError =>
  new RevocationError('ERR_CONFIG', `Revocast cannot start:\n${problems.map((line) => `- ${line}`).join('\n')}`);

interface Defaulted {
  readonly stalenessMsMax: unknown;
  readonly liveConnectionsMax: unknown;
  readonly nodeId: unknown;
  readonly version: unknown;
}

/** What can be wrong without the types noticing: most options come out of an environment. */
function plainProblems({ mode, service, localFile }: RevocationNodeOptions, defaulted: Defaulted): string[] {
  const problems: string[] = [];
  if (!MODES.includes(mode)) problems.push(`mode: choose one of ${MODES.join(', ')}; there is no default`);
  if (!SERVICE.test(service)) problems.push('service: 1 to 64 characters A-Z a-z 0-9 _ -');
  if (typeof defaulted.nodeId !== 'string' || defaulted.nodeId === '')
    problems.push('nodeId: a name that is not empty');
  if (typeof defaulted.version !== 'string' || !VERSION.test(defaulted.version))
    problems.push('version: 1 to 128 characters of printable ASCII without blanks');
  if (localFile === '') problems.push('localFile: the path of a file, or leave it out');
  if (!isCount(defaulted.stalenessMsMax)) problems.push('stalenessMsMax: whole milliseconds above 0');
  if (!isCount(defaulted.liveConnectionsMax)) problems.push('liveConnectionsMax: a whole number above 0');
  return problems;
}

function feedOf(feed: RevocationNodeOptions['feed'], identity: NodeIdentity): Feed {
  const made: unknown = typeof feed === 'function' ? feed(identity) : feed;
  if (typeof made !== 'object' || made === null || !('open' in made) || !('report' in made)) {
    throw new RevocationError('ERR_CONFIG', 'feed: pass a feed, such as createJetStreamFeed({ ... })');
  }
  return made as Feed;
}

function attempt<T>(problems: string[], make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RevocationError) || error.code !== 'ERR_CONFIG') throw error;
    problems.push(error.message);
    return undefined;
  }
}
