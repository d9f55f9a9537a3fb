import { cutoffForEvent, isCutoffInFuture } from './cut-off.js';
import { RevocationError } from './errors.js';
import { compileIssuerPattern, isIssuerPattern } from './issuer-pattern.js';
import { type IssuerSettings } from './issuer-settings.js';
import { keyOf } from './key.js';
import { createKeyedHash, HASH_KEY_BYTES } from './keyed-hash.js';
import { type LocalEntry } from './local-file.js';
import { createIndex } from './compact-index.js';
import { type Effect, type Revocation } from './revocation.js';
import { type RevocationIndex } from './revocation-index.js';
import { isEnforceable } from './settings.js';
import { type EpochMs, epochMs, epochSeconds } from './units.js';

/** Ids of local revocations begin so: they are in no log, and no lift names them. */
export const LOCAL_ID_PREFIX = 'local:';

/**
 * The keys come from the operator, at most a thousand, and a false positive costs one look-up in a map: there is nothing to
 * aim at, so this hash needs no secret, and an id is the same on every node.
 */
const HASH_KEY = new Uint8Array(HASH_KEY_BYTES);
const digest = createKeyedHash(HASH_KEY);

/** Skew of an issuer that nobody configured here: its tokens are refused anyway, and an entry for it must not break the file. */
const UNKNOWN_ISSUER = { clockSkewSeconds: 60, leadSeconds: 0 };

/** The entries of one file, ready to be asked; made whole and never changed. */
export interface LocalRevocations {
  readonly index: RevocationIndex;
  /** Where in the file entries stand that can hit no token here: no such issuer, or no claim mapped for the scope. */
  readonly ineffective: readonly number[];
}

/**
 * Gives entries their meaning under the settings of the issuers. Throws ERR_LOCAL_FILE for a cut-off in the future,
 * which would also hit the logins that follow.
 */
export const compileLocalEntries = (
  entries: readonly LocalEntry[],
  issuers: readonly IssuerSettings[],
  now: EpochMs,
): LocalRevocations => {
  const settingsOf = settingsFinder(issuers);
  const index = createIndex({ hashKey: HASH_KEY, capacity: Math.max(1, entries.length) });
  const problems: string[] = [];
  const ineffective: number[] = [];
  entries.forEach((entry, at) => {
    const settings = settingsOf(entry.issuer);
    if (settings === undefined || !isEnforceable(settings, entry.key)) ineffective.push(at);
    const effects = effectsOf(entry, settings ?? UNKNOWN_ISSUER, now);
    if (effects === undefined) problems.push(`revocations[${at}]: its time is in the future; use until: "lifted"`);
    else for (const effect of effects) index.apply(revocationOf(entry, effect));
  });
  if (problems.length > 0) throw new RevocationError('ERR_LOCAL_FILE', problems.join('\n'));
  return { index, ineffective };
};

/** An issuer's own settings, else those of the pattern that it is one of. */
const settingsFinder = (issuers: readonly IssuerSettings[]): ((issuer: string) => IssuerSettings | undefined) => {
  const byIssuer = new Map(issuers.map((settings) => [settings.issuer, settings]));
  const families = issuers
    .filter(({ issuer }) => isIssuerPattern(issuer))
    .map((settings) => ({ settings, pattern: compileIssuerPattern(settings.issuer) }));
  return (issuer) =>
    byIssuer.get(issuer) ?? families.find(({ pattern }) => pattern.match(issuer) !== undefined)?.settings;
};

type Clocks = Pick<IssuerSettings, 'clockSkewSeconds' | 'leadSeconds'>;

/** As the service decides it: with `until: "lifted"` and a time it is a suspension and a cut-off. */
const effectsOf = (entry: LocalEntry, settings: Clocks, now: EpochMs): readonly Effect[] | undefined => {
  const { key, at, suspended } = entry;
  const suspension: readonly Effect[] = suspended ? [{ kind: 'suspended' }] : [];
  const latest = epochMs(now + settings.clockSkewSeconds * 1000);
  if (at !== undefined && at > latest) return undefined;
  if (key.scope === 'token' || key.scope === 'session' || key.scope === 'key') {
    return suspended ? suspension : [{ kind: 'always' }];
  }
  const issuedBefore = at === undefined ? entry.issuedBefore : cutoffForEvent(at, settings.leadSeconds);
  if (issuedBefore === undefined) return suspension;
  if (isCutoffInFuture(issuedBefore, now, settings)) return undefined;
  return [...suspension, { kind: 'issuedBefore', issuedBefore }];
};

const revocationOf = ({ issuer, key, endsAt }: LocalEntry, effect: Effect): Revocation => {
  const cutoff = effect.kind === 'issuedBefore' ? effect.issuedBefore : 0;
  const text = JSON.stringify([keyOf(issuer, key), effect.kind, cutoff, endsAt]);
  const id = Array.from(digest(text), (word) => word.toString(16).padStart(8, '0')).join('');
  return { id: `${LOCAL_ID_PREFIX}${id}`, issuer, key, effect, retainUntil: epochSeconds(endsAt / 1000) };
};
