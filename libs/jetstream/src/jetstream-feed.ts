import { type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import {
  epochMs,
  type Feed,
  type FeedListener,
  type FeedRecord,
  type Head,
  type Heartbeat,
  type LiveTokensAnswer,
  type LiveTokensQuestion,
  type LogIdentity,
  type ReadOptions,
  type RefusalReport,
  RevocationError,
  type Sequence,
  type SnapshotManifest,
} from '@revocast/core';
import { type AdapterLog, silentLog } from './adapter-log.js';
import { BrokerConnection, flushWithin } from './connection.js';
import { type DirectReaderOptions, readDirect } from './direct-reader.js';
import { encodeHeartbeat, HEARTBEAT_BYTES_MAX } from './heartbeat-codec.js';
import { encodeRefusalReport } from './refusal-codec.js';
import { type Verifier } from './keys.js';
import { API_MS_MAX, apiOf, asking, locateLog, readHead } from './log-access.js';
import { heartbeatSubject, inboxPrefix, type Names, namesOf, requireDomain } from './names.js';
import { type NatsSettings } from './nats-settings.js';
import { decodeQuestion, encodeAnswer } from './question-codec.js';
import { decodeRecord, type ExpectedOrigin } from './record-codec.js';
import { newestSnapshot, readPart } from './snapshot-reader.js';
import { sequenceOf } from './stored-message.js';
import { createTickFilter, decodeTick } from './tick-codec.js';

export interface FeedOptions {
  readonly nats: NatsSettings;
  readonly namespace: string;
  /** The public record keys: what none of them signed changes nothing. */
  readonly verifier: Verifier;
  /** Names of the heartbeat subject, 1 to 64 characters A-Z a-z 0-9 _ - each; rights of a node are written with them. */
  readonly service: string;
  /** Random for each process. */
  readonly instance: string;
  /** Whose inboxes are used, since rights are written with them. `service` for the follower of the revocation service; default `node`. */
  readonly role?: 'node' | 'service';
  /**
   * For a node at a leaf server: the JetStream domain of its hub. The log is found and its head asked there, since only its own leader can
   * prove a head; records are read from the copy that the leaf keeps under the same name, and compared with the hub's before each proof.
   * Default: none, the server that we connect to has the log.
   */
  readonly hubDomain?: string;
  readonly log?: AdapterLog;
}

/**
 * The feed of a node: core subscriptions to the live feed and the ticks, direct get for the rest, no consumer.
 * Throws ERR_CONFIG for a namespace, service or instance that is not fit for a subject.
 *
 * @example
 * const feed = createJetStreamFeed({ nats: natsSettingsFrom(process.env), namespace: 'revocast', verifier, service: 'payments', instance });
 */
export const createJetStreamFeed = (options: FeedOptions): Feed => new JetStreamFeed(options);

class JetStreamFeed implements Feed {
  readonly promisesTicks = true;
  readonly #verifier: Verifier;
  readonly #names: Names;
  readonly #heartbeatSubject: string;
  readonly #inboxPrefix: string;
  readonly #hubDomain: string | undefined;
  readonly #log: AdapterLog;
  readonly #connection: BrokerConnection;
  readonly #isNewTick = createTickFilter(() => epochMs(Date.now()));
  #listener: FeedListener | undefined;
  #answer: ((question: LiveTokensQuestion) => Promise<LiveTokensAnswer | undefined>) | undefined;
  #subscriptions: readonly Subscription[] = [];

  constructor({
    nats,
    namespace,
    verifier,
    service,
    instance,
    role = 'node',
    hubDomain,
    log = silentLog,
  }: FeedOptions) {
    this.#verifier = verifier;
    this.#names = namesOf(namespace);
    this.#heartbeatSubject = heartbeatSubject(this.#names, { service, instance });
    this.#inboxPrefix = inboxPrefix(this.#names, role);
    this.#hubDomain = requireDomain(hubDomain);
    this.#log = log;
    const name = `revocast ${namespace} node ${service}.${instance}`;
    this.#connection = new BrokerConnection({ nats, name, inboxPrefix: this.#inboxPrefix, log });
  }

  open(listener: FeedListener): void {
    this.#listener = listener;
    this.#connection.open({
      connected: (connection) => {
        this.#subscribe(connection);
        this.#listener?.connected();
      },
      disconnected: () => this.#listener?.disconnected(),
    });
  }

  async subscribed(): Promise<void> {
    const connection = this.#connection.required();
    // A subscription that was refused is closed; the rights may have been given since.
    if (this.#subscriptions.some((subscription) => subscription.isClosed())) this.#subscribe(connection);
    await flushWithin(connection, API_MS_MAX);
    // The broker refuses a subscription with an error, yet answers the flush all the same.
    const denied = this.#subscriptions.find((subscription) => subscription.isClosed());
    if (denied === undefined) return;
    this.#log({ level: 'error', event: 'subscriptionDenied', about: denied.getSubject() });
    throw new RevocationError('ERR_FEED_DISCONNECTED', `NATS refuses the subscription to ${denied.getSubject()}`);
  }

  locate(): Promise<LogIdentity | undefined> {
    return asking('cannot find the log', () => locateLog(this.#connection.required(), this.#names, this.#hubDomain));
  }

  head(log: LogIdentity): Promise<Head> {
    return asking(`cannot read the head of ${log.name}`, () =>
      readHead(this.#connection.required(), log, this.#hubDomain),
    );
  }

  read(
    log: LogIdentity,
    from: Sequence,
    to: Sequence,
    { original = false }: ReadOptions = {},
  ): Promise<readonly FeedRecord[]> {
    const expected = { namespace: this.#names.namespace, epoch: log.epoch };
    return asking(`cannot read ${log.name}`, () => {
      const connection = this.#connection.required();
      const reader = {
        connection,
        inboxPrefix: this.#inboxPrefix,
        log,
        apis: this.#apis(original),
        head: () => readHead(connection, log, this.#hubDomain),
        decode: (message: Msg, at: Sequence) => this.#decode(message, at, expected),
      };
      return readDirect(reader, from, to);
    });
  }

  snapshot(log: LogIdentity): Promise<SnapshotManifest | undefined> {
    const wanted = { names: this.#names, verifier: this.#verifier, epoch: log.epoch };
    return asking('cannot look for a snapshot', () => newestSnapshot(this.#connection.required(), wanted));
  }

  snapshotPart(manifest: SnapshotManifest, at: number): Promise<Uint8Array> {
    return asking(`cannot read snapshot ${manifest.id}`, () =>
      readPart(this.#connection.required(), this.#names, manifest, at),
    );
  }

  report(heartbeat: Heartbeat): void {
    const payload = encodeHeartbeat(heartbeat);
    if (payload.length > HEARTBEAT_BYTES_MAX) {
      this.#log({ level: 'error', event: 'heartbeatTooLarge', because: `${payload.length} bytes` });
      return;
    }
    // A heartbeat that cannot be sent now is worth nothing later.
    this.#connection.current()?.publish(this.#heartbeatSubject, payload);
  }

  reportRefusals(report: RefusalReport): void {
    this.#connection.current()?.publish(this.#heartbeatSubject, encodeRefusalReport(report));
  }

  onQuestion(answer: (question: LiveTokensQuestion) => Promise<LiveTokensAnswer | undefined>): void {
    this.#answer = answer;
  }

  async close(): Promise<void> {
    this.#listener = undefined;
    this.#answer = undefined;
    await this.#connection.close();
  }

  #subscribe(connection: NatsConnection): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions = [
      connection.subscribe(this.#names.live, { callback: (error, message) => this.#onLive(error, message) }),
      connection.subscribe(this.#names.tick, { callback: (error, message) => this.#onTick(error, message) }),
    ];
  }

  /** At a leaf its own copy first, which is near; what that does not have, the hub does. */
  #apis(original: boolean): DirectReaderOptions['apis'] {
    const hub = apiOf(this.#hubDomain);
    return original || this.#hubDomain === undefined ? [hub] : [apiOf(), hub];
  }

  #onLive(error: Error | null, message: Msg): void {
    if (error !== null) return;
    const at = sequenceOf(message.headers);
    // Whatever a log republishes has a sequence; without one it never was in a log.
    if (at === undefined) return;
    this.#listener?.record(this.#decode(message, at, { namespace: this.#names.namespace }));
  }

  #onTick(error: Error | null, { data, headers }: Msg): void {
    if (error !== null) return;
    const told = { payload: data, headers, namespace: this.#names.namespace };
    const tick = decodeTick(told, this.#verifier);
    if (tick !== undefined && this.#isNewTick(tick)) this.#listener?.tick(tick);
    if (tick !== undefined || this.#answer === undefined) return;
    const question = decodeQuestion(told, this.#verifier);
    if (question !== undefined) void this.#reply(question);
  }

  /** Best effort: whoever asked waits for a moment only, and says who did not answer. */
  async #reply(question: LiveTokensQuestion): Promise<void> {
    try {
      const answer = await this.#answer?.(question);
      if (answer !== undefined) this.#connection.current()?.publish(this.#heartbeatSubject, encodeAnswer(answer));
    } catch (error) {
      this.#log({
        level: 'error',
        event: 'questionNotAnswered',
        because: error instanceof Error ? error.name : 'error',
      });
    }
  }

  #decode({ data, headers }: Msg, at: Sequence, expected: ExpectedOrigin): FeedRecord {
    return decodeRecord({ payload: data, headers, sequence: at, expected }, this.#verifier);
  }
}
