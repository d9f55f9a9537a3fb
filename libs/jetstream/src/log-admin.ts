import { JetStreamApiError, type StreamInfo } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { type LogIdentity, RevocationError } from '@revocast/core';
import { identityOf, managerOf } from './log-access.js';
import { differences, logConfig, type LogSettings, nanoseconds } from './log-config.js';

/** JetStream's own numbers. */
const NAME_IN_USE = 10058;
const SUBJECTS_OVERLAP = 10065;
const STREAM_NOT_FOUND = 10059;

/** Makes the log, or finds the one that an earlier attempt made, and reads its settings back. */
export const createLog = async (
  connection: NatsConnection,
  epoch: string,
  settings: LogSettings,
): Promise<LogIdentity> => {
  const wanted = logConfig(settings);
  const info = await addStream(connection, settings);
  const problems = differences(wanted, info);
  if (problems.length === 0) return identityOf(epoch, info);
  throw new RevocationError('ERR_CONFIG', `NATS did not take the settings of ${settings.name}: ${problems.join(', ')}`);
};

const addStream = async (connection: NatsConnection, settings: LogSettings): Promise<StreamInfo> => {
  const { streams } = await managerOf(connection);
  try {
    await streams.add(logConfig(settings));
  } catch (error) {
    const code = error instanceof JetStreamApiError ? error.code : undefined;
    if (code === SUBJECTS_OVERLAP) {
      throw new RevocationError('ERR_EPOCH_CHANGED', 'another log owns the subjects', { cause: error });
    }
    if (code !== NAME_IN_USE) throw error;
  }
  // What the broker now has, not what it answered to the request.
  return streams.info(settings.name);
};

/** Raises `max_age`, or does nothing: lowering it deletes at once, also where purging is denied. */
export const raiseMaxAge = async (
  connection: NatsConnection,
  log: LogIdentity,
  maxAgeSeconds: number,
): Promise<void> => {
  const { streams } = await managerOf(connection);
  const { config } = await streams.info(log.name);
  const forEver = config.max_age === 0;
  if (!forEver && config.max_age < nanoseconds(maxAgeSeconds)) {
    await streams.update(log.name, { max_age: nanoseconds(maxAgeSeconds) });
  }
};

export const removeLog = async (connection: NatsConnection, { name, created }: LogIdentity): Promise<void> => {
  const { streams } = await managerOf(connection);
  const info = await streams.info(name).catch(goneIsNone);
  if (info === undefined) return;
  if (info.created !== created) throw new RevocationError('ERR_EPOCH_CHANGED', `${name} is another log by now`);
  await streams.delete(name);
};

/** Another instance of the service was faster. */
const goneIsNone = (error: unknown): undefined => {
  if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return undefined;
  throw error;
};
