import { type Instant } from './clock.js';
import { type FollowerMachine } from './follower-machine.js';
import { describeStanding } from './follower-standing.js';
import { type FollowerStatus } from './follower.js';
import { type IndexSize } from './revocation-index.js';
import { BEFORE_FIRST } from './units.js';

const EMPTY: IndexSize = {
  liveEntries: 0,
  tombstones: 0,
  indexBytes: 0,
  filterCapacity: 0,
  misses: 0,
  falsePositives: 0,
};

/** Everything that heartbeat, health and metrics tell about a follower. Named field by field: spreading costs four times as much. */
export const describeFollower = (machine: FollowerMachine, now: Instant, listenerErrors: number): FollowerStatus => {
  const { cursor, applier, ticks, proof } = machine;
  const { state, because } = describeStanding(machine.facts, now);
  const size = applier.index?.size(now.wall) ?? EMPTY;
  return {
    state,
    ...(because !== undefined && { because }),
    liveEntries: size.liveEntries,
    tombstones: size.tombstones,
    indexBytes: size.indexBytes,
    filterCapacity: size.filterCapacity,
    misses: size.misses,
    falsePositives: size.falsePositives,
    connected: machine.connected,
    log: cursor?.log,
    epoch: cursor?.opened === true ? cursor.log.epoch : undefined,
    watermark: cursor?.watermark ?? BEFORE_FIRST,
    identity: cursor?.identity,
    head: cursor?.target,
    stalenessMs: proof.exists ? proof.stalenessMs(now) : undefined,
    stalenessMsMax: machine.stalenessMsMax,
    everCurrent: proof.ever,
    ticksMissed: ticks.alarmed,
    newestTick: ticks.newest?.time,
    fleetBoundMs: ticks.newest?.fleetBoundMs,
    declaredSettings: applier.declared.ofOwn(),
    unreadableIssuers: applier.unreadable.issuers(),
    counters: { ...machine.counters, ...applier.counters, listenerErrors },
  };
};
