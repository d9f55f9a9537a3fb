import { RevocationError } from '@revocast/core';
import { createJetStreamFeed, createVerifier, natsSettingsFrom, type AdapterLog } from '@revocast/jetstream';
import {
  EnvironmentReader,
  readNodeSettings,
  type Environment,
  type NodeSettings,
  type RevocationNodeOptions,
} from '@revocast/node';

export interface Settings extends Pick<NodeSettings, 'host' | 'port' | 'filter' | 'issuersFile'> {
  /** Name of a cookie that is read where the header brings no bearer token. */
  readonly cookie: string | undefined;
  readonly node: RevocationNodeOptions;
}

/** Reads the settings of the gate. Throws ERR_CONFIG with every problem, one a line, and no secret in it. */
export function readSettings(environment: Environment, log: AdapterLog): Settings {
  const read = new EnvironmentReader(environment);
  const settings = readNodeSettings(read, { port: 3010, service: 'gate' });
  // The characters of RFC 6265 section 4.1.1.
  const cookie = read.optionalWord('REVOCAST_COOKIE', /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/);
  const nats = read.attempt('NATS', () => natsSettingsFrom(environment));
  const verifier = read.document('REVOCAST_RECORD_KEYS', (text) => createVerifier(JSON.parse(text)));
  if (nats === undefined || verifier === undefined || read.problems.length > 0) {
    throw new RevocationError('ERR_CONFIG', read.problems.join('\n'));
  }
  const { host, port, filter, issuersFile, namespace, hubDomain, node } = settings;
  const feed: RevocationNodeOptions['feed'] = (identity) =>
    createJetStreamFeed({ nats, verifier, namespace, log, ...(hubDomain && { hubDomain }), ...identity });
  return { host, port, filter, issuersFile, cookie, node: { ...node, feed } };
}
