import { type LocalOverridesStatus } from '@revocast/core';

/** Where a node writes what needs eyes: `console`, a Nest or Fastify logger. */
export interface NodeLog {
  warn(line: unknown): void;
  error(line: unknown): void;
}

/** Writes a line for each change of what a local file overrides: an alarm, since nobody should get used to it. */
export function localFileLog(logger: NodeLog): (status: LocalOverridesStatus) => void {
  let before = NOTHING;
  let brokenBefore: string | undefined;
  return (status) => {
    const { revision, entries, ineffective, modeOverride, broken } = status;
    if (broken !== undefined && broken !== brokenBefore) {
      logger.error({ event: 'localFileBroken', inForce: 'the last good one', problems: broken.split('\n') });
    }
    brokenBefore = broken;
    const { value: mode, until, inForce } = modeOverride ?? {};
    const line = {
      event: 'localFile',
      ...{ revision, entries, ineffective },
      ...(mode !== undefined && { mode, until: new Date(until ?? 0).toISOString(), inForce }),
    };
    const said = JSON.stringify(line);
    if (said === before) return;
    before = said;
    logger.warn(line);
  };
}

const NOTHING = JSON.stringify({ event: 'localFile', revision: 0, entries: 0, ineffective: [] });
