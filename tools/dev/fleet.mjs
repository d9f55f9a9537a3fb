// A whole local fleet: nats-server, revocation service, API nodes. Used by `npm start` and the demo.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Children } from './children.mjs';
import { openHome } from './home.mjs';
import { openNats } from './nats.mjs';
import { freePort } from './ports.mjs';
import { untilReady } from './readiness.mjs';

const root = join(import.meta.dirname, '../..');
const SERVICE = join(root, 'apps/revocation-service/dist/main.js');
const NODE = join(root, 'apps/api-node/dist/main.js');
const urlOf = (port) => `http://127.0.0.1:${port}`;

class Fleet {
  #children;
  #env;
  #logs;

  constructor({ home, nats, children, env, logs }) {
    this.home = home;
    this.nats = nats;
    this.nodes = [];
    this.#children = children;
    this.#env = env;
    this.#logs = logs;
  }

  startService(port) {
    this.url = urlOf(port);
    this.service = this.#start('revocation-service', SERVICE, { ...this.#env.service, PORT: String(port) });
  }

  /** One more API node; it is not counted among `nodes` until the caller does so. */
  startNode(port) {
    const name = `node-${port}`;
    const child = this.#start(name, NODE, { ...this.#env.node, PORT: String(port), REVOCAST_NODE_ID: name });
    return { url: urlOf(port), child };
  }

  async startLateNode() {
    return this.startNode(await freePort());
  }

  async ready(signal) {
    await untilReady(this.url, this.service, signal);
    await Promise.all(this.nodes.map(({ url, child }) => untilReady(url, child, signal)));
  }

  async close() {
    await this.#children.stopAll();
    await this.nats.stop();
  }

  #start(name, script, env) {
    return this.#children.start({ name, script, env, logFile: join(this.#logs, `${name}.log`) });
  }
}

/**
 * Starts a fleet and waits until all of it is ready.
 * @param {{
 *   dir: string, servicePort: number, nodePorts: readonly number[], moreIssuers?: readonly object[],
 *   withApps?: boolean, restart?: boolean, log: (line: string) => void, signal?: AbortSignal,
 * }} options `withApps`: others may join; `restart`: children that die are started again; `signal` gives up and ends what was started
 */
export const openFleet = async ({
  dir,
  servicePort,
  nodePorts,
  moreIssuers = [],
  withApps = false,
  restart = false,
  log,
  signal,
}) => {
  const home = await openHome(dir, moreIssuers);
  const logs = join(dir, 'logs');
  await mkdir(logs, { recursive: true });
  await mkdir(home.files.journal, { recursive: true });
  const nats = await openNats({ storeDir: home.files.nats, restart, log });
  const env = environments(home, nats, { nodes: nodePorts.length, withApps });
  const fleet = new Fleet({ home, nats, children: new Children({ log, restart }), env, logs });
  try {
    fleet.startService(servicePort);
    fleet.nodes.push(...nodePorts.map((port) => fleet.startNode(port)));
    await fleet.ready(signal);
    return fleet;
  } catch (error) {
    await fleet.close();
    throw error;
  }
};

/** What the caller's environment says wins over our defaults, but for what a fleet of its own must decide. */
const OWN = new Set(['NATS_URL', 'REVOCAST_ISSUERS']);
const fromEnvironment = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(NATS|REVOCAST)_/.test(name) && !OWN.has(name)));

const environments = (home, nats, { nodes, withApps }) => {
  const shared = { ...fromEnvironment(), NATS_URL: nats.url, REVOCAST_ISSUERS: home.files.issuers };
  const service = {
    REVOCAST_API_KEYS: home.files.apiKeys,
    REVOCAST_SIGNING_KEY: home.files.signingKey,
    REVOCAST_HASH_KEY: home.hashKey,
    REVOCAST_DATA_DIR: home.files.journal,
    REVOCAST_INIT: 'true',
    REVOCAST_EXPECTED: JSON.stringify({ 'api-node': nodes }),
    // On a nats-server of our own that no other app joins there is no node but ours, so a restarted service knows the whole fleet at once.
    REVOCAST_EXPECTED_EXACT: String(nats.origin !== 'NATS_URL' && !withApps),
  };
  const node = { REVOCAST_RECORD_KEYS: home.files.recordKeys, REVOCAST_MODE: 'strict', REVOCAST_SERVICE: 'api-node' };
  return { service: { ...service, ...shared }, node: { ...node, ...shared } };
};
