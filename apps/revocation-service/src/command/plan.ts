import {
  type Condition,
  cutoffForEvent,
  type Effect,
  type EpochMs,
  epochMs,
  type EpochSeconds,
  epochSeconds,
  isCutoffInFuture,
  isEnforceable,
  isSpent,
  KEY_FIELDS,
  type KeyField,
  parseKey,
  type RevocationKey,
  retainUntil,
  RevocationError,
} from '@revocast/core';
import { type CommandInput, durationSeconds, type TimeInput } from './command-schema.js';
import { type KnownIssuer } from './issuer-registry.js';
import { millisecondsOf, secondsOf } from './times.js';

/** Nodes are given this long to show that waves are over, before their revocation may be forgotten. */
const PROOF_SECONDS = 3_600;

/** What one command revokes: everything but ids and who asked. */
export interface PlannedRevocation {
  readonly issuer: string;
  readonly key: RevocationKey;
  readonly effect: Effect;
  readonly retainUntil: EpochSeconds | 'lifted';
  readonly condition?: Condition;
  /** It can hit no token any more: it is recorded and not published. */
  readonly moot: boolean;
}

/** What was learnt from the raw token of a command, if it had one. */
export interface RevokedToken {
  readonly key: RevocationKey;
  /** `exp` of the verified token. */
  readonly expiresAt: EpochSeconds;
}

export interface PlanInput {
  readonly command: CommandInput;
  readonly issuer: KnownIssuer;
  readonly token: RevokedToken | undefined;
  readonly now: EpochMs;
}

/**
 * Decides what a command means. `until: "lifted"` is a suspension; given together with a time it is a deactivation:
 * a suspension and a cut-off, so that lifting the suspension revives no old token.
 * Throws ERR_SCOPE_UNENFORCEABLE or ERR_CUTOFF_IN_FUTURE.
 */
export function planRevocations(input: PlanInput): readonly PlannedRevocation[] {
  const key = input.token?.key ?? parseKey(input.command.scope, keyFieldsOf(input.command));
  assertEnforceable(input.issuer, key);
  const condition = conditionOf(input);
  return effectsOf(input).map((effect) => plan(input, { key, effect, condition }));
}

/** The other members of a command are no part of its key. */
const keyFieldsOf = (command: CommandInput): Readonly<Partial<Record<KeyField, unknown>>> =>
  Object.fromEntries(Object.entries(command).filter(([name]) => (KEY_FIELDS as readonly string[]).includes(name)));

/** What is decided of a revocation before its times. */
interface Decided {
  readonly key: RevocationKey;
  readonly effect: Effect;
  readonly condition: Condition | undefined;
}

function plan(input: PlanInput, { key, effect, condition }: Decided): PlannedRevocation {
  const { settings } = input.issuer;
  const until = retainUntil({
    scope: key.scope,
    effect,
    settings,
    now: input.now,
    ...(input.token && { tokenExpiresAt: input.token.expiresAt }),
  });
  return {
    issuer: settings.issuer,
    key,
    effect,
    retainUntil: pastWaves(condition, lengthened(input, until)),
    ...(condition && { condition }),
    moot: isSpent(until, input.now),
  };
}

/** Waves that outlive the tokens are kept for as long as it may take to prove their end. */
function pastWaves(condition: Condition | undefined, until: EpochSeconds | 'lifted'): EpochSeconds | 'lifted' {
  if (until === 'lifted' || condition === undefined || !('spread' in condition)) return until;
  return epochSeconds(Math.max(until, condition.spread.until + PROOF_SECONDS));
}

/** Throws ERR_SCOPE_UNENFORCEABLE where the issuer maps no claim that the condition could go by: it would spare nobody. */
function conditionOf({ command, issuer, now }: PlanInput): Condition | undefined {
  const exceptClients = 'exceptClients' in command ? command.exceptClients : undefined;
  const spread = 'spread' in command ? command.spread : undefined;
  const { claims } = issuer.settings;
  if (exceptClients !== undefined) {
    if (claims.client === undefined)
      throw unenforceable('No claim of this issuer is mapped to the client: nobody would be excepted.');
    return { exceptClients: [...exceptClients].sort() };
  }
  if (spread === undefined) return undefined;
  if (claims.subject === undefined)
    throw unenforceable('No claim of this issuer is mapped to the subject: all would be hit at once.');
  const from = Math.floor(now / 1000);
  return { spread: { from: epochSeconds(from), until: epochSeconds(from + durationSeconds(spread)) } };
}

/** Nobody verified an `expiresAt`: it never shortens, and lengthens no further than any session of the issuer lives. */
function lengthened({ command, issuer, now }: PlanInput, until: EpochSeconds | 'lifted'): EpochSeconds | 'lifted' {
  const expiresAt = command.scope === 'token' ? command.expiresAt : undefined;
  if (until === 'lifted' || expiresAt === undefined) return until;
  const { sessionMaxSeconds, maxLifetimeSeconds, clockSkewSeconds } = issuer.settings;
  const latest = now / 1000 + sessionMaxSeconds + maxLifetimeSeconds + clockSkewSeconds;
  return epochSeconds(Math.max(until, Math.ceil(Math.min(secondsOf(expiresAt) + clockSkewSeconds, latest))));
}

function effectsOf({ command, issuer, now }: PlanInput): readonly Effect[] {
  const issuedBefore = 'issuedBefore' in command ? command.issuedBefore : undefined;
  const cutoff = (): Effect => ({
    kind: 'issuedBefore',
    issuedBefore: cutoffOf({ at: command.at, issuedBefore, issuer, now }),
  });
  const hasCutoff = !['token', 'session', 'key'].includes(command.scope);
  if (command.at !== undefined) assertPast(command.at, issuer, now);
  if (!hasCutoff) return [command.until === 'lifted' ? { kind: 'suspended' } : { kind: 'always' }];
  if (command.until !== 'lifted') return [cutoff()];
  const deactivates = command.at !== undefined || issuedBefore !== undefined;
  return deactivates ? [{ kind: 'suspended' }, cutoff()] : [{ kind: 'suspended' }];
}

interface CutoffInput {
  readonly at: TimeInput | undefined;
  readonly issuedBefore: TimeInput | undefined;
  readonly issuer: KnownIssuer;
  readonly now: EpochMs;
}

function cutoffOf({ at, issuedBefore, issuer, now }: CutoffInput): EpochSeconds {
  if (issuedBefore === undefined) {
    return cutoffForEvent(at === undefined ? now : millisecondsOf(at), issuer.settings.leadSeconds);
  }
  const cutoff = secondsOf(issuedBefore);
  if (isCutoffInFuture(cutoff, now, issuer.settings)) throw inFuture('The cut-off');
  return cutoff;
}

function assertPast(at: TimeInput, issuer: KnownIssuer, now: EpochMs): void {
  const latest = epochMs(now + issuer.settings.clockSkewSeconds * 1000);
  if (millisecondsOf(at) > latest) throw inFuture('The time of the event');
}

const inFuture = (what: string): RevocationError =>
  new RevocationError(
    'ERR_CUTOFF_IN_FUTURE',
    `${what} is in the future: it would also hit logins that are still to come. To block all of them use until: "lifted".`,
  );

function assertEnforceable({ config, settings }: KnownIssuer, key: RevocationKey): void {
  if (!isEnforceable(settings, key)) {
    throw unenforceable(`No claim of this issuer is mapped to scope ${key.scope}: the revocation would hit nothing.`);
  }
  if (key.scope === 'key' && config.keys.kind === 'secret') {
    throw unenforceable('The tokens of this issuer are signed with a shared secret, which no key names.');
  }
  const bySubject = key.scope === 'subject' || key.scope === 'grant';
  if (bySubject && config.pairwise && settings.claims.subject?.includes('sub') === true) {
    throw unenforceable(
      'This issuer gives each app another sub for one user, so no revocation by sub can be complete.',
    );
  }
}

const unenforceable = (message: string): RevocationError => new RevocationError('ERR_SCOPE_UNENFORCEABLE', message);
