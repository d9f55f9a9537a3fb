import { type LogIdentity } from './log-identity.js';
import { type IssuerSettings } from './issuer-settings.js';
import { type EpochMs, type Sequence } from './units.js';

/** What stands at one sequence of the log, by name. */
export interface PlacedIdentity {
  readonly sequence: Sequence;
  readonly identity: string;
}

/**
 * What records at or below the watermark say beside revocations: whoever begins with a snapshot never reads them, and
 * must know it all the same.
 */
export interface SnapshotFraming {
  readonly epoch: string;
  /** Everything at or below is in the image. What came later may be in it as well, which is harmless. */
  readonly watermark: Sequence;
  /** The newest records up to the watermark, ascending, the last one at it: shows whether a log still has that history. */
  readonly identities: readonly PlacedIdentity[];
  /** The newest time that a record up to the watermark carried. */
  readonly newestRecord: EpochMs;
  /** By which the entries of the image are found, 32 hex digits. */
  readonly hashKey: string;
  readonly settings: readonly { readonly version: number; readonly settings: IssuerSettings }[];
  /** Records that a node could not read; `issuer` undefined = nobody knows whom they concern. */
  readonly unreadable: readonly { readonly id: string; readonly issuer: string | undefined }[];
  readonly voids: readonly string[];
  /**
   * What ended before this was taken out of memory for good. Compared with other clocks, by whoever writes and by whoever
   * reads: an entry that a wrong clock ended too early is missing in the image.
   */
  readonly reclaimedTo: EpochMs;
}

/** One part of the image, where it can be read and how its bytes are known. */
export interface SnapshotPart {
  readonly sequence: Sequence;
  readonly bytes: number;
  /** SHA-256, lower-case hex. */
  readonly digest: string;
}

/** A snapshot as its writer described it once all parts were stored; signed like a record. */
export interface SnapshotManifest extends SnapshotFraming {
  readonly id: string;
  readonly time: EpochMs;
  readonly liveEntries: number;
  readonly parts: readonly SnapshotPart[];
}

/** The state of a follower that is current, to be written as a snapshot. */
export interface SnapshotContent extends SnapshotFraming {
  readonly log: LogIdentity;
  readonly liveEntries: number;
  /** The parts, made while they are read; records may be applied in between. */
  readonly image: () => Iterable<Uint8Array>;
}
