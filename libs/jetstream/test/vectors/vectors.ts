import { claimsVectors } from './claims.js';
import { followingVectors } from './following.js';
import { heartbeatVectors, settingsVectors } from './heartbeats.js';
import { cutoffVectors, keyVectors, verdictVectors } from './judgement.js';
import { recordVectors, tickVectors } from './records.js';

/** The vectors of docs/protocol.md by file name, as the code of today makes them. */
export const makeVectors = async (): Promise<Readonly<Record<string, unknown>>> => ({
  'records.json': recordVectors(),
  'ticks.json': tickVectors(),
  'keys.json': keyVectors(),
  'cutoffs.json': cutoffVectors(),
  'verdicts.json': verdictVectors(),
  'claims.json': claimsVectors(),
  'settings.json': settingsVectors(),
  'heartbeats.json': heartbeatVectors(),
  'following.json': await followingVectors(),
});
