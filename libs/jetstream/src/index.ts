export { type AdapterEvent, type AdapterLog } from './adapter-log.js';
export {
  createSigner,
  createVerifier,
  generateSigningKey,
  publicRecordKey,
  type RecordKey,
  type RecordKeySet,
  type RecordSigningKey,
  type Signer,
  type SignatureVerdict,
  type Verifier,
} from './keys.js';
export { type NatsSettings, natsSettingsFrom, type NatsTls, type TextSource } from './nats-settings.js';
export {
  type ConnectionState,
  type InstanceNotice,
  type InstancePhase,
  type PublishAck,
  type Publisher,
  type PublisherOptions,
  type Unlisten,
} from './publisher.js';
export {
  type EncodedRecord,
  RECORD_BYTES_MAX,
  type RevokedBody,
  SIGNATURE_HEADER,
  WIRE_VERSION,
  type WireHeaders,
} from './wire.js';
export { type LogInspection } from './inspection.js';
export { createJetStreamFeed, type FeedOptions } from './jetstream-feed.js';
export { createPublisher } from './jetstream-publisher.js';
export { decodeRecord, encodeRecord, type ExpectedOrigin, type StoredMessage } from './record-codec.js';
export { splitRevocations } from './split.js';
