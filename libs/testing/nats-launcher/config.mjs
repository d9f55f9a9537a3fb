import { relative } from 'node:path';
import { compareVersions } from './releases.mjs';

/**
 * The configuration of a server on loopback. JetStream acknowledges before it syncs unless told otherwise; servers
 * before 2.10 cannot be told and are for tests only.
 *
 * @param {{ version: string, port: number, directory: string, include: readonly string[], config: string, monitor: boolean, domain?: string }} options
 */
export function renderConfig({ version, port, directory, include, config, monitor, domain }) {
  const canSync = compareVersions(version, '2.10.0') >= 0;
  return [
    'server_name: revocast',
    `listen: "127.0.0.1:${port}"`,
    ...(monitor ? ['http: "127.0.0.1:-1"'] : []),
    `ports_file_dir: ${quote(`${directory}/run`)}`,
    `jetstream { store_dir: ${quote(directory)}${canSync ? ', sync_interval: always' : ''}${domain === undefined ? '' : `, domain: ${quote(domain)}`} }`,
    // nats-server resolves an include against the including file, even one that looks absolute.
    ...include.map((file) => `include ${quote(relative(directory, file))}`),
    config,
    '',
  ].join('\n');
}

/** @param {string} path */
const quote = (path) => `"${path.replaceAll('\\', '/')}"`;
