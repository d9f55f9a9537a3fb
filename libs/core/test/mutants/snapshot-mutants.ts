import { type WorldAlterations } from '@revocast/testing';
import { createIndex } from '../../src/compact-index.js';
import { type Feed } from '../../src/feed.js';
import { LogCursor } from '../../src/log-cursor.js';
import { type FeedRecord } from '../../src/record.js';
import { type ImageReader } from '../../src/revocation-index.js';
import { type SnapshotManifest } from '../../src/snapshot.js';
import { SnapshotLoading } from '../../src/snapshot-loading.js';
import { indexWith, type Mutant, originalOf, type Replace, withIndex } from './mutant.js';

/** It reads images as `change` makes the reader. */
const readingWith = (change: (reader: ImageReader) => ImageReader): WorldAlterations =>
  withIndex(indexWith((index) => ({ readImage: () => change(index.readImage()) })));

const sayNothing = (task: () => void): void => {
  try {
    task();
  } catch {
    // What is wrong with the image is nobody's business.
  }
};

/** Takes the log for one that has the history of every snapshot, also when it comes to the first proof. */
const comparesNothing = (replace: Replace): void => {
  const begun = new WeakSet<LogCursor>();
  const adopt = originalOf(LogCursor.prototype, 'adopt');
  replace(LogCursor.prototype, 'adopt', {
    value(this: LogCursor, ...[framing]: Parameters<LogCursor['adopt']>) {
      begun.add(this);
      adopt.call(this, framing);
    },
  });
  const compare = originalOf(LogCursor.prototype, 'compare');
  replace(LogCursor.prototype, 'compare', {
    value(this: LogCursor, ...[check, records]: Parameters<LogCursor['compare']>) {
      return compare.call(this, check, begun.has(this) ? [] : records);
    },
  });
  const manifests = new WeakMap<SnapshotLoading, SnapshotManifest>();
  const described = originalOf(SnapshotLoading.prototype, 'described');
  replace(SnapshotLoading.prototype, 'described', {
    value(this: SnapshotLoading, ...asked: Parameters<SnapshotLoading['described']>) {
      if (asked[0] !== undefined) manifests.set(this, asked[0]);
      described.apply(this, asked);
    },
  });
  const compared = originalOf(SnapshotLoading.prototype, 'compared');
  replace(SnapshotLoading.prototype, 'compared', {
    value(this: SnapshotLoading, ..._asked: Parameters<SnapshotLoading['compared']>) {
      const expected = manifests.get(this)?.identities ?? [];
      return compared.call(
        this,
        expected.map((placed): FeedRecord => ({ kind: 'foreign', why: 'unsigned', ...placed })),
      );
    },
  });
};

/** Every manifest looks as if it were of the log that is followed. */
const ofAnyEpoch = (feed: Feed): Feed => {
  const snapshot = feed.snapshot.bind(feed);
  feed.snapshot = async (log) => {
    const manifest = await snapshot(log);
    return manifest && { ...manifest, epoch: log.epoch };
  };
  return feed;
};

const MUTANTS: readonly Mutant[] = [
  {
    name: 'snapshotReplaces',
    seed: 47,
    what: 'that puts a snapshot in the place of what it holds',
    breaks: 'neverForgets',
    spoil: () =>
      withIndex((options) => {
        let index = createIndex(options);
        return indexWith(() => ({
          apply: (revocation) => index.apply(revocation),
          lift: (lift) => index.lift(lift),
          find: (...asked) => index.find(...asked),
          readImage: () => {
            const fresh = createIndex(options);
            const reader = fresh.readImage();
            return {
              take: (part) => reader.take(part),
              end: () => {
                reader.end();
                index = fresh;
              },
            };
          },
        }))(options);
      }),
  },
  {
    name: 'snapshotWithoutRecords',
    seed: 8,
    what: 'that takes the watermark of a snapshot and not its revocations',
    breaks: 'complete',
    spoil: () => readingWith(() => ({ take: () => undefined, end: () => undefined })),
  },
  {
    name: 'corruptSnapshotCounts',
    seed: 318,
    what: 'that takes what it can read of a damaged snapshot for all of it',
    breaks: 'complete',
    spoil: () =>
      readingWith((reader) => ({
        take: (part) => sayNothing(() => reader.take(part)),
        end: () => sayNothing(() => reader.end()),
      })),
  },
  {
    name: 'snapshotOfLostHistory',
    seed: 88,
    what: 'that does not ask whether the log has the history of a snapshot',
    breaks: 'fresh',
    spoil: (replace: Replace): WorldAlterations => {
      comparesNothing(replace);
      return {};
    },
  },
  {
    name: 'snapshotOfOtherEpoch',
    seed: 35,
    what: 'that takes a snapshot of an epoch that is over',
    breaks: 'complete',
    spoil: (replace: Replace): WorldAlterations => {
      comparesNothing(replace);
      return { alterFollower: (options) => ({ ...options, feed: ofAnyEpoch(options.feed) }) };
    },
  },
];

/** What a start from a snapshot rests on, left out. */
export const SNAPSHOT_MUTANTS: readonly Mutant[] = MUTANTS;
