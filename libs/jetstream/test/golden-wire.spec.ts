import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  type FeedRecord,
  type Heartbeat,
  type OutgoingRecord,
  type RecordBody,
  SCOPES,
  sequence,
  type SnapshotManifest,
  type Tick,
} from '@revocast/core';
import { decodeHeartbeat, encodeHeartbeat } from '../src/heartbeat-codec.js';
import { createSigner, createVerifier, generateSigningKey } from '../src/keys.js';
import { decodeRecord, encodeRecord } from '../src/record-codec.js';
import { decodeManifest, encodeManifest } from '../src/snapshot-codec.js';
import { decodeTick, encodeTick } from '../src/tick-codec.js';
import { SIGNATURE_HEADER, type WireHeaders } from '../src/wire.js';

/** What was once on the wire, byte for byte: files are added here, never edited, since logs and nodes of old versions live on. */
const directory = join(import.meta.dirname, '../../../test/fixtures/wire/v1');

interface SignedVector {
  readonly about: string;
  readonly keys: unknown;
  readonly namespace: string;
  readonly epoch: string;
  readonly payload: string;
  readonly signature: string;
}
interface RecordVector extends SignedVector {
  /** Holds what this version would not write. */
  readonly fromLaterVersion?: true;
  readonly decodes: Omit<FeedRecord, 'sequence'>;
}
interface TickVector extends SignedVector {
  readonly tick: Tick;
}
interface ManifestVector extends Omit<SignedVector, 'epoch'> {
  readonly manifest: SnapshotManifest;
}
interface HeartbeatVector {
  readonly about: string;
  readonly service: string;
  readonly instance: string;
  readonly payload: string;
  readonly heartbeat: Heartbeat;
}

const vectors = readdirSync(directory).map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')) as object);
const isRecord = (vector: object): vector is RecordVector => 'decodes' in vector;
const isReadable = (decodes: object): decodes is Omit<FeedRecord & { readonly kind: 'record' }, 'sequence'> =>
  'kind' in decodes && decodes.kind === 'record';
const isTick = (vector: object): vector is TickVector => 'tick' in vector;
const isManifest = (vector: object): vector is ManifestVector => 'manifest' in vector;
const isHeartbeat = (vector: object): vector is HeartbeatVector => 'heartbeat' in vector;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const headersOf = ({ signature }: SignedVector): WireHeaders => ({
  last: (name) => (name === SIGNATURE_HEADER ? signature : ''),
});
const anySigner = createSigner(generateSigningKey());

describe('wire version 1', () => {
  const records = vectors.filter(isRecord);
  const known = records.flatMap(({ namespace, payload, fromLaterVersion, decodes }) =>
    isReadable(decodes) && fromLaterVersion !== true ? [{ namespace, payload, decodes }] : [],
  );

  it('has a vector for every kind of record, and for every scope', () => {
    const bodies = known.map(({ decodes }) => decodes.body);
    const kinds: readonly RecordBody['kind'][] = ['epochOpened', 'lifted', 'revoked', 'settingsDeclared', 'voided'];
    expect([...new Set(bodies.map(({ kind }) => kind))].sort()).toEqual(kinds);
    const scopes = bodies.flatMap((body) => (body.kind === 'revoked' ? [body.scope] : []));
    expect([...new Set(scopes)].sort()).toEqual([...SCOPES].sort());
  });

  it.each(records)('is read as it ever was: $about', (vector) => {
    const { keys, namespace, epoch, payload, decodes } = vector;
    const message = { payload: bytesOf(payload), headers: headersOf(vector), sequence: sequence(9) };
    const decoded = decodeRecord({ ...message, expected: { namespace, epoch } }, createVerifier(keys));
    expect(decoded).toEqual({ ...decodes, sequence: 9 });
  });

  it.each(known)('is written as it ever was: $decodes.identity', ({ namespace, payload, decodes }) => {
    const { identity, epoch, time, body } = decodes;
    const record: OutgoingRecord = { id: identity, namespace, epoch, time, body };
    expect(textOf(encodeRecord(record, anySigner).payload)).toBe(payload);
  });

  it.each(vectors.filter(isTick))('is read and written as it ever was: $about', (vector) => {
    const { keys, namespace, payload, tick } = vector;
    const message = { payload: bytesOf(payload), headers: headersOf(vector), namespace };
    expect(decodeTick(message, createVerifier(keys))).toEqual(tick);
    expect(textOf(encodeTick(namespace, tick, anySigner).payload)).toBe(payload);
  });

  it.each(vectors.filter(isManifest))('is read and written as it ever was: $about', (vector) => {
    const { keys, namespace, payload, signature, manifest } = vector;
    const headers = { last: (name: string) => (name === SIGNATURE_HEADER ? signature : '') };
    expect(decodeManifest({ payload: bytesOf(payload), headers, namespace }, createVerifier(keys))).toEqual(manifest);
    expect(textOf(encodeManifest(namespace, manifest, anySigner).payload)).toBe(payload);
  });

  it('counts a heartbeat that says of a canary what only a later version knows', () => {
    const [vector] = vectors.filter(isHeartbeat).filter(({ heartbeat }) => heartbeat.canaries !== undefined);
    if (vector === undefined) throw new Error('no vector has canaries');
    const payload = bytesOf(vector.payload.replace('"accepted"', '"delayed"'));
    const canaries = [{ outcome: 'refused' }, { outcome: 'unproven' }];
    expect(decodeHeartbeat(payload, vector)).toMatchObject({ canaries });
  });

  it.each(vectors.filter(isHeartbeat))('is read as it ever was: $about', ({ payload, heartbeat, ...from }) => {
    expect(decodeHeartbeat(bytesOf(payload), from)).toEqual(heartbeat);
    expect(JSON.parse(textOf(encodeHeartbeat(heartbeat)))).toEqual(JSON.parse(payload));
  });
});
