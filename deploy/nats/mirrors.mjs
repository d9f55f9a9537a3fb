// Runs beside a leaf server: looks which logs the hub has, and makes a copy of each at the leaf that republishes there.
// A new epoch is a new stream with a name that was never used before, so copies cannot be made beforehand: without this
// process the nodes of a region are blind after the runbook's "the log is lost", though they say so and keep what they know.
//
//   NATS_URL=nats://leaf:4222 NATS_PASSWORD_FILE=... NATS_LEAF_DOMAIN=west node deploy/nats/mirrors.mjs
//
// It runs from any checkout or image of this repository. Copies of ended epochs stay until an operator removes them.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';

/** A new epoch waits this long for its copy; asking costs the hub next to nothing. */
const LOOK_MS = 1_000;
const ANSWER_MS_MAX = 3_000;
/** What the server answers when a stream is not there. */
const NOT_FOUND = 10059;

const log = (level, event, more = {}) => console.log(JSON.stringify({ level, event, ...more }));

function settingsFrom(env) {
  const { NATS_URL, NATS_LEAF_DOMAIN, NATS_PASSWORD, NATS_PASSWORD_FILE, NATS_USER = 'mirrors' } = env;
  const namespace = env.REVOCAST_NAMESPACE ?? 'revocast';
  const missing = Object.entries({ NATS_URL, NATS_LEAF_DOMAIN }).flatMap(([name, value]) => (value ? [] : [name]));
  if (!NATS_PASSWORD && !NATS_PASSWORD_FILE) missing.push('NATS_PASSWORD or NATS_PASSWORD_FILE');
  if (missing.length > 0) throw new Error(`not set: ${missing.join(', ')}`);
  const password = NATS_PASSWORD ?? readFileSync(NATS_PASSWORD_FILE, 'utf8').trimEnd();
  const tls = env.NATS_CA ? { tls: { caFile: env.NATS_CA } } : {};
  return { servers: NATS_URL.split(','), user: NATS_USER, password, domain: NATS_LEAF_DOMAIN, namespace, tls };
}

async function ask(connection, subject, body = {}) {
  const answer = await connection.request(subject, JSON.stringify(body), { timeout: ANSWER_MS_MAX });
  return answer.json();
}

/** The same name, sequences and age as at the hub; what is gone there goes here too. Nothing in it can be changed. */
const copyOf = (name, { namespace, domain }) => ({
  name,
  mirror: { name, external: { api: '$JS.hub.API', deliver: `${namespace}.mirror.${domain}` } },
  ...{ storage: 'file', num_replicas: 1, retention: 'limits', discard: 'old', max_age: 0 },
  ...{ max_msgs: -1, max_bytes: -1, max_msg_size: -1, max_consumers: -1 },
  ...{ allow_direct: true, mirror_direct: false, deny_delete: true, deny_purge: true },
  republish: { src: `${namespace}.log.>`, dest: `${namespace}.live.>` },
});

async function look(connection, settings) {
  const { streams } = await ask(connection, '$JS.hub.API.STREAM.NAMES', { subject: `${settings.namespace}.log.>` });
  for (const name of streams ?? []) {
    const { error } = await ask(connection, `$JS.API.STREAM.INFO.${name}`);
    if (error?.err_code !== NOT_FOUND) continue;
    const made = await ask(connection, `$JS.API.STREAM.CREATE.${name}`, copyOf(name, settings));
    if (made.error) throw new Error(`${name}: ${made.error.description}`);
    // An older server drops what it does not know, and says nothing: such a copy would feed nobody.
    if (!made.config.republish) throw new Error(`${name}: this server cannot republish from a mirror; 2.10 can`);
    log('info', 'copyMade', { name });
  }
}

async function main() {
  const settings = settingsFrom(process.env);
  const { servers, user, password, namespace, tls } = settings;
  const connection = await connect({
    ...{ servers, user, pass: password, ...tls, inboxPrefix: `_INBOX_${namespace}_mirrors` },
    ...{ maxReconnectAttempts: -1, waitOnFirstConnect: true, reconnectTimeWait: 1_000 },
  });
  let isEnding = false;
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      isEnding = true;
      void connection.close();
    });
  }
  log('info', 'watching', { namespace });
  let trouble = '';
  while (!isEnding) {
    const said = await look(connection, settings).then(
      () => '',
      (error) => (isEnding ? '' : error.message),
    );
    if (said !== trouble) log(said === '' ? 'info' : 'warn', said === '' ? 'looksAgain' : 'cannotLook', { said });
    trouble = said;
    if (!isEnding) await pause(LOOK_MS);
  }
}

main().catch((error) => {
  log('error', 'failed', { error: error.message });
  process.exitCode = 1;
});
