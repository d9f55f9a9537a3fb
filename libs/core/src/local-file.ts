import { RevocationError } from './errors.js';
import { parseKey } from './key.js';
import { KEY_FIELDS, type RevocationKey } from './scope.js';
import { type EpochMs, epochMs, type EpochSeconds, epochSeconds } from './units.js';
import { type Mode, MODES } from './verdict.js';

/** Version of the local file. 1: `revocations` and `mode`. A file of another version is not read: half of it may mean more. */
export const LOCAL_FILE_VERSION = 1;
/** Entries in one file: it bridges an outage and is no second log. */
export const LOCAL_ENTRIES_MAX = 1_000;
/** How far ahead an entry may end. What must last longer is published as a revocation meanwhile. Days. */
export const LOCAL_ENTRY_DAYS_MAX = 30;
/** How far ahead an override of the mode may end: nobody forgets it for longer than a day. Hours. */
export const MODE_OVERRIDE_HOURS_MAX = 24;

/** "In 24 hours" is written on one clock and read on others: ten minutes are no reason to refuse it. */
const CLOCKS_APART_MS_MAX = 600_000;
const HOUR_MS = 3_600_000;
const PROBLEMS_SHOWN_MAX = 20;
const REASON_LENGTH_MAX = 1_000;
const ISSUER_LENGTH_MAX = 1_024;

/** What one entry of the file says, checked in shape; what it means depends on the issuer's settings. */
export interface LocalEntry {
  readonly issuer: string;
  readonly key: RevocationKey;
  /** Time of the event. */
  readonly at?: EpochMs;
  /** Literal cut-off; excludes `at`. */
  readonly issuedBefore?: EpochSeconds;
  /** `until: "lifted"`: every token of the key, whatever its times, until the entry is taken out or ends. */
  readonly suspended: boolean;
  readonly endsAt: EpochMs;
}

export interface ModeOverride {
  readonly value: Mode;
  readonly until: EpochMs;
}

/** The content of a local file: all of it is valid, or none of it counts. */
export interface LocalFile {
  readonly revocations: readonly LocalEntry[];
  readonly mode?: ModeOverride;
}

type Members = Readonly<Record<string, unknown>>;

const MEMBERS = ['version', 'revocations', 'mode', 'reason'] as const;
const ENTRY_MEMBERS = [
  'issuer',
  'scope',
  ...KEY_FIELDS,
  ...(['at', 'issuedBefore', 'until', 'endsAt', 'reason'] as const),
];
const MODE_MEMBERS = ['value', 'until', 'reason'] as const;

/** A stolen key forges `iat`, and a token or session has one fate: these have no cut-off. */
const WITHOUT_CUTOFF: readonly string[] = ['token', 'session', 'key'];

/**
 * Reads the JSON value of a local file. Throws ERR_LOCAL_FILE with all problems, one a line, each with its path and what to
 * do; what the file names stays out of the message, since it goes to logs. A member that nobody knows is a problem,
 * too: a kill with a misspelt time would be another kill than was meant.
 */
export const parseLocalFile = (document: unknown, now: EpochMs): LocalFile => {
  const problems = new Problems();
  const file = problems.object(document, '', MEMBERS);
  if (file === undefined) throw problems.error();
  if (file['version'] !== LOCAL_FILE_VERSION) problems.add('version', `must be ${LOCAL_FILE_VERSION}`);
  checkReason(file, 'reason', problems);
  const revocations = problems
    .list(file['revocations'] ?? [], 'revocations')
    .flatMap((item, index) => parseEntry(item, `revocations[${index}]`, now, problems) ?? []);
  const mode = file['mode'] === undefined ? undefined : parseMode(file['mode'], now, problems);
  if (problems.any) throw problems.error();
  return { revocations, ...(mode && { mode }) };
};

const parseEntry = (item: unknown, path: string, now: EpochMs, problems: Problems): LocalEntry | undefined => {
  const entry = problems.object(item, path, ENTRY_MEMBERS);
  if (entry === undefined) return undefined;
  const issuer = entry['issuer'];
  checkReason(entry, `${path}.reason`, problems);
  const key = problems.attempt(path, () => parseKey(String(entry['scope']), entry));
  const endsAt = problems.end(entry['endsAt'], `${path}.endsAt`, now, LOCAL_ENTRY_DAYS_MAX * 24 * HOUR_MS);
  const times = key && parseTimes(entry, key, path, problems);
  if (typeof issuer !== 'string' || issuer === '' || issuer.length > ISSUER_LENGTH_MAX) {
    problems.add(`${path}.issuer`, 'must be the `iss` of the tokens, exactly as configured');
    return undefined;
  }
  return key && times && endsAt !== undefined ? { issuer, key, ...times, endsAt } : undefined;
};

type Times = Pick<LocalEntry, 'at' | 'issuedBefore' | 'suspended'>;

const parseTimes = (entry: Members, key: RevocationKey, path: string, problems: Problems): Times | undefined => {
  const { at, issuedBefore, until } = entry;
  if (until !== undefined && until !== 'lifted') problems.add(`${path}.until`, 'must be "lifted" or be left out');
  const hasCutoff = !WITHOUT_CUTOFF.includes(key.scope);
  if (at !== undefined && issuedBefore !== undefined) problems.add(path, 'at and issuedBefore exclude each other');
  if (!hasCutoff && issuedBefore !== undefined) {
    problems.add(`${path}.issuedBefore`, `has no meaning for scope ${key.scope}: leave it out`);
  }
  // "Now" would be another time on each node, and a later one after each restart.
  if (hasCutoff && at === undefined && issuedBefore === undefined && until === undefined) {
    problems.add(path, 'needs at (when it happened), issuedBefore, or until: "lifted"');
  }
  const event = problems.time(at, `${path}.at`);
  const cutoff = problems.time(issuedBefore, `${path}.issuedBefore`);
  return {
    ...(event !== undefined && { at: event }),
    ...(cutoff !== undefined && { issuedBefore: epochSeconds(cutoff / 1000) }),
    suspended: until === 'lifted',
  };
};

const parseMode = (item: unknown, now: EpochMs, problems: Problems): ModeOverride | undefined => {
  const override = problems.object(item, 'mode', MODE_MEMBERS);
  if (override === undefined) return undefined;
  checkReason(override, 'mode.reason', problems);
  const value = MODES.find((mode) => mode === override['value']);
  if (value === undefined) problems.add('mode.value', `must be one of ${MODES.join(', ')}`);
  const until = problems.end(override['until'], 'mode.until', now, MODE_OVERRIDE_HOURS_MAX * HOUR_MS);
  return value !== undefined && until !== undefined ? { value, until } : undefined;
};

/** A reason is for whoever reads the file; it is shown nowhere. */
const checkReason = ({ reason }: Members, path: string, problems: Problems): void => {
  if (reason === undefined || (typeof reason === 'string' && reason.length <= REASON_LENGTH_MAX)) return;
  problems.add(path, `must be a text of at most ${REASON_LENGTH_MAX} characters`);
};

/** RFC 3339 with its offset: without one a time would mean another moment on each machine. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
/** The last moment a date can hold. Milliseconds. */
const LATEST_MS = 8_640_000_000_000_000;

const timeOf = (value: unknown): EpochMs | undefined => {
  if (typeof value === 'number') return value >= 0 && value * 1000 <= LATEST_MS ? epochMs(value * 1000) : undefined;
  const ms = typeof value === 'string' && RFC3339.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : epochMs(ms);
};

/** Collects what is wrong, so that whoever is up at three in the morning mends all of it at once. */
class Problems {
  readonly #lines: string[] = [];

  get any(): boolean {
    return this.#lines.length > 0;
  }

  add(path: string, what: string): void {
    this.#lines.push(path === '' ? what : `${path}: ${what}`);
  }

  error(): RevocationError {
    const shown = this.#lines.slice(0, PROBLEMS_SHOWN_MAX);
    const more = this.#lines.length - shown.length;
    return new RevocationError('ERR_LOCAL_FILE', [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
  }

  object(value: unknown, path: string, known: readonly string[]): Members | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.add(path, 'must be a JSON object');
      return undefined;
    }
    const unknown = Object.keys(value).filter((name) => !known.includes(name));
    if (unknown.length > 0) this.add(path, `has ${unknown.length} unknown members; known are ${known.join(', ')}`);
    return value as Members;
  }

  list(value: unknown, path: string): readonly unknown[] {
    if (Array.isArray(value) && value.length <= LOCAL_ENTRIES_MAX) return value as readonly unknown[];
    this.add(path, `must be a list of at most ${LOCAL_ENTRIES_MAX} entries`);
    return [];
  }

  time(value: unknown, path: string): EpochMs | undefined {
    const time = value === undefined ? undefined : timeOf(value);
    if (value !== undefined && time === undefined) {
      this.add(path, 'must be RFC 3339 with an offset, such as 2026-01-31T03:00:00Z, or epoch seconds');
    }
    return time;
  }

  /** A required time that is not too far ahead. One that is over is no problem: the file outlives its entries. */
  end(value: unknown, path: string, now: EpochMs, aheadMsMax: number): EpochMs | undefined {
    if (value === undefined) this.add(path, 'is required: everything in this file ends by itself');
    const end = this.time(value, path);
    if (end === undefined || end <= now + aheadMsMax + CLOCKS_APART_MS_MAX) return end;
    this.add(path, `must be at most ${aheadMsMax / HOUR_MS} hours ahead`);
    return undefined;
  }

  attempt<T>(path: string, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof RevocationError)) throw error;
      this.add(path, error.message);
      return undefined;
    }
  }
}
