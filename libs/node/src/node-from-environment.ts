import { RevocationError, type Feed } from '@revocast/core';
import { EnvironmentReader, type Environment } from './environment.js';
import { readNodeSettings, type NodeSettings } from './node-settings.js';
import { type NodeIdentity, type RevocationNodeOptions } from './options.js';

/** What `@revocast/jetstream` exports under these names. It is passed in, because a node knows no broker. */
export interface FeedAdapter<Nats, Verifier, Log> {
  natsSettingsFrom(environment: Environment): Nats;
  createVerifier(keys: unknown): Verifier;
  createJetStreamFeed(options: FeedFromEnvironment<Nats, Verifier, Log>): Feed;
}

interface FeedFromEnvironment<Nats, Verifier, Log> extends NodeIdentity {
  readonly nats: Nats;
  readonly verifier: Verifier;
  readonly namespace: string;
  readonly hubDomain?: string;
  readonly log?: Log;
}

export interface FromEnvironment<Nats, Verifier, Log> {
  /** `import * as jetstream from '@revocast/jetstream'`. */
  readonly jetstream: FeedAdapter<Nats, Verifier, Log>;
  /** Name of the service where `REVOCAST_SERVICE` is not set. */
  readonly service: string;
  /** The port where `PORT` is not set. Default 3100. */
  readonly port?: number;
  /** Told what happens to the connection. Default: nobody. */
  readonly log?: NoInfer<Log>;
}

/** Settings whose node has its feed, too. */
export interface EnvironmentSettings extends NodeSettings {
  readonly node: RevocationNodeOptions;
}

/** Beside the ports of `npm start`, which begin at 3000. */
const PORT_DEFAULT = 3_100;

/**
 * All that a node reads from its environment, for an app of any kind. An app with settings of its own reads them with a
 * reader and passes that. Throws ERR_CONFIG with every problem, one a line, and no secret in it.
 *
 * ```ts
 * const { node, port } = nodeFromEnvironment(process.env, { jetstream, service: 'orders' });
 * const revocations = createRevocationNode(node);
 * ```
 */
export function nodeFromEnvironment<Nats, Verifier, Log>(
  from: Environment | EnvironmentReader,
  { jetstream, service, port = PORT_DEFAULT, log }: FromEnvironment<Nats, Verifier, Log>,
): EnvironmentSettings {
  const read = from instanceof EnvironmentReader ? from : new EnvironmentReader(from);
  const settings = readNodeSettings(read, { port, service });
  const nats = read.attempt('NATS', () => jetstream.natsSettingsFrom(read.environment));
  const verifier = read.document('REVOCAST_RECORD_KEYS', (text) => jetstream.createVerifier(JSON.parse(text)));
  if (nats === undefined || verifier === undefined || read.problems.length > 0) {
    throw new RevocationError('ERR_CONFIG', read.problems.join('\n'));
  }
  const { namespace, hubDomain } = settings;
  const common = { nats, verifier, namespace, ...(log && { log }), ...(hubDomain && { hubDomain }) };
  const feed = (identity: NodeIdentity): Feed => jetstream.createJetStreamFeed({ ...common, ...identity });
  return { ...settings, node: { ...settings.node, feed } };
}
