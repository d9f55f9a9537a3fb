import { type Instant } from './clock.js';
import { VERIFY_RECORDS_MAX } from './follower-limits.js';
import { type FollowerMachine } from './follower-machine.js';
import { describeStanding } from './follower-standing.js';
import { type SnapshotContent } from './snapshot.js';

/**
 * What a follower would write as a snapshot now; undefined unless it is current, and where it remembers less than all
 * that a node must know. The watermark is read before the image, so that the image holds at least what it covers.
 */
export const snapshotContentOf = (machine: FollowerMachine, now: Instant): SnapshotContent | undefined => {
  const { cursor, applier } = machine;
  const { index, hashKey, declared, unreadable } = applier;
  if (cursor?.opened !== true || index === undefined || hashKey === undefined) return undefined;
  if (describeStanding(machine.facts, now).state !== 'current') return undefined;
  if (cursor.identity === undefined || declared.overflowed || unreadable.overflowed) return undefined;
  return {
    log: cursor.log,
    epoch: cursor.log.epoch,
    watermark: cursor.watermark,
    identities: cursor.newestIdentities(VERIFY_RECORDS_MAX),
    newestRecord: applier.newestRecord,
    hashKey,
    settings: declared.all(),
    unreadable: unreadable.all(),
    voids: unreadable.voids(),
    reclaimedTo: applier.reclaimedTo,
    liveEntries: index.size(now.wall).liveEntries,
    image: () => index.image(),
  };
};
