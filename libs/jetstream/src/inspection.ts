import { jetstream, JetStreamApiError } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { type EpochMs, epochMs, type LogIdentity } from '@revocast/core';
import { API_MS_MAX, apiOf, managerOf } from './log-access.js';
import { differences, logConfig } from './log-config.js';
import { logName, type Names } from './names.js';

/** How a log stands at the broker, for whoever looks for what is wrong. */
export interface LogInspection {
  readonly brokerVersion: string | undefined;
  /** The broker's clock, if it tells; by the clock of this process, the request began and ended then. */
  readonly brokerTime: EpochMs | undefined;
  readonly asked: readonly [EpochMs, EpochMs];
  /** Settings of the log unlike those that we would make it with, as "name is value". */
  readonly drift: readonly string[];
  /** What the broker does not let us do, or does not answer. */
  readonly lacking: readonly string[];
}

export interface LogToInspect {
  readonly names: Names;
  readonly log: LogIdentity;
  readonly replicas: number;
  readonly maxAgeSeconds: number;
}

/** An epoch that never is: whatever is asked in its name is refused after the broker has looked at our rights. */
const NO_EPOCH = 'diagnosis';

/** Changes nothing. Rights are tried by requests that the broker must refuse for another reason than rights. */
export const inspectLog = async (connection: NatsConnection, target: LogToInspect): Promise<LogInspection> => {
  const { names, log, replicas, maxAgeSeconds } = target;
  const { streams } = await managerOf(connection);
  const began = epochMs(Date.now());
  const info = await streams.info(log.name);
  const asked = [began, epochMs(Date.now())] as const;
  const lacking = await Promise.all(
    attempts(connection, names).map(({ what, may }) => may.then((ok) => (ok ? [] : [what]))),
  );
  return {
    brokerVersion: connection.info?.version,
    brokerTime: timeOf(info),
    asked,
    drift: differences(logConfig({ names, name: log.name, replicas, maxAgeSeconds }), info),
    lacking: lacking.flat(),
  };
};

const timeOf = (info: object): EpochMs | undefined => {
  const at = 'ts' in info && typeof info.ts === 'string' ? Date.parse(info.ts) : NaN;
  return Number.isNaN(at) ? undefined : epochMs(at);
};

interface Attempt {
  readonly what: string;
  readonly may: Promise<boolean>;
}

const attempts = (connection: NatsConnection, names: Names): readonly Attempt[] => {
  const none = logName(names, NO_EPOCH);
  const api = (verb: 'CREATE' | 'UPDATE'): Attempt => {
    const subject = `${apiOf()}.STREAM.${verb}.${none}`;
    // The name in the body is another one, so the broker answers "mismatch" and makes nothing.
    const body = JSON.stringify({ name: `${none}-other` });
    return { what: `publish ${subject}`, may: isAnswered(connection.request(subject, body, { timeout: API_MS_MAX })) };
  };
  return [api('CREATE'), api('UPDATE'), publishing(connection, names, none)];
};

/** A record for a stream that does not exist: the log refuses it by what it expects, and stores nothing. */
const publishing = (connection: NatsConnection, names: Names, streamName: string): Attempt => {
  const subject = names.log.replace('>', NO_EPOCH);
  const sent = jetstream(connection, { timeout: API_MS_MAX }).publish(subject, '', { expect: { streamName } });
  return { what: `publish ${subject}`, may: isAnswered(sent) };
};

const isAnswered = (request: Promise<unknown>): Promise<boolean> =>
  request.then(
    () => true,
    (error: unknown) => error instanceof JetStreamApiError,
  );
