import { setTimeout as pause } from 'node:timers/promises';
import {
  connect,
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
} from '@nats-io/transport-node';
import { RevocationError } from '@revocast/core';
import { type AdapterLog } from './adapter-log.js';
import { type NatsSettings, type NatsTls, textOf } from './nats-settings.js';

/** One attempt to connect to one server. */
const CONNECT_MS_MAX = 5_000;
/** A half-open connection is noticed after three of these at the latest: two pings may go unanswered. */
const PING_MS = 5_000;
const PINGS_UNANSWERED_MAX = 2;
/** Full jitter between attempts: when a broker restarts, a thousand nodes must not come back in one instant. */
const RETRY_MS_FIRST = 250;
const RETRY_MS_MAX = 5_000;
/** Anything from 0 to a limit that doubles with each attempt; `dice` in [0, 1). Milliseconds. */
export const retryDelayMs = (attempt: number, dice: number): number =>
  dice * Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** attempt);

/** A connection that lived this long was a good one: the next wait starts small again. */
const STABLE_MS = 10_000;
/** Until the broker has taken what was sent last (a goodbye), closing waits this long at most. */
const GOODBYE_MS_MAX = 500;

export interface ConnectionListener {
  /** A new connection, before anybody is told: the place to subscribe. */
  connected(connection: NatsConnection): void;
  disconnected(): void;
}

export interface BrokerConnectionOptions {
  readonly nats: NatsSettings;
  /** Shown by the broker's monitoring. */
  readonly name: string;
  readonly inboxPrefix: string;
  readonly log: AdapterLog;
}

/**
 * Keeps one connection to NATS, for ever. The client's own reconnection is off: it gives up after repeated refusals of
 * the credentials, keeps requests waiting for answers that cannot come, and dials at once after a loss. Here
 * every connection is a new one, with fresh credentials and subscriptions.
 */
export class BrokerConnection {
  readonly #options: BrokerConnectionOptions;
  readonly #closing = new AbortController();
  #current: NatsConnection | undefined;
  #failing = false;

  constructor(options: BrokerConnectionOptions) {
    this.#options = options;
  }

  open(listener: ConnectionListener): void {
    // The loop handles every failure of its own, and ends by close().
    void this.#keep(listener);
  }

  /** The connection that is up now, if one is. */
  current(): NatsConnection | undefined {
    return this.#current?.isClosed() === false ? this.#current : undefined;
  }

  /** Throws ERR_FEED_DISCONNECTED. */
  required(): NatsConnection {
    const connection = this.current();
    if (connection === undefined) throw new RevocationError('ERR_FEED_DISCONNECTED', 'not connected to NATS');
    return connection;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const connection = this.current();
    if (connection === undefined) return;
    await flushWithin(connection, GOODBYE_MS_MAX).catch(() => undefined);
    await connection.close();
  }

  async #keep(listener: ConnectionListener): Promise<void> {
    let attempt = 0;
    while (!this.#closing.signal.aborted) {
      const openedAt = performance.now();
      const connection = await this.#connect();
      if (connection !== undefined) await this.#hold(connection, listener);
      const lived = connection === undefined ? 0 : performance.now() - openedAt;
      attempt = lived >= STABLE_MS ? 0 : attempt + 1;
      await this.#wait(attempt);
    }
  }

  async #connect(): Promise<NatsConnection | undefined> {
    try {
      const connection = await connect(clientOptions(this.#options));
      if (!this.#closing.signal.aborted) return connection;
      await connection.close();
    } catch (error) {
      // Once per outage: a broker that is down for an hour is one fact.
      if (!this.#failing) this.#log('warn', 'connectFailed', reasonOf(error));
      this.#failing = true;
    }
    return undefined;
  }

  async #hold(connection: NatsConnection, listener: ConnectionListener): Promise<void> {
    this.#failing = false;
    this.#current = connection;
    this.#log('info', 'connected');
    void this.#logErrors(connection);
    listener.connected(connection);
    const reason = await connection.closed();
    this.#current = undefined;
    this.#log('info', 'disconnected', reason instanceof Error ? reason.message : undefined);
    listener.disconnected();
  }

  async #logErrors(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'error') this.#log('error', 'brokerError', status.error.message);
      if (status.type === 'staleConnection' || status.type === 'ldm') this.#log('warn', status.type);
    }
  }

  async #wait(attempt: number): Promise<void> {
    await pause(retryDelayMs(attempt, Math.random()), undefined, { signal: this.#closing.signal }).catch(
      () => undefined,
    );
  }

  #log(level: 'info' | 'warn' | 'error', event: string, because?: string): void {
    const about = this.#current?.getServer();
    this.#options.log({
      level,
      event,
      ...(about === undefined ? {} : { about }),
      ...(because === undefined ? {} : { because }),
    });
  }
}

/** Resolves once the broker has processed everything sent so far. Rejects with ERR_FEED_DISCONNECTED. */
export const flushWithin = async (connection: NatsConnection, withinMs: number): Promise<void> => {
  const expired = new AbortController();
  const late = pause(withinMs, true, { signal: expired.signal }).catch(() => true);
  try {
    if ((await Promise.race([connection.flush(), late])) === true) throw new Error(`no answer within ${withinMs} ms`);
  } catch (cause) {
    throw new RevocationError('ERR_FEED_DISCONNECTED', 'NATS does not answer', { cause });
  } finally {
    expired.abort();
  }
};

/** Made anew for each connection, so that replaced files count. Throws what the file system throws. */
const clientOptions = ({ nats, name, inboxPrefix }: BrokerConnectionOptions): ConnectionOptions => ({
  servers: [...nats.servers],
  name,
  inboxPrefix,
  reconnect: false,
  timeout: CONNECT_MS_MAX,
  pingInterval: PING_MS,
  maxPingOut: PINGS_UNANSWERED_MAX,
  // An instance of the service must not take its own tick for another's.
  noEcho: true,
  noAsyncTraces: true,
  ...identityOptions(nats),
  ...tlsOptions(nats),
});

const identityOptions = ({ credentials, nkeySeed, user, password }: NatsSettings): ConnectionOptions => {
  const bytes = new TextEncoder();
  if (credentials !== undefined) return { authenticator: credsAuthenticator(bytes.encode(textOf(credentials))) };
  if (nkeySeed !== undefined) return { authenticator: nkeyAuthenticator(bytes.encode(textOf(nkeySeed))) };
  if (user !== undefined && password !== undefined) return { user, pass: textOf(password) };
  return {};
};

/** `tls://` or any TLS setting demands TLS: the client would otherwise go on in the clear with a server that offers none. */
const tlsOptions = ({ servers, tls }: NatsSettings): ConnectionOptions => {
  if (tls === undefined && !servers.some((server) => server.startsWith('tls://'))) return {};
  return { tls: { ...pem('ca', tls), ...pem('cert', tls), ...pem('key', tls) } };
};

const pem = (name: keyof NatsTls, tls: NatsTls | undefined): Partial<Record<keyof NatsTls, string>> => {
  const source = tls?.[name];
  return source === undefined ? {} : { [name]: textOf(source) };
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');
