import {
  KEY_KINDS,
  keyOf,
  RevocationError,
  tokenKey,
  type FollowerListener,
  type FollowerNotice,
  type Schedule,
  type TokenFacts,
} from '@revocast/core';
import { type RecheckAnswer, type Refusal, type RoutePolicy } from '@revocast/gate';
import { type NodeLog } from './local-log.js';

/** How often expiry and staleness are looked at, which no record announces. Milliseconds. */
export const SWEEP_MS = 1_000;
/** How many connections are asked for in one turn: about a millisecond, so that requests are not held up. */
const SWEEP_SLICE = 250;

interface Connection {
  readonly facts: TokenFacts;
  readonly policy: RoutePolicy | undefined;
  readonly close: (why: Refusal) => void;
  readonly keys: readonly string[];
}

/** A stream of Node.js. */
export interface Closable {
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

/** Whose connection it is. */
export interface Held {
  readonly facts: TokenFacts;
  readonly policy: RoutePolicy | undefined;
}

/** What says whether the token of a connection is still good, and when to ask. */
export interface ConnectionSource {
  on(listener: FollowerListener): unknown;
  onLocalChange(listener: () => void): void;
  recheck(facts: TokenFacts, policy?: RoutePolicy): RecheckAnswer;
}

export interface LiveConnectionSettings {
  readonly schedule: Schedule;
  readonly liveConnectionsMax: number;
  readonly log: Pick<NodeLog, 'error'>;
}

/**
 * Sockets, streams and other connections that live longer than the request that opened them. Each is closed when its
 * token is revoked or expires, and when in `strict` mode nobody can say any more. A revocation closes what it hits
 * before this node acknowledges it, so that "enforced" holds for connections too.
 *
 * ```ts
 * const release = node.live.register(answer.facts, ({ code }) => socket.close(4001, code));
 * socket.on('close', release);
 * ```
 */
export class LiveConnections {
  readonly #connections = new Set<Connection>();
  readonly #byKey = new Map<string, Set<Connection>>();
  #disarm: () => void = () => undefined;
  #closing = false;

  constructor(
    private readonly source: ConnectionSource,
    private readonly settings: LiveConnectionSettings,
  ) {
    source.on((notice) => this.#onNotice(notice));
    source.onLocalChange(() => this.#recheckAll());
  }

  get size(): number {
    return this.#connections.size;
  }

  /**
   * Holds a connection until the returned function takes it back. `close` is called at most once, never before this
   * returns, and with the answer that a request with that token would get now. Throws ERR_CAPACITY when full.
   */
  register(facts: TokenFacts, close: (why: Refusal) => void, policy?: RoutePolicy): () => void {
    if (this.size >= this.settings.liveConnectionsMax) {
      throw new RevocationError('ERR_CAPACITY', `${this.size} live connections are held already`);
    }
    const keys = keysOf(facts);
    const connection: Connection = { facts, policy, close, keys };
    this.#connections.add(connection);
    for (const key of keys) addTo(this.#byKey, key, connection);
    // A revocation that took effect between the guard's check and this line announces itself to nobody any more.
    queueMicrotask(() => this.#recheck(connection));
    return () => void this.#remove(connection);
  }

  /**
   * The same for a response or a socket, which is taken back when it closes by itself. Without `end` it is destroyed: whoever
   * reads it sees it break off.
   *
   * ```ts
   * node.live.hold(response, caller, ({ code }) => response.end(`event: end\ndata: ${code}\n\n`));
   * ```
   */
  hold(connection: Closable, { facts, policy }: Held, end: (why: Refusal) => void = () => connection.destroy()): void {
    const release = this.register(facts, end, policy);
    if (connection.destroyed) release();
    else connection.once('close', release);
  }

  /** Begins to look after expiry and staleness. */
  start(): void {
    this.#disarm = this.settings.schedule(SWEEP_MS, () => this.#sweep([...this.#connections]));
  }

  /** Closes all: the process ends, and a server that waits for its streams would never do so. */
  closeAll(): void {
    this.#closing = true;
    this.#disarm();
    for (const connection of [...this.#connections]) this.#close(connection, GOING_AWAY);
  }

  #onNotice(notice: FollowerNotice): void {
    if (notice.kind === 'status') this.#recheckAll();
    else if (notice.body.kind === 'revoked') {
      for (const { issuer, key } of notice.body.revocations) {
        for (const connection of [...(this.#byKey.get(keyOf(issuer, key)) ?? [])]) this.#recheck(connection);
      }
    }
  }

  #recheckAll(): void {
    for (const connection of [...this.#connections]) this.#recheck(connection);
  }

  #sweep(waiting: Connection[]): void {
    for (const connection of waiting.splice(0, SWEEP_SLICE)) this.#recheck(connection);
    if (waiting.length === 0) this.start();
    else this.#disarm = this.settings.schedule(0, () => this.#sweep(waiting));
  }

  #recheck(connection: Connection): void {
    if (!this.#connections.has(connection)) return;
    const answer = this.#closing ? GOING_AWAY : this.source.recheck(connection.facts, connection.policy);
    if (answer.outcome === 'refuse') this.#close(connection, answer);
  }

  #close(connection: Connection, why: Refusal): void {
    if (!this.#remove(connection)) return;
    try {
      connection.close(why);
    } catch (error) {
      const because = error instanceof Error ? error.stack : undefined;
      this.settings.log.error({ event: 'liveConnectionNotClosed', because });
    }
  }

  #remove(connection: Connection): boolean {
    for (const key of connection.keys) removeFrom(this.#byKey, key, connection);
    return this.#connections.delete(connection);
  }
}

const GOING_AWAY: Refusal = { outcome: 'refuse', status: 503, code: 'ERR_REVOCATION_UNKNOWN', retryAfterSeconds: 1 };

/** Every key under which a revocation can hit this token. */
const keysOf = (facts: TokenFacts): readonly string[] =>
  KEY_KINDS.flatMap((kind) => tokenKey(kind, facts) ?? []).map((key) => keyOf(facts.issuer, key));

function addTo(map: Map<string, Set<Connection>>, key: string, connection: Connection): void {
  const connections = map.get(key);
  if (connections === undefined) map.set(key, new Set([connection]));
  else connections.add(connection);
}

function removeFrom(map: Map<string, Set<Connection>>, key: string, connection: Connection): void {
  const connections = map.get(key);
  connections?.delete(connection);
  if (connections?.size === 0) map.delete(key);
}
