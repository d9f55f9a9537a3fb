import { RevocationError } from './errors.js';
import { type IssuerSettings } from './issuer-settings.js';
import { type Effect, type Revocation } from './revocation.js';
import { type Scope } from './scope.js';
import { type EpochMs, type EpochSeconds, epochSeconds } from './units.js';

/** When a revocation can hit nothing any more, or `lifted` when only a lift ends it. */
export type Retention = Revocation['retainUntil'];

/** What the retention of a revocation depends on. */
export interface RetentionInput {
  readonly scope: Scope;
  readonly effect: Effect;
  readonly settings: IssuerSettings;
  /** When the command is accepted, by the clock of the service. */
  readonly now: EpochMs;
  /** `exp` of a *verified* token of scope `token`. An unverified one must not be given: it could only shorten. */
  readonly tokenExpiresAt?: EpochSeconds;
}

/**
 * How long a revocation is kept: until no token that it hits can be accepted any more. A gate accepts a token while
 * `floor(now) < exp + skew` (whole seconds, as jose compares) and refuses `exp - iat > maxLifetimeSeconds`.
 *
 * @throws RevocationError ERR_REVOCATION_INVALID when the scope has no such effect.
 */
export const retainUntil = ({ scope, effect, settings, now, tokenExpiresAt }: RetentionInput): Retention => {
  assertEffect(scope, effect);
  if (effect.kind === 'suspended' || scope === 'key') return 'lifted';
  if (effect.kind === 'issuedBefore') return endOfTokens(lastIssueBefore(effect.issuedBefore, settings), settings);
  if (scope === 'session') return endOfTokens(latestIssue(now, settings) + settings.sessionMaxSeconds, settings);
  if (tokenExpiresAt === undefined) return endOfTokens(latestIssue(now, settings), settings);
  return endOfToken(tokenExpiresAt, settings);
};

/** A stolen key forges `iat`, and a token or session has one fate: a cut-off has no meaning for them. */
const WITHOUT_CUTOFF: readonly Scope[] = ['token', 'session', 'key'];

const assertEffect = (scope: Scope, effect: Effect): void => {
  if (effect.kind === 'suspended') return;
  if (WITHOUT_CUTOFF.includes(scope) === (effect.kind === 'always')) return;
  throw new RevocationError(
    'ERR_REVOCATION_INVALID',
    `A revocation of scope ${scope} cannot have a cut-off or lacks one.`,
  );
};

/** `iat` of a token that exists at `now` is at most this: the issuer's clock may be ahead, by the skew or by its lead. */
const latestIssue = (now: EpochMs, { clockSkewSeconds, leadSeconds }: IssuerSettings): number =>
  now / 1000 + Math.max(clockSkewSeconds, leadSeconds);

/**
 * `iat` of a token that the cut-off hits is below this. With `auth_time` the session behind the token began before
 * the cut-off and goes on issuing tokens; a negative offset lets the cut-off hit tokens issued after it.
 */
const lastIssueBefore = (issuedBefore: EpochSeconds, settings: IssuerSettings): number =>
  settings.cutoffClaim === 'auth_time'
    ? issuedBefore + settings.sessionMaxSeconds
    : issuedBefore + Math.max(0, -settings.issuedAtOffsetSeconds);

const endOfTokens = (issuedAtMax: number, settings: IssuerSettings): EpochSeconds =>
  endOfToken(epochSeconds(issuedAtMax + settings.maxLifetimeSeconds), settings);

// Rounded up: gates compare whole seconds of their clock, so a fraction is accepted until the next full one.
const endOfToken = (expiresAt: EpochSeconds, { clockSkewSeconds }: IssuerSettings): EpochSeconds =>
  epochSeconds(Math.ceil(expiresAt + clockSkewSeconds));

/** Whether a revocation with this retention can hit nothing any more: it is accepted with `effect: "none"`. */
export const isSpent = (retention: Retention, now: EpochMs): boolean =>
  retention !== 'lifted' && now / 1000 >= retention;

/** A publish whose outcome is unknown is repeated for two minutes; an hour leaves room for clocks. Seconds. */
const REPUBLISH_MARGIN_SECONDS = 3600;

/** What the retention of a tombstone depends on. */
export interface TombstoneRetentionInput {
  /** Of the revocation that is taken back. */
  readonly retainUntil: Retention;
  /** When the lift is accepted. */
  readonly now: EpochMs;
  /** The longest a record stays in the log. Seconds. */
  readonly logMaxAgeSeconds: number;
}

/**
 * How long a tombstone is kept: as long as its revocation could come back from the log, a snapshot or a
 * re-publication *and* hit. One with an end hits nothing after it, wherever it comes from. One without an end is not
 * published again once it is lifted, so the log is rid of it when its youngest record is too old.
 */
export const tombstoneRetainUntil = (input: TombstoneRetentionInput): EpochSeconds =>
  input.retainUntil === 'lifted'
    ? epochSeconds(Math.ceil(input.now / 1000) + input.logMaxAgeSeconds + REPUBLISH_MARGIN_SECONDS)
    : input.retainUntil;
