import { type IssuerSettings } from './issuer-settings.js';
import { type EpochMs, type EpochSeconds, epochMs, epochSeconds } from './units.js';

/**
 * The cut-off for an event: the first whole second after it, plus the issuer's lead. `iat` has whole seconds, so a
 * token issued in the very second of the event may be the stolen one. Rounding up includes it: a needless login
 * costs less than a session that survives.
 *
 * @param leadSeconds how far the issuer's clock may run ahead of the one that dated the event.
 */
export const cutoffForEvent = (at: EpochMs, leadSeconds: number): EpochSeconds =>
  epochSeconds(Math.floor(at / 1000) + 1 + leadSeconds);

/**
 * Whether a cut-off lies so far in the future that it is refused (ERR_CUTOFF_IN_FUTURE): it would cut off the logins
 * that follow the event, too. The limit is the cut-off of an event at `now` by a clock that is ahead by the allowed skew.
 */
export const isCutoffInFuture = (
  issuedBefore: EpochSeconds,
  now: EpochMs,
  settings: Pick<IssuerSettings, 'clockSkewSeconds' | 'leadSeconds'>,
): boolean => issuedBefore > cutoffForEvent(epochMs(now + settings.clockSkewSeconds * 1000), settings.leadSeconds);
