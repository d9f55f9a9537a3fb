import * as jetstream from '@revocast/jetstream';
import {
  EnvironmentReader,
  nodeFromEnvironment,
  type Environment,
  type NodeSettings,
  type RevocationNodeOptions,
} from '@revocast/node';

export interface Settings extends Pick<NodeSettings, 'host' | 'port' | 'filter' | 'issuersFile'> {
  /** Name of a cookie that is read where the header brings no bearer token. */
  readonly cookie: string | undefined;
  /** Where Envoy may ask over gRPC; without it nobody may. */
  readonly grpcPort: number | undefined;
  readonly node: RevocationNodeOptions;
}

const GRPC_PORT = 'REVOCAST_GRPC_PORT';

/** Reads the settings of the gate. Throws ERR_CONFIG with every problem, one a line, and no secret in it. */
export function readSettings(environment: Environment, log: jetstream.AdapterLog): Settings {
  const read = new EnvironmentReader(environment);
  // The characters of RFC 6265 section 4.1.1.
  const cookie = read.optionalWord('REVOCAST_COOKIE', /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/);
  const asksGrpc = read.text(GRPC_PORT) !== undefined;
  const grpcPort = asksGrpc ? read.whole(GRPC_PORT, { from: 0, to: 65_535, otherwise: 0 }) : undefined;
  const settings = nodeFromEnvironment(read, { jetstream, log, port: 3010, service: 'gate' });
  const { host, port, filter, issuersFile, node } = settings;
  return { host, port, filter, issuersFile, cookie, grpcPort, node };
}
