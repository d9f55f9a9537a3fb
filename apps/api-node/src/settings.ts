import * as jetstream from '@revocast/jetstream';
import { nodeFromEnvironment, type Environment, type NodeSettings, type RevocationNodeOptions } from '@revocast/node';

export interface Settings extends Pick<NodeSettings, 'host' | 'port' | 'filter' | 'issuersFile'> {
  readonly revocation: RevocationNodeOptions;
}

/** Reads the settings of a node. Throws ERR_CONFIG with every problem, one a line, and no secret in it. */
export function readSettings(environment: Environment, log: jetstream.AdapterLog): Settings {
  const settings = nodeFromEnvironment(environment, { jetstream, log, port: 3001, service: 'api-node' });
  const { host, port, filter, issuersFile, node } = settings;
  return { host, port, filter, issuersFile, revocation: node };
}
