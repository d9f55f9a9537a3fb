import { hostname } from 'node:os';
import { MODES, RevocationError, STALENESS_MS_MAX_DEFAULT } from '@revocast/core';
import { issuersFrom, TOKEN_CACHE_BYTES_MAX_DEFAULT, TOKEN_CACHE_ENTRIES_MAX_DEFAULT } from '@revocast/gate';
import { createJetStreamFeed, createVerifier, natsSettingsFrom, type AdapterLog } from '@revocast/jetstream';
import { type IssuerInput, type RevocationModuleOptions } from '@revocast/nest';
import { EnvironmentReader, type Environment } from './environment.js';

export interface Settings {
  readonly host: string;
  readonly port: number;
  /** The file that the issuers came from: it is read again when it changes. */
  readonly issuersFile: string | undefined;
  readonly revocation: RevocationModuleOptions;
}

export const ISSUERS = 'REVOCAST_ISSUERS';

/** Reads the settings of a node. Throws ERR_CONFIG with every problem, one a line, and no secret in it. */
export function readSettings(environment: Environment, log: AdapterLog): Settings {
  const read = new EnvironmentReader(environment);
  const host = read.text('HOST') ?? '127.0.0.1';
  const port = read.whole('PORT', { from: 0, to: 65_535, otherwise: 3001 });
  const bound = { from: 1_000, to: 86_400_000, otherwise: STALENESS_MS_MAX_DEFAULT };
  const stalenessMsMax = read.whole('REVOCAST_STALENESS_MS_MAX', bound);
  const mode = read.word('REVOCAST_MODE', MODES);
  const service = read.word('REVOCAST_SERVICE', /^[A-Za-z0-9_-]{1,64}$/, 'api-node');
  const namespace = read.word('REVOCAST_NAMESPACE', /^[a-z][a-z0-9-]{0,31}$/, 'revocast');
  const tokenCache = tokenCacheFrom(read);
  const hubDomain = read.optionalWord('REVOCAST_HUB_DOMAIN', /^[A-Za-z0-9_-]{1,64}$/);
  const nats = read.attempt('NATS', () => natsSettingsFrom(environment));
  const verifier = read.document('REVOCAST_RECORD_KEYS', (text) => createVerifier(JSON.parse(text)));
  const issuers = read.document(ISSUERS, parseIssuers);
  if (nats === undefined || verifier === undefined || issuers === undefined || read.problems.length > 0) {
    throw new RevocationError('ERR_CONFIG', read.problems.join('\n'));
  }
  const localFile = read.text('REVOCAST_LOCAL_FILE');
  const nodeId = read.text('REVOCAST_NODE_ID') ?? hostname();
  const feed: RevocationModuleOptions['feed'] = (identity) =>
    createJetStreamFeed({ nats, verifier, namespace, log, ...(hubDomain && { hubDomain }), ...identity });
  return {
    ...{ host, port, issuersFile: read.file(ISSUERS) },
    revocation: {
      ...{ feed, issuers, mode, service, nodeId, stalenessMsMax, tokenCache },
      ...(localFile !== undefined && { localFile }),
    },
  };
}

function tokenCacheFrom(read: EnvironmentReader): NonNullable<RevocationModuleOptions['tokenCache']> {
  const state = read.word('REVOCAST_TOKEN_CACHE', ['on', 'off'], 'on');
  const entries = { from: 1, to: 10_000_000, otherwise: TOKEN_CACHE_ENTRIES_MAX_DEFAULT };
  const bytes = { from: 1, to: 2 ** 40, otherwise: TOKEN_CACHE_BYTES_MAX_DEFAULT };
  const entriesMax = read.whole('REVOCAST_TOKEN_CACHE_ENTRIES_MAX', entries);
  const bytesMax = read.whole('REVOCAST_TOKEN_CACHE_BYTES_MAX', bytes);
  return state === 'off' ? false : { entriesMax, bytesMax };
}

/** The issuers as they are written, once nothing is wrong with them. */
function parseIssuers(text: string): readonly IssuerInput[] {
  issuersFrom(text, ISSUERS);
  return JSON.parse(text) as IssuerInput[];
}
