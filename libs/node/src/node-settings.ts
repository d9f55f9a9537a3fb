import { hostname } from 'node:os';
import { MODES, STALENESS_MS_MAX_DEFAULT } from '@revocast/core';
import {
  issuersFrom,
  TOKEN_CACHE_BYTES_MAX_DEFAULT,
  TOKEN_CACHE_ENTRIES_MAX_DEFAULT,
  type IssuerInput,
} from '@revocast/gate';
import { type EnvironmentReader } from './environment.js';
import { FILTERS, type FilterName } from './load-filter.js';
import { type RevocationNodeOptions } from './options.js';

export const ISSUERS = 'REVOCAST_ISSUERS';

/** What an app that runs a node reads from its environment, besides what its feed and its verifier of records need. */
export interface NodeSettings {
  readonly host: string;
  readonly port: number;
  /** Streams, subjects and signed records carry it. */
  readonly namespace: string;
  /** Only for a node at a leaf server. */
  readonly hubDomain: string | undefined;
  /** Which filter stands in front of the index; loading it is up to the app, since it may have to be imported. */
  readonly filter: FilterName;
  /** The file that the issuers came from: it is read again when it changes. */
  readonly issuersFile: string | undefined;
  readonly node: Omit<RevocationNodeOptions, 'feed'>;
}

/** Reads them; what is wrong goes to `read.problems`, and then the result is not to be used. */
export function readNodeSettings(
  read: EnvironmentReader,
  otherwise: { readonly port: number; readonly service: string },
): NodeSettings {
  const host = read.text('HOST') ?? '127.0.0.1';
  const port = read.whole('PORT', { from: 0, to: 65_535, otherwise: otherwise.port });
  const bound = { from: 1_000, to: 86_400_000, otherwise: STALENESS_MS_MAX_DEFAULT };
  const stalenessMsMax = read.whole('REVOCAST_STALENESS_MS_MAX', bound);
  const mode = read.word('REVOCAST_MODE', MODES);
  const filter = read.word('REVOCAST_FILTER', FILTERS, 'blocked');
  const service = read.word('REVOCAST_SERVICE', /^[A-Za-z0-9_-]{1,64}$/, otherwise.service);
  const namespace = read.word('REVOCAST_NAMESPACE', /^[a-z][a-z0-9-]{0,31}$/, 'revocast');
  const tokenCache = tokenCacheFrom(read);
  const hubDomain = read.optionalWord('REVOCAST_HUB_DOMAIN', /^[A-Za-z0-9_-]{1,64}$/);
  const issuers = read.document(ISSUERS, parseIssuers) ?? [];
  const localFile = read.text('REVOCAST_LOCAL_FILE');
  const nodeId = read.text('REVOCAST_NODE_ID') ?? hostname();
  return {
    ...{ host, port, namespace, hubDomain, filter, issuersFile: read.file(ISSUERS) },
    node: {
      ...{ issuers, mode, service, nodeId, stalenessMsMax, tokenCache },
      ...(localFile !== undefined && { localFile }),
    },
  };
}

function tokenCacheFrom(read: EnvironmentReader): NonNullable<RevocationNodeOptions['tokenCache']> {
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
