import { epochMs, RevocationError, type SnapshotManifest, type SnapshotPart, sequence } from '@revocast/core';
import { ISSUER_BYTES_MAX, readEnvelope, readFrozen, writeEnvelope } from './envelope.js';
import {
  asFields,
  type Fields,
  idIn,
  integerIn,
  listIn,
  matchIn,
  numberIn,
  optional,
  textIn,
  unreadable,
} from './fields.js';
import { type Signer, type Verifier } from './keys.js';
import { readSettings, writeSettings } from './settings-codec.js';
import { SIGNATURE_HEADER, WIRE_VERSION, type WireHeaders } from './wire.js';

/** A manifest has about 110 bytes per part: one of this size stands for gigabytes. Below the 1 MiB that a broker takes by default. */
export const MANIFEST_BYTES_MAX = 900_000;
/** Parts are a message each; larger ones would not pass a broker with default settings. */
export const PART_BYTES_MAX = 1_000_000;

const NAME = 'snapshot.written';
const EPOCH = /^[A-Za-z0-9-]{1,64}$/;
const HASH_KEY = /^[0-9a-f]{32}$/;
const DIGEST = /^[0-9a-f]{64}$/;

export interface EncodedManifest {
  readonly payload: Uint8Array;
  readonly signature: string;
}

/** Throws ERR_CAPACITY when it would not fit into one message. */
export const encodeManifest = (namespace: string, manifest: SnapshotManifest, signer: Signer): EncodedManifest => {
  const { id, time, settings, unreadable: unread, parts, ...rest } = manifest;
  const data = {
    ...rest,
    settings: settings.map((declared) => writeSettings({ kind: 'settingsDeclared', ...declared })),
    // JSON drops undefined: nobody knows whom such a record concerns.
    unreadable: unread,
    parts,
  };
  const payload = writeEnvelope(namespace, { id, name: NAME, time, data });
  if (payload.length > MANIFEST_BYTES_MAX) {
    throw new RevocationError('ERR_CAPACITY', `the manifest of a snapshot has ${payload.length} bytes`);
  }
  return { payload, signature: signer.sign(payload) };
};

export interface ManifestMessage {
  readonly payload: Uint8Array;
  readonly headers: WireHeaders | undefined;
  readonly namespace: string;
}

/** The manifest, or undefined for whatever is not one of ours that we understand: the log is read instead. */
export const decodeManifest = (message: ManifestMessage, verifier: Verifier): SnapshotManifest | undefined => {
  const { payload, headers, namespace } = message;
  if (payload.length > MANIFEST_BYTES_MAX) return undefined;
  if (verifier.verify(payload, headers?.last(SIGNATURE_HEADER) ?? '') !== 'ours') return undefined;
  const frozen = readFrozen(payload);
  if (frozen?.name !== NAME || frozen.major !== WIRE_VERSION || frozen.namespace !== namespace) return undefined;
  try {
    const { id, time, data } = readEnvelope(frozen);
    return { id, time, ...readManifest(data) };
  } catch (error) {
    if (error instanceof RevocationError) return undefined;
    throw error;
  }
};

const readManifest = (data: Fields): Omit<SnapshotManifest, 'id' | 'time'> => ({
  epoch: matchIn(data, 'epoch', EPOCH),
  watermark: sequence(integerIn(data, 'watermark')),
  identities: listIn(data, 'identities', (item) => {
    const fields = objectOf(item);
    return { sequence: sequence(integerIn(fields, 'sequence')), identity: idIn(fields, 'identity') };
  }),
  newestRecord: epochMs(numberIn(data, 'newestRecord')),
  hashKey: matchIn(data, 'hashKey', HASH_KEY),
  settings: listIn(data, 'settings', (item) => {
    const { version, settings } = readSettings(objectOf(item));
    return { version, settings };
  }),
  unreadable: listIn(data, 'unreadable', (item) => {
    const fields = objectOf(item);
    return { id: idIn(fields, 'id'), issuer: optional(fields, 'issuer', issuerIn) };
  }),
  voids: listIn(data, 'voids', (item) => idIn({ id: item }, 'id')),
  reclaimedTo: epochMs(numberIn(data, 'reclaimedTo')),
  liveEntries: integerIn(data, 'liveEntries'),
  parts: listIn(data, 'parts', readPart),
});

const readPart = (item: unknown): SnapshotPart => {
  const fields = objectOf(item);
  const bytes = integerIn(fields, 'bytes');
  if (bytes > PART_BYTES_MAX) throw unreadable('a part of the snapshot is too large');
  return { sequence: sequence(integerIn(fields, 'sequence')), bytes, digest: matchIn(fields, 'digest', DIGEST) };
};

const issuerIn = (fields: Fields, name: string): string => textIn(fields, name, ISSUER_BYTES_MAX);

const objectOf = (item: unknown): Fields => {
  const fields = asFields(item);
  if (fields === undefined) throw unreadable('a list of the manifest holds what is not an object');
  return fields;
};
