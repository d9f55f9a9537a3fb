import { jetstream, JetStreamApiError, type PubAck } from '@nats-io/jetstream';
import {
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  PermissionViolationError,
  RequestError,
} from '@nats-io/transport-node';
import {
  epochMs,
  type ErrorCode,
  type FeedRecord,
  type Head,
  type Heartbeat,
  type LiveTokensAnswer,
  type LiveTokensQuestion,
  type LogIdentity,
  type RefusalReport,
  RevocationError,
  type Sequence,
  sequence,
  type SnapshotContent,
  type SnapshotManifest,
  type Tick,
} from '@revocast/core';
import { silentLog } from './adapter-log.js';
import { BrokerConnection } from './connection.js';
import { readDirect } from './direct-reader.js';
import { decodeHeartbeat } from './heartbeat-codec.js';
import { inspectLog, type LogInspection } from './inspection.js';
import { decodeInstanceNotice, encodeInstanceNotice } from './instance-codec.js';
import { Listeners } from './listeners.js';
import { apiOf, asking, locateLog, readHead } from './log-access.js';
import { createLog, raiseMaxAge, removeLog } from './log-admin.js';
import { inboxPrefix, logName, type NodeName, type Names, namesOf, nodeOfSubject } from './names.js';
import {
  type ConnectionState,
  type InstanceNotice,
  type PublishAck,
  type Publisher,
  type PublisherOptions,
  type Unlisten,
} from './publisher.js';
import { decodeAnswer, encodeQuestion } from './question-codec.js';
import { decodeRefusalReport } from './refusal-codec.js';
import { newestSnapshot } from './snapshot-reader.js';
import { writeSnapshot } from './snapshot-writer.js';
import { decodeRecord } from './record-codec.js';
import { createTickFilter, decodeTick, encodeTick } from './tick-codec.js';
import { type EncodedRecord, SIGNATURE_HEADER } from './wire.js';

/** A publish that is not acknowledged by then has an unknown outcome. */
const PUBLISH_MS_MAX = 5_000;
/** JetStream's own number for a publish that expected another stream. */
const STREAM_MISMATCH = 10060;

/**
 * The publisher of the service. Throws ERR_CONFIG for a namespace that is not fit for a subject, and when the
 * verifier does not know the signer's key: nodes that hold the same keys would ignore everything it signs.
 */
export const createPublisher = (options: PublisherOptions): Publisher => new JetStreamPublisher(options);

class JetStreamPublisher implements Publisher {
  readonly #options: PublisherOptions;
  readonly #names: Names;
  readonly #connection: BrokerConnection;
  readonly #states = new Listeners<ConnectionState>();
  readonly #ticks = new Listeners<Tick>();
  readonly #heartbeats = new Listeners<Heartbeat>();
  readonly #refusals = new Listeners<RefusalReport>();
  readonly #answers = new Listeners<LiveTokensAnswer>();
  readonly #instances = new Listeners<InstanceNotice>();
  readonly #inboxPrefix: string;
  readonly #isNewTick = createTickFilter(() => epochMs(Date.now()));

  constructor(options: PublisherOptions) {
    const { nats, namespace, signer, verifier, log = silentLog } = options;
    this.#options = options;
    this.#names = namesOf(namespace);
    const probe = new TextEncoder().encode(namespace);
    if (verifier.verify(probe, signer.sign(probe)) !== 'ours') {
      throw new RevocationError('ERR_CONFIG', `the record keys do not hold the key ${signer.kid} that signs`);
    }
    const name = `revocast ${namespace} service`;
    this.#inboxPrefix = inboxPrefix(this.#names, 'service');
    this.#connection = new BrokerConnection({ nats, name, inboxPrefix: this.#inboxPrefix, log });
  }

  open(): void {
    this.#connection.open({
      connected: (connection) => {
        this.#subscribe(connection);
        this.#states.tell('connected');
      },
      disconnected: () => this.#states.tell('disconnected'),
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  state(): ConnectionState {
    return this.#connection.current() === undefined ? 'disconnected' : 'connected';
  }

  onState(listener: (state: ConnectionState) => void): Unlisten {
    return this.#states.add(listener);
  }

  onTick(listener: (tick: Tick) => void): Unlisten {
    return this.#ticks.add(listener);
  }

  onHeartbeat(listener: (heartbeat: Heartbeat) => void): Unlisten {
    return this.#heartbeats.add(listener);
  }

  onRefusals(listener: (report: RefusalReport) => void): Unlisten {
    return this.#refusals.add(listener);
  }

  onInstance(listener: (notice: InstanceNotice) => void): Unlisten {
    return this.#instances.add(listener);
  }

  locate(): Promise<LogIdentity | undefined> {
    return asking('cannot find the log', () => locateLog(this.#connection.required(), this.#names));
  }

  head(log: LogIdentity): Promise<Head> {
    return asking(`cannot read the head of ${log.name}`, () => readHead(this.#connection.required(), log));
  }

  read(log: LogIdentity, from: Sequence, to: Sequence): Promise<readonly FeedRecord[]> {
    const expected = { namespace: this.#names.namespace, epoch: log.epoch };
    return asking(`cannot read ${log.name}`, () => {
      const connection = this.#connection.required();
      const decode = ({ data, headers: received }: Msg, at: Sequence): FeedRecord =>
        decodeRecord({ payload: data, headers: received, sequence: at, expected }, this.#options.verifier);
      const head = (): Promise<Head> => readHead(connection, log);
      const reader = { connection, inboxPrefix: this.#inboxPrefix, log, apis: [apiOf()] as const, head, decode };
      return readDirect(reader, from, to);
    });
  }

  inspect(log: LogIdentity): Promise<LogInspection> {
    const { replicas, maxAgeSeconds } = this.#options;
    return asking(`cannot inspect ${log.name}`, () =>
      inspectLog(this.#connection.required(), { names: this.#names, log, replicas, maxAgeSeconds }),
    );
  }

  createLog(epoch: string): Promise<LogIdentity> {
    const { replicas, maxAgeSeconds } = this.#options;
    const name = logName(this.#names, epoch);
    const settings = { names: this.#names, name, replicas, maxAgeSeconds };
    return asking(`cannot make ${name}`, () => createLog(this.#connection.required(), epoch, settings));
  }

  raiseRetention(log: LogIdentity): Promise<void> {
    const { maxAgeSeconds } = this.#options;
    return asking(`cannot raise the retention of ${log.name}`, () =>
      raiseMaxAge(this.#connection.required(), log, maxAgeSeconds),
    );
  }

  removeLog(log: LogIdentity): Promise<void> {
    return asking(`cannot remove ${log.name}`, () => removeLog(this.#connection.required(), log));
  }

  async publish(record: EncodedRecord): Promise<PublishAck> {
    const stream = logName(this.#names, record.epoch);
    const ack = await this.#attempt(this.#connection.required(), record, stream);
    if (ack.stream !== stream || !Number.isSafeInteger(ack.seq) || ack.seq < 1) {
      throw new RevocationError(
        'ERR_PUBLISH_UNKNOWN',
        `record ${record.id} was acknowledged by something else than ${stream}`,
      );
    }
    return { sequence: sequence(ack.seq), log: stream, duplicate: ack.duplicate, ackedAt: epochMs(Date.now()) };
  }

  newestSnapshot(epoch: string): Promise<SnapshotManifest | undefined> {
    const { verifier } = this.#options;
    return asking('cannot look for a snapshot', () =>
      newestSnapshot(this.#connection.required(), { names: this.#names, verifier, epoch }),
    );
  }

  writeSnapshot(content: SnapshotContent, isStillTrue: () => boolean): Promise<SnapshotManifest> {
    const { replicas, signer, verifier } = this.#options;
    const options = { names: this.#names, replicas, signer, verifier, isStillTrue };
    return asking('cannot write a snapshot', () => writeSnapshot(this.#connection.required(), content, options));
  }

  tick(tick: Tick): void {
    const { payload, signature } = encodeTick(this.#names.namespace, tick, this.#options.signer);
    this.#connection.current()?.publish(this.#names.tick, payload, { headers: signed(signature) });
  }

  ask(question: LiveTokensQuestion): void {
    const { payload, signature } = encodeQuestion(this.#names.namespace, question, this.#options.signer);
    this.#connection.current()?.publish(this.#names.tick, payload, { headers: signed(signature) });
  }

  onAnswer(listener: (answer: LiveTokensAnswer) => void): Unlisten {
    return this.#answers.add(listener);
  }

  announce(notice: InstanceNotice): void {
    const { payload, signature } = encodeInstanceNotice(this.#names.namespace, notice, this.#options.signer);
    this.#connection.current()?.publish(this.#names.instances, payload, { headers: signed(signature) });
  }

  async #attempt(connection: NatsConnection, record: EncodedRecord, stream: string): Promise<PubAck> {
    try {
      return await jetstream(connection, { timeout: PUBLISH_MS_MAX }).publish(record.subject, record.payload, {
        msgID: record.id,
        expect: { streamName: stream },
        headers: signed(record.signature),
      });
    } catch (cause) {
      throw new RevocationError(publishErrorCode(cause), `record ${record.id} has no acknowledgement`, { cause });
    }
  }

  #subscribe(connection: NatsConnection): void {
    connection.subscribe(this.#names.tick, { callback: (error, message) => this.#onTick(error, message) });
    connection.subscribe(this.#names.instances, { callback: (error, message) => this.#onInstance(error, message) });
    connection.subscribe(this.#names.nodes, { callback: (error, message) => this.#onNode(error, message) });
  }

  #onTick(error: Error | null, { data, headers: received }: Msg): void {
    if (error !== null) return;
    const { namespace } = this.#names;
    const tick = decodeTick({ payload: data, headers: received, namespace }, this.#options.verifier);
    if (tick !== undefined && this.#isNewTick(tick)) this.#ticks.tell(tick);
  }

  #onInstance(error: Error | null, { data, headers: received }: Msg): void {
    if (error !== null) return;
    const message = { payload: data, headers: received, namespace: this.#names.namespace };
    const notice = decodeInstanceNotice(message, this.#options.verifier);
    if (notice !== undefined) this.#instances.tell(notice);
  }

  /** All that a node says comes over the one subject that it may use. */
  #onNode(error: Error | null, { data, subject }: Msg): void {
    const from = nodeOfSubject(subject);
    if (error !== null || from === undefined) return;
    const heartbeat = decodeHeartbeat(data, from);
    // Nearly all of it are heartbeats: the rest is looked at only where that is none.
    if (heartbeat === undefined) this.#onOther(data, from);
    else this.#heartbeats.tell(heartbeat);
  }

  #onOther(data: Uint8Array, from: NodeName): void {
    const refusals = decodeRefusalReport(data, from);
    if (refusals !== undefined) this.#refusals.tell(refusals);
    const answer = refusals === undefined ? decodeAnswer(data, from) : undefined;
    if (answer !== undefined) this.#answers.tell(answer);
  }
}

const signed = (signature: string): MsgHdrs => {
  const all = headers();
  all.set(SIGNATURE_HEADER, signature);
  return all;
};

/**
 * Nearly every error leaves the outcome open, even one that the broker itself names: an id "in process" is our own
 * earlier attempt, and a store can fail after the other copies have agreed. Only three say that no log took the record.
 */
const publishErrorCode = (error: unknown): ErrorCode => {
  if (error instanceof JetStreamApiError)
    return error.code === STREAM_MISMATCH ? 'ERR_EPOCH_CHANGED' : 'ERR_PUBLISH_UNKNOWN';
  const cause = error instanceof Error ? error.cause : undefined;
  const nobodyThere = cause instanceof RequestError && cause.isNoResponders();
  return nobodyThere || cause instanceof PermissionViolationError ? 'ERR_LOG_UNAVAILABLE' : 'ERR_PUBLISH_UNKNOWN';
};
