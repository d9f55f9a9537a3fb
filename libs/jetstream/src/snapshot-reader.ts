import { createHash } from 'node:crypto';
import { type Msg, type NatsConnection } from '@nats-io/transport-node';
import { RevocationError, type SnapshotManifest } from '@revocast/core';
import { API_MS_MAX, managerOf } from './log-access.js';
import { type Verifier } from './keys.js';
import { type Names } from './names.js';
import { decodeManifest } from './snapshot-codec.js';

export interface WantedSnapshot {
  readonly names: Names;
  readonly verifier: Verifier;
  readonly epoch: string;
}

/** The newest manifest, if it is ours and of this epoch; else undefined. */
export const newestSnapshot = async (
  connection: NatsConnection,
  { names, verifier, epoch }: WantedSnapshot,
): Promise<SnapshotManifest | undefined> => {
  // Where there is no such stream, nats-server 2.9 would answer a direct get with silence.
  if (!(await hasSnapshots(connection, names))) return undefined;
  const stored = await directGet(connection, names, { last_by_subj: names.snapshot.manifest });
  if (stored === undefined) return undefined;
  const { data: payload, headers } = stored;
  const manifest = decodeManifest({ payload, headers, namespace: names.namespace }, verifier);
  return manifest?.epoch === epoch ? manifest : undefined;
};

const hasSnapshots = async (connection: NatsConnection, names: Names): Promise<boolean> => {
  const { streams } = await managerOf(connection);
  for await (const name of streams.names(names.snapshot.manifest)) if (name === names.snapshot.stream) return true;
  return false;
};

/** The bytes of a part. Throws ERR_LOG_UNAVAILABLE when it is gone, or is not what the manifest names. */
export const readPart = async (
  connection: NatsConnection,
  names: Names,
  manifest: SnapshotManifest,
  at: number,
): Promise<Uint8Array> => {
  const part = manifest.parts[at];
  if (part === undefined) throw unavailable(`snapshot ${manifest.id} has no part ${at}`);
  const message = await directGet(connection, names, { seq: part.sequence });
  const bytes = message?.data;
  if (bytes?.length !== part.bytes || digestOf(bytes) !== part.digest) {
    throw unavailable(`part ${at} of snapshot ${manifest.id} is not there or not what was written`);
  }
  return bytes;
};

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Undefined for "not found". */
export const directGet = async (
  connection: NatsConnection,
  { snapshot }: Names,
  query: { readonly seq: number } | { readonly last_by_subj: string },
): Promise<Msg | undefined> => {
  const subject = `$JS.API.DIRECT.GET.${snapshot.stream}`;
  const answer = await connection.request(subject, JSON.stringify(query), { timeout: API_MS_MAX });
  const status = answer.headers?.code ?? 0;
  if (status === 0) return answer;
  if (status === NOT_FOUND) return undefined;
  throw unavailable(`NATS answers ${status} to a direct get of ${snapshot.stream}`);
};

const NOT_FOUND = 404;

const unavailable = (message: string): RevocationError => new RevocationError('ERR_LOG_UNAVAILABLE', message);
