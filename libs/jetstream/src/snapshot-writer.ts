import { randomBytes } from 'node:crypto';
import { jetstream, JetStreamApiError } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import {
  epochMs,
  RevocationError,
  type SnapshotContent,
  type SnapshotManifest,
  type SnapshotPart,
  sequence,
} from '@revocast/core';
import { type Signer, type Verifier } from './keys.js';
import { API_MS_MAX, managerOf } from './log-access.js';
import { type Names } from './names.js';
import { encodeManifest, PART_BYTES_MAX } from './snapshot-codec.js';
import { digestOf, directGet, newestSnapshot } from './snapshot-reader.js';
import { SIGNATURE_HEADER } from './wire.js';

/** The default skew of issuers: a clock that is off by more may have ended entries that still count. Milliseconds. */
export const CLOCK_SKEW_MS_MAX = 60_000;
/** What ended is kept for this long: RECLAIM_AFTER_SECONDS of the core. Milliseconds. */
const RECLAIM_AFTER_MS = 3_600_000;
const NAME_IN_USE = 10058;
const HEADER_BYTES_MAX = 4_096;

export interface SnapshotWriterOptions {
  readonly names: Names;
  readonly replicas: number;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** Whether the follower still stands in the log whose state is written; asked once more before the manifest. */
  readonly isStillTrue: () => boolean;
}

/**
 * Writes parts, then a manifest that names them, then lets go of what was there before the previous one: a node that reads a
 * snapshot while the next one is written can finish. Two writers at once are harmless: each manifest names the parts that
 * its own writer stored. Throws ERR_LOG_UNAVAILABLE, and nothing it wrote counts then.
 */
export const writeSnapshot = async (
  connection: NatsConnection,
  content: SnapshotContent,
  options: SnapshotWriterOptions,
): Promise<SnapshotManifest> => {
  const { names, verifier } = options;
  await ensureStream(connection, options);
  const previous = await newestSnapshot(connection, { names, verifier, epoch: content.epoch });
  const parts = await writeParts(connection, names, content);
  await assertClock(connection, names, parts, content);
  if (!options.isStillTrue()) throw unavailable('the log changed while its snapshot was written');
  const manifest = manifestOf(content, parts);
  await publishManifest(connection, manifest, options);
  await retireBefore(connection, names, previous?.parts[0]?.sequence ?? 1);
  return manifest;
};

const manifestOf = (content: SnapshotContent, parts: readonly SnapshotPart[]): SnapshotManifest => {
  const { log: _log, image: _image, ...framing } = content;
  return { ...framing, id: randomBytes(16).toString('hex'), time: epochMs(Date.now()), parts };
};

const writeParts = async (
  connection: NatsConnection,
  { snapshot }: Names,
  content: SnapshotContent,
): Promise<readonly SnapshotPart[]> => {
  const js = jetstream(connection, { timeout: API_MS_MAX });
  const parts: SnapshotPart[] = [];
  for (const bytes of content.image()) {
    if (bytes.length > PART_BYTES_MAX) throw new RevocationError('ERR_INVARIANT', `a part has ${bytes.length} bytes`);
    // One after the other: the process has others to serve, and memory holds one part at a time.
    const { seq } = await js.publish(snapshot.part, bytes, { expect: { streamName: snapshot.stream } });
    parts.push({ sequence: sequence(seq), bytes: bytes.length, digest: digestOf(bytes) });
  }
  return parts;
};

/** The broker stamped the first part by its own clock: entries that a wrong one of ours ended are missing in the image. */
const assertClock = async (
  connection: NatsConnection,
  names: Names,
  [first]: readonly SnapshotPart[],
  { reclaimedTo }: SnapshotContent,
): Promise<void> => {
  const message = first && (await directGet(connection, names, { seq: first.sequence }));
  const brokerTime = Date.parse(message?.headers?.last('Nats-Time-Stamp') ?? '');
  if (!(Math.abs(brokerTime - Date.now()) <= CLOCK_SKEW_MS_MAX)) {
    throw unavailable('the clock of this process and that of the broker differ by more than 60 s');
  }
  if (reclaimedTo > brokerTime - RECLAIM_AFTER_MS + CLOCK_SKEW_MS_MAX) {
    throw unavailable('a wrong clock made this process forget entries that may still count');
  }
};

const publishManifest = async (
  connection: NatsConnection,
  manifest: SnapshotManifest,
  { names, signer }: SnapshotWriterOptions,
): Promise<void> => {
  const { snapshot, namespace } = names;
  const { payload, signature } = encodeManifest(namespace, manifest, signer);
  const signed = headers();
  signed.set(SIGNATURE_HEADER, signature);
  await jetstream(connection, { timeout: API_MS_MAX }).publish(snapshot.manifest, payload, {
    headers: signed,
    expect: { streamName: snapshot.stream },
  });
};

const retireBefore = async (connection: NatsConnection, { snapshot }: Names, seq: number): Promise<void> => {
  // Nothing is before the first message, and nats-server 2.9 takes "up to 1" for "everything" (measured on 2.9.10).
  if (seq <= 1) return;
  const { streams } = await managerOf(connection);
  await streams.purge(snapshot.stream, { seq });
};

const ensureStream = async (connection: NatsConnection, { names, replicas }: SnapshotWriterOptions): Promise<void> => {
  const { streams } = await managerOf(connection);
  try {
    await streams.add({
      name: names.snapshot.stream,
      subjects: [names.snapshot.manifest, names.snapshot.part],
      storage: 'file',
      num_replicas: replicas,
      discard: 'new',
      max_msg_size: PART_BYTES_MAX + HEADER_BYTES_MAX,
      allow_direct: true,
      mirror_direct: false,
      deny_delete: true,
      allow_rollup_hdrs: false,
    });
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === NAME_IN_USE)) throw error;
  }
};

const unavailable = (message: string): RevocationError => new RevocationError('ERR_LOG_UNAVAILABLE', message);
