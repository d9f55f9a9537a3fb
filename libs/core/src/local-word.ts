import { type Instant } from './clock.js';
import { type FleetMember } from './fleet-roster.js';
import { OVERRIDE_NOTICE_MS, OVERRIDE_TRUST_MS } from './mode-override.js';

/** How far ahead of our clock a tick of another service instance may be dated. Milliseconds. */
const TICK_AHEAD_MS_MAX = OVERRIDE_NOTICE_MS - OVERRIDE_TRUST_MS;

/**
 * Whether a node that listens to a local file may have become weaker than it last said. It says so `OVERRIDE_NOTICE_MS`
 * before it does, so its word holds for that long from when it *spoke*, which is after the tick that it names. Not from
 * when we heard it: a heartbeat may have been under way for as long as it likes.
 */
export const isWordStale = ({ heartbeat, lastHeard }: FleetMember, now: Instant): boolean => {
  const { localFile, newestTick } = heartbeat;
  if (localFile === undefined) return false;
  if (newestTick === undefined) return true;
  const ageWhenHeardMs = lastHeard.wall - newestTick;
  if (ageWhenHeardMs < -TICK_AHEAD_MS_MAX) return true;
  // By the monotonic clock since: a stepped one would make an old word young.
  return Math.max(0, ageWhenHeardMs) + (now.monotonic - lastHeard.monotonic) >= OVERRIDE_TRUST_MS;
};
