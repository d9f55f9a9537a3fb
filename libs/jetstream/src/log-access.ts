import { jetstreamManager, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import { ClosedConnectionError, type NatsConnection } from '@nats-io/transport-node';
import { type ErrorCode, type Head, type LogIdentity, RevocationError, sequence } from '@revocast/core';
import { epochOfLog, type Names } from './names.js';

/** An answer of the JetStream API that takes longer is none. A leader election takes some seconds; whoever asks, asks again. */
export const API_MS_MAX = 3_000;

/**
 * The JetStream API without the check of the account that the client makes by default: a node's rights end at names,
 * info and direct get of the log.
 */
export const managerOf = (connection: NatsConnection, domain?: string): Promise<JetStreamManager> =>
  jetstreamManager(connection, { checkAPI: false, timeout: API_MS_MAX, ...(domain === undefined ? {} : { domain }) });

/** Where the JetStream API of a domain is asked; without one, that of the server that we are connected to. */
export const apiOf = (domain?: string): string => (domain === undefined ? '$JS.API' : `$JS.${domain}.API`);

/** The log of the namespace, or undefined when there is none. */
export const locateLog = async (
  connection: NatsConnection,
  names: Names,
  domain?: string,
): Promise<LogIdentity | undefined> => {
  const { streams } = await managerOf(connection, domain);
  for await (const name of streams.names(names.log)) {
    const epoch = epochOfLog(names, name);
    // The broker refuses overlapping subjects, so there is never a second one.
    if (epoch !== undefined) return identityOf(epoch, await streams.info(name));
  }
  return undefined;
};

/** Asks for the head of a log; see {@link headFrom}. */
export const readHead = async (
  connection: NatsConnection,
  { name, epoch }: LogIdentity,
  domain?: string,
): Promise<Head> => {
  const { streams } = await managerOf(connection, domain);
  return headFrom(epoch, await streams.info(name));
};

export const identityOf = (epoch: string, { config, created }: StreamInfo): LogIdentity => ({
  name: config.name,
  epoch,
  created,
});

/**
 * The head as told by the leader. Throws ERR_LOG_UNAVAILABLE when nobody leads or too few copies were ever heard:
 * a member that lost its leader still answers, with an old head.
 */
export const headFrom = (epoch: string, info: StreamInfo): Head => ({
  log: identityOf(epoch, info),
  first: sequence(info.state.first_seq),
  last: sequence(info.state.last_seq),
  quorumAgeMs: quorumAgeMs(info),
});

const NANOSECONDS_PER_MS = 1e6;

const quorumAgeMs = ({ cluster, config }: StreamInfo): number => {
  if (cluster === undefined) return 0;
  if (cluster.leader === undefined || cluster.leader === '') throw unavailable('the log has no leader');
  const followers = cluster.replicas ?? [];
  const copies = Math.max(config.num_replicas, followers.length + 1);
  // The leader itself is one of the majority, so that many followers make the rest of it.
  const needed = Math.floor(copies / 2);
  if (needed === 0) return 0;
  const ages = followers.map(({ active }) => active / NANOSECONDS_PER_MS).sort((a, b) => a - b);
  const age = ages[needed - 1];
  if (age === undefined) throw unavailable('the leader of the log knows of no majority');
  return age;
};

const unavailable = (message: string): RevocationError => new RevocationError('ERR_LOG_UNAVAILABLE', message);

/** Runs a request to the broker and turns what it throws into an operating error: ask again later. */
export const asking = async <T>(what: string, request: () => Promise<T>): Promise<T> => {
  try {
    return await request();
  } catch (error) {
    if (error instanceof RevocationError) throw error;
    throw new RevocationError(codeOf(error), `${what}: ${error instanceof Error ? error.message : 'failed'}`, {
      cause: error,
    });
  }
};

const codeOf = (error: unknown): ErrorCode =>
  error instanceof ClosedConnectionError || isClosedMeanwhile(error) ? 'ERR_FEED_DISCONNECTED' : 'ERR_LOG_UNAVAILABLE';

/** What the client rejects requests with that were under way when the connection ended. */
const isClosedMeanwhile = (error: unknown): boolean => error instanceof Error && error.message === 'connection closed';
