import { type StreamInfo, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { eventually, type TestNats } from '@revocast/testing';

/** A connection of the harness's own, straight to the servers. */
export const withConnection = async <T>(
  servers: readonly TestNats[],
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> => {
  const connection = await connect({ servers: servers.map(({ url }) => url) });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
};

/** The log as its broker describes it. */
const describeLog = async (connection: NatsConnection): Promise<StreamInfo> => {
  const { streams } = await jetstreamManager(connection, { checkAPI: false });
  for await (const name of streams.names('revocast.log.>')) return streams.info(name);
  throw new Error('there is no log');
};

/** The server that leads the log. The members of a hub are named `hub-0` to `hub-2`. */
export const leaderOf = (servers: readonly TestNats[]): Promise<TestNats> =>
  withConnection(servers, (connection) =>
    eventually(async () => {
      const { cluster } = await describeLog(connection);
      const leader = servers.find((_, n) => `hub-${n}` === cluster?.leader);
      if (leader === undefined) throw new Error('nobody leads the log');
      return leader;
    }),
  );

/** Deletes the log and makes it again under its name, empty: what a hand at the console does, never the service. */
export const recreateLog = (servers: readonly TestNats[]): Promise<void> =>
  withConnection(servers, async (connection) => {
    const { streams } = await jetstreamManager(connection);
    const { config } = await describeLog(connection);
    await streams.delete(config.name);
    await streams.add(config);
  });

/** Tells epochs apart. */
export const logNameOf = (servers: readonly TestNats[]): Promise<string> =>
  withConnection(servers, async (connection) => (await describeLog(connection)).config.name);
