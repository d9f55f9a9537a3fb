import { type EpochMs, type Heartbeat, type LocalOverridesStatus } from '@revocast/core';

/** What a heartbeat says of the local file, and the tick that dates it. No key, no reason, no problem text: only counts and times. */
export const localReport = (
  { entries, broken, modeOverride }: LocalOverridesStatus,
  newestTick: EpochMs | undefined,
): Pick<Heartbeat, 'localFile' | 'newestTick'> => ({
  localFile: {
    entries,
    broken: broken !== undefined,
    ...(modeOverride && { modeOverride: modeOverride.value, until: modeOverride.until }),
  },
  ...(newestTick !== undefined && { newestTick }),
});
